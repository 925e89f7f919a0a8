"""What `functions` times besides the table: families of calls that differ in an operand, a key or an argument."""

from __future__ import annotations

import re
from collections.abc import Iterator

_BINARY = "+ - * / // % ** < <= > >= == !="
_BITS = "& | ^ << >>"
_FLOATS = (
    "p p",
    "p 2",
    "2 p",
    "p 2.0",
    "2.0 p",
    "p nf",
    "nf p",
    "p na",
    "na p",
    "p d",
    "p[0] p[1]",
    "p[0] 2.0",
    "f4 f4",
    "f4 2.0",
)
_INTEGERS = ("i1 i1", "i1 2", "2 i1", "i1 ni", "ni i1", "i1 nai", "nai i1", "i1[0] 2", "i1[0] i1[1]", "i32 i32")
_MIXED = ("i1 p", "p i1", "i1 2.5", "z p", "z 2", "z 1j", "f4 p", "b p", "p lst", "lst p", "m v4", "k m8")


def operator_calls() -> Iterator[str]:
    """Each operator of arrays, elements, numbers, NumPy's scalars and arrays, and lists, on either side."""
    for op in _BINARY.split():
        for pair in (*_FLOATS, *_INTEGERS, *_MIXED):
            yield op.join(pair.split())
    for op in _BITS.split():
        for pair in (*_INTEGERS, "b b", "b True", "nab b", "b nab"):
            yield op.join(pair.split())
    for pair in ("p p", "p 2", "2 p", "i1 2", "p na", "na p"):
        yield "divmod({},{})".format(*pair.split())
    for pair in ("m m", "m v4", "v4 m", "v4 v4", "m2 m2", "q q", "f4 f4", "i i", "m nam", "nam m"):
        yield "@".join(pair.split())
    for op in ("-{}", "+{}", "abs({})"):
        for x in ("p", "i", "z", "f4", "d", "p[0]", "i[0]"):
            yield op.format(x)


_KEYS = (
    "0 -1 ni n True sl 1: :-1 1:8:2 ::-2 5:1:-1 3:3 None ... ...,0 0,... (2,) None,: :,None None,:,None il bl [True,False]*4 nai nab i4 i32 b p>1 "
    "i4,None None,i4 [] i.reshape(2,4)"
)
_MATRIX_KEYS = (
    "0 -1 0,0 -1,-1 ni ni,ni n n,n 1: 1:3 :,0 :,-1 :,:2 1:,1: 1:3,1:3 ::-1 :,::-1 ::-1,::-1 ... ...,1 ...,None 1,... None :,None i4 [0,2] [0,2],: "
    ":,[0,2] [0,2],[1,3] i4,1 1,i4 i4,1:3 1:3,i4 i4,: ...,i4 i4,... i4[:,None],i4[None,:] i4,i4 m>0 b[:4] :,b[:4] b[:4],0 1,2: (1,2) nai nai,nai"
)


def index_calls() -> Iterator[str]:
    """x[key] for each kind of key, of vectors of several types, a matrix, an array of three axes and a 0-d one."""
    for key in _KEYS.split():
        yield f"a[{key}]"
    for x in ("i", "b", "f4", "z"):
        for key in ("2", "1:3", "i4", "b", "il"):
            yield f"{x}[{key}]"
    for key in _MATRIX_KEYS.split():
        yield f"m[{key}]"
    for key in ("0", "0,1,1", "0,:,1", "...,0", ":,0", "1:,0,::2", "[0,1]"):
        yield f"t[{key}]"
    for key in ("()", "...", "None"):
        yield f"d[{key}]"
    for key in ("1", "1:3"):
        yield f"m.T[{key}]"


_REDUCTIONS = "sum prod mean std var min max argmin argmax all any"


def reduction_calls() -> Iterator[str]:
    """Reductions and running ones along each axis, as functions and methods, of several types."""
    for name in _REDUCTIONS.split():
        for arguments in ("", "0", "axis=1", "axis=0,keepdims=True"):
            yield f"m.{name}({arguments})"
            yield f"X.{name}(m,{arguments})" if arguments else f"X.{name}(m)"
        for x in ("i", "f4", "z", "lst", "na"):
            yield f"X.{name}({x})"
    for name in ["sum", "prod", "mean", "std", "var", "min", "max", "any", "all"]:
        yield f"X.{name}(t,axis=(0,1))"
    for name in ["cumsum", "cumprod"]:
        for arguments in ("", "0", "axis=1"):
            yield f"m.{name}({arguments})"
    yield from (
        "a.sum(where=b)",
        "a.sum(initial=1.0)",
        "X.std(a,ddof=1)",
        "X.count_nonzero(m,axis=0)",
        "X.median(m,axis=0)",
    )
    yield from ("X.percentile(a,[25,50,75])", "X.quantile(m,0.5,axis=0)", "X.average(m,axis=0,weights=v4)")


_STATEMENTS = """
for x_ in a: pass
for x_ in m: pass
for x_ in b: pass
for x_ in a.flat: pass
for x_ in m.flat: pass
for x_ in X.nditer(a): pass
for x_ in X.nditer(m): pass
for x_ in X.nditer([a, c]): pass
for x_ in X.ndenumerate(m): pass
for x_ in X.ndindex(2, 4): pass
for x_ in X.broadcast(a, c): pass
for x_, y_ in zip(a, c): pass
for x_, y_ in m[:, :2]: pass
with X.errstate(divide="ignore"): pass
x_, y_, z_ = v
"""

_OBJECTS = """
list(a) list(m) tuple(a) sum(a) sum(i) max(a) min(i) sorted(a) any(b) all(b) list(map(float,a)) list(reversed(a)) list(enumerate(a)) list(zip(a,c))
[float(x_)for(x_)in(a)] [(x_*2)for(x_)in(a)] [*v] next(iter(a)) a.__iter__() a.__len__() len(m) reversed(a)
X.nditer(m) X.nditer([a,c]) X.nditer(m,flags=['multi_index']) X.nditer(m,order='F') X.nditer(a,flags=['external_loop']) X.nditer(a,flags=['c_index'])
X.ndenumerate(m) X.ndindex((2,4)) X.broadcast(a,m8) X.broadcast(m,v4).shape list(X.nditer(a)) list(X.ndenumerate(m)) list(X.ndindex(2,4))
list(X.broadcast(a,c)) a.flat[2] a.flat[1:3] next(a.flat) len(a.flat) m.flat[5] m.T.flat list(m.flat)
bool(d) bool(a1) bool(a1>0) bool(a[0]>a[1]) float(d) float(n) float(a[0]) float(m[1,2]) float(a.sum()) int(d) int(n) int(i[3]) int(a.argmax())
complex(d) range(n) lst[n] a[2]if(a[2]<0.5)else(0) hasattr(a,'shape') isinstance(a,X.ndarray)
str(d) repr(d) str(m) repr(m) str(i) repr(b) str(z) repr(f4) '%s'%a
a.flags.c_contiguous a.flags['C_CONTIGUOUS'] a.flags.writeable a.shape[0] m.shape[-1] len(a.shape) d.size m.strides
a.dtype==a.dtype a.dtype!=i.dtype a.dtype=='f8' a.dtype==X.float64 a.dtype==float a.dtype==nf8 hash(a.dtype) str(a.dtype) repr(a.dtype)
a.dtype.name a.dtype.kind a.dtype.char a.dtype.itemsize a.dtype.str a.dtype.type a.dtype.num a.dtype.byteorder a.dtype.alignment a.dtype.isnative
X.dtype(float) X.dtype('float64') X.dtype('<f8') X.dtype(int) X.dtype(bool) X.dtype(X.float32) X.dtype(nf8) X.dtype(a.dtype)
X.float64(2) X.float64(2.5) X.float32(2.5) X.int64(3) X.bool_(True) X.complex128(1j)
a.astype('f8') a.astype(a.dtype) a.astype(bool) a.astype('c16') a.astype(nf8) a.astype('f8',copy=False) b.astype(int) i.astype('f4') m.astype('f4')
a.view() a.view('u1') a.copy(order='C') m.T.copy() a1.item() d.tolist() i.tolist() b.tolist() f4.tolist() z.tolist() t.tolist() m.item((1,2))
a.round() a.clip(0) a.clip(a,c) a.take(2) a.take([0,1]) m.take(i4,axis=1) a.take(i,mode='wrap') a.take(i,mode='clip') a.repeat(i) m.repeat(2,0)
m.flatten() m.flatten('F') m.ravel('F') m.reshape(16) m.reshape(2,-1) m.reshape((2,2,4)) m.transpose((1,0)) t.transpose(2,0,1) t.T t.mT
t.swapaxes(0,2) m.diagonal(1) m.compress(b[:4],axis=0) s.searchsorted(0.3) m.argsort(0) i.argsort() m.nonzero() i.nonzero()
X.array(2.0) X.array(3) X.array(True) X.array([]) X.array([1]) X.array([1,2,3]) X.array(lst) X.array(l2) X.array((1.0,2.0)) X.array([1,2.0,3])
X.array(bl) X.array([1j,2]) X.array([[1,2],[3,4]],dtype=float) X.array([1,2,3],dtype='f4') X.array([1.0,2.0],dtype=int) X.array([a,c])
X.array([d,d]) X.array([nf,nf]) X.array(range(8)) X.array([(1,2),(3,4)]) X.array(na) X.array(nam) X.array(na,dtype='f4') X.array(nai) X.array(nab)
X.array(nf) X.array(ni) X.array(a,dtype='f4') X.array(a,ndmin=2) X.asarray(2.0) X.asarray(lst) X.asarray(a,dtype='f4') X.asarray(nf)
X.zeros(()) X.zeros((2,4)) X.zeros([2,4]) X.zeros(8,dtype=int) X.zeros(8,bool) X.zeros(a.shape,a.dtype) X.ones((2,4)) X.full((2,4),0.5) X.full(8,3)
X.empty(0) X.zeros_like(m) X.zeros_like(a,dtype=int) X.full_like(i,2) X.arange(0,8,2) X.arange(8,dtype=float) X.arange(0.0,1.0,0.1) X.arange(8,0,-1)
X.arange(8,dtype='i4') X.linspace(0,1,8,endpoint=False) X.eye(3,k=1) X.mgrid[0:3,0:3] X.ogrid[0:3,0:3] X.r_[1,2,3] X.r_[a,c] X.c_[a,c] X.s_[1:3]
X.concatenate((m,m),axis=1) X.concatenate([a,i]) X.concatenate([a,na]) X.stack([a,c],axis=1) X.stack([d,d]) X.append(a,1.0) X.pad(m,1)
X.pad(a,1,mode='edge') X.split(a,[2,5]) X.roll(m,(1,1),(0,1)) X.flip(m,(0,1)) X.delete(m,1,axis=0) X.unique(i,return_counts=True) X.sort(m,axis=0)
X.where(b,1,0) X.where(a>0,a,0) X.where(m>0) X.clip(a,None,1.0) X.clip(i,0,2) X.array_equal(a,a,equal_nan=True) X.isclose(a,0.5) X.isin(i,[1,2])
X.dot(m,v4) X.dot(2.0,a) X.vdot(z,z) X.tensordot(m,m,axes=1) X.einsum('ij,j->i',m,v4) X.einsum('ii',m) X.einsum('ij,ij->',m,m)
X.einsum('i,j->ij',a,c) X.einsum('ij->i',m) X.einsum('bij,bjk->bik',q,q) X.einsum('i->',a) X.einsum('ij,jk,kl->il',m,m,m)
X.einsum(m,[0,1],m,[1,2],[0,2]) X.einsum('...j,j',m,v4) X.vectorize(abs) X.vectorize(abs,otypes=[float])(a) X.frompyfunc(abs,1,1)(v)
X.fft.fft(z) X.fft.fft(a,norm='ortho') X.fft.fft(m,axis=0) X.fft.fft(a,16) X.fft.fft(f4) X.fft.fft(i) X.fft.rfft(m)
X.add(a,1) X.add(1,a) X.add(2.0,3.0) X.add(2,3) X.add(d,1.0) X.add(a,na) X.add(na,a) X.add(lst,1) X.maximum(a,0) X.power(a,2) X.add(a,c,where=b)
X.add(i,i,dtype='f8') X.exp(f4,dtype='f8') X.add(a,c,casting='safe') X.add.reduce(m,axis=1) X.add.reduce(m,axis=None) X.maximum.reduce(a)
X.logical_or.reduce(b) X.bitwise_or.reduce(i) X.subtract.reduce(a) X.maximum.accumulate(a) X.multiply.outer(a,c) X.maximum.reduceat(a,j)
X.add.reduceat(m,[0,2],axis=1) X.sin.types X.multiply.identity X.maximum.identity X.matmul.signature X.sin.__name__
st==st st[0] st[1:] st.tolist() X.concatenate([st,st]) X.add(st,st) X.sort(st) X.unique(st) repr(st) X.array(['a','b'])
X.finfo(float) X.finfo(X.float32) X.finfo(a.dtype).eps X.iinfo(int).max X.issubdtype(X.float32,X.floating) X.issubdtype(a.dtype,X.integer)
X.result_type(a,2) X.can_cast(a.dtype,'f4','same_kind') X.errstate(all='ignore')
"""


def object_calls() -> Iterator[str]:
    """Conversions, attributes, iteration, creation, and what functions do with other arguments than the table's."""
    for word in _OBJECTS.split():
        yield (
            re.sub(r"for\((\w+)\)in\((\w+)\)", r" for \1 in \2", word)
            .replace("]if(", "] if (")
            .replace(")else(", ") else (")
        )
    yield from _STATEMENTS.strip().splitlines()


def scalar_ufunc_calls(unary: list[str]) -> Iterator[str]:
    """Each function of one argument that the table has with `a`, of a Python number, of NumPy's, of an element, of others."""
    for call in unary:
        for x in ("2.0", "2", "nf", "d", "f4", "i", "m"):
            yield call.replace("(a)", f"({x})").replace("(i)", f"({x})")


def random_calls(table: list[str]) -> Iterator[str]:
    """Each distribution once more with a single number, and with a shape."""
    for call in table:
        if call.startswith(("g.", "X.random.")) and call.endswith(",8)"):
            yield call.replace(",8)", ")")
            yield call.replace(",8)", ",(2,4))")


def small_matrix_calls(table: list[str]) -> Iterator[str]:
    """Each function of linalg once more with matrices of 2 × 2, and with a batch."""
    for call in table:
        if call.startswith("X.linalg."):
            for m in ("m2", "q"):
                yield re.sub(r"\b(m|h)\b", m, call).replace("v4", "m2[0]" if m == "m2" else "q")
