"""Calls on arrays of a million elements, for `functions` (time) and tests/python/runtime/test_memory.py (peak memory).

`X` is the namespace, without which functions of it are written; `a` … `z` are the operands.
"""

from __future__ import annotations

import re
from types import ModuleType

import numpy as np

# Without spaces, several in a line.
CALLS = """
sum(a) sum(f) sum(t) sum(k) sum(k4) sum(u) sum(b) sum(z) sum(m,axis=0) sum(m,axis=1) sum(m,axis=1,keepdims=True)
sum(f,dtype='f8') sum(T) sum(m3,axis=1) sum(m3,axis=(0,2)) sum(a,where=b) prod(p1) prod(k) min(a) max(f) max(k) max(u)
min(m,axis=0) min(m,axis=1) ptp(a) argmin(a) argmax(f) argmax(k) argmax(m,axis=0) argmax(m,axis=1) all(b) any(nb)
all(m,axis=0) count_nonzero(k) count_nonzero(b) count_nonzero(a) mean(a) mean(f) mean(t) mean(m,axis=0) mean(m,axis=1)
std(a) std(f) var(m,axis=0) var(m,axis=1) average(a) average(a,weights=p) nansum(a) nanprod(p1) nanmin(a) nanmax(a)
nanmean(a) nanstd(a) nanvar(m,axis=0) nanargmax(a) nanmedian(a) nanpercentile(a,30) median(a) median(f)
median(m,axis=1) percentile(a,[10,50,90]) quantile(a,0.3) quantile(m,0.3,axis=0) cumsum(a) cumsum(f) cumsum(k)
cumsum(m,axis=0) cumsum(m,axis=1) cumprod(p1) nancumsum(a) nancumprod(p1) maximum.accumulate(a) diff(a) diff(m,axis=0)
ediff1d(a) gradient(a) gradient(m) trapezoid(a) trapezoid(a,s) convolve(a,w5) correlate(a,w5) unwrap(a) interp(a,s,c)
sort(a) sort(f) sort(k) sort(m,axis=0) argsort(a) argsort(k) partition(a,1000) argpartition(a,1000) lexsort((k,a))
searchsorted(s,a) sort_complex(z) unique(k) unique(a) unique(k,return_inverse=True) unique(k,return_counts=True)
union1d(k,k5) intersect1d(k,k5) setdiff1d(k,k5) isin(k,k5) isin(i,k) histogram(a) histogram(a,100)
histogram(a,100,weights=p) histogram(a,e) histogram2d(a,c) histogramdd([a,c],bins=3) histogram_bin_edges(a,'fd')
bincount(k) bincount(k,weights=a) digitize(a,e) searchsorted(e,a) cov(a,c) corrcoef(a,c) cov(m100) ravel(T)
reshape(T,-1) copy(a) copy(T) ascontiguousarray(T) asfortranarray(m) array(a) astype(a,'f4') astype(f,'f8')
astype(a,'i8') astype(i,'f4') astype(i,'f8') astype(k4,'f4') astype(k,'u1') astype(a,'?') astype(b,'f8')
astype(f,'f2') astype(t,'f4') astype(z,'c8') astype(a,'c16') astype(T,'f4') flip(a) copy(flip(a)) flipud(m)
copy(flipud(m)) copy(fliplr(m)) copy(rot90(m)) roll(a,1000) roll(m,3,axis=1) roll(m,3,axis=0) concatenate((a,c))
concatenate((m,m),axis=1) concatenate((f,a)) stack((a,c)) stack((a,c),axis=1) vstack((a,c)) hstack((a,c))
dstack((a,c)) column_stack((a,c)) block([[m,m],[m,m]]) append(a,c) tile(a,2) tile(m,(2,2)) tile(w5,200000) repeat(a,2)
repeat(m,2,axis=1) repeat(m,2,axis=0) repeat(a,k5r) resize(a,(2000,700)) insert(a,50000,1.0) delete(a,50000)
delete(a,slice(0,n,2)) pad(a,1000) pad(m,10,mode='edge') pad(m,10,mode='reflect') trim_zeros(a) tril(m) triu(m)
diag(w1000) diagonal(m) trace(m) diagflat(w1000) vander(w1000,1000) copy(diagonal(m3,axis1=0,axis2=2)) zeros(n)
ones(n) full(n,2.0) zeros_like(a) ones_like(a) full_like(a,2.0) arange(n) arange(n*1.0) arange(n,dtype='f4')
linspace(0,1,n) logspace(0,1,n) geomspace(1,2,n) eye(1000) tri(1000) meshgrid(w1000,w1000) indices((1000,1000))
fromfunction(lambda*ij:ij[0]+ij[1],(1000,1000)) where(b,a,c) where(b,a,0.0) where(b,f,0.0) where(b) where(b,m1,a)
nonzero(b) nonzero(m) argwhere(b) flatnonzero(b) select([b,nb],[a,c]) choose(b8,(a,c)) compress(b,a) extract(b,a)
take(a,i) take(f,i) take(a,i4) take(m,i1000,axis=0) take(m,i1000,axis=1) take_along_axis(m,im,1)
take_along_axis(m,im,0) unravel_index(i,(1024,1024)) ravel_multi_index((im0,im1),(1024,1024)) tril_indices(1000)
triu_indices(1000) ix_(i,k) a[b] m[mb] a[i] m[i1000] m[:,i1000] m[i1000[:,None],i1000] copy(a[::2]) copy(a[::-1])
copy(m[:,::2]) copy(m[::2]) copy(m.T) copy(f.reshape(512,-1).T) dot(a,c) dot(f,f) vdot(a,c) vdot(z,z) inner(a,c)
inner(m,m) outer(w1000,w1000) matmul(m,m) matmul(m,v) matmul(mf,mf) tensordot(m3,m3,axes=([0,1],[0,1])) kron(m32,m32)
cross(a3,c3) einsum('i,i->',a,c) einsum('ij,ij->i',m,m) einsum('ij->j',m) einsum('ijk->i',m3) einsum('ij,jk->ik',m,m)
einsum('i,j->ij',w1000,w1000) einsum('ijk,ikl->ijl',m3,m3t) einsum('ij,kj->ik',m,m) einsum('bij,bj->bi',m3,v3)
einsum('ij->ji',m) einsum('ii->i',m) vecdot(m,m) matvec(m,v) vecmat(v,m) matmul(s8,s8) matmul(s3,s3) allclose(a,c)
isclose(a,c) array_equal(a,a2) isreal(a) iscomplex(z) isneginf(a) isposinf(a) isnan(a) isfinite(a) isfinite(f) real(z)
copy(imag(z)) angle(z) conj(z) clip(a,-0.5,0.5) clip(a,s,None) clip(f,0,1) clip(k,10,50) round(a,2) fix(a)
nan_to_num(a) real_if_close(z) sinc(a) i0(a) sign(a) heaviside(a,c) polyval(w5,a) polyfit(a,c,2) polymul(w1000,w1000)
bartlett(n) blackman(n) hamming(n) hanning(n) kaiser(n,2.0) packbits(b) unpackbits(u) frexp(a) modf(a) ldexp(a,k)
divmod(a,c) divmod(k,k1) apply_along_axis(X.sum,0,m100) piecewise(a,[b,nb],[1.0,2.0]) linalg.norm(a) linalg.norm(f)
linalg.norm(m) linalg.norm(m,1) linalg.norm(m,axis=1) linalg.norm(m,X.inf) linalg.vector_norm(a,ord=3)
linalg.matrix_power(m200,5) linalg.det(s8) linalg.inv(s8) linalg.inv(s3) linalg.solve(s8,r8) linalg.cholesky(s8)
linalg.eigh(s8) linalg.qr(s8) linalg.svd(s8) linalg.eig(s3) linalg.lstsq(mt10,a100k) linalg.pinv(mt10)
linalg.cross(a3,c3) linalg.trace(m3) linalg.multi_dot([m200,m200,m200]) fft.fft(z) fft.fft(a) fft.ifft(z) fft.rfft(a)
fft.irfft(z) fft.fft2(m) fft.rfft2(m) fft.fftn(m3) fft.fft(m,axis=0) fft.fft(m,axis=1) fft.rfft(f) fft.fftfreq(n)
fft.fftshift(a) fft.hfft(z) random.permutation(n) g.permutation(a) g.permuted(m,axis=1) g.random(n)
g.random(n,dtype='f4') g.standard_normal(n) g.standard_normal(n,dtype='f4') g.normal(1.0,2.0,n) g.uniform(1.0,2.0,n)
g.integers(0,100,n) g.integers(0,100,n,dtype='u1') g.choice(1000,n) g.choice(4,n,p=[0.1,0.2,0.3,0.4]) g.choice(a,n)
g.exponential(2.0,n) g.gamma(2.0,1.0,n) g.beta(2.0,3.0,n) g.binomial(10,0.3,n) g.poisson(3.0,n) g.lognormal(0.0,1.0,n)
g.laplace(0.0,1.0,n) g.logistic(0.0,1.0,n) g.gumbel(0.0,1.0,n) g.rayleigh(1.0,n) g.weibull(2.0,n) g.pareto(2.0,n)
g.triangular(0.0,0.5,1.0,n) g.standard_cauchy(n) g.geometric(0.3,n) g.standard_t(3.0,n) g.chisquare(3.0,n)
g.vonmises(0.0,1.0,n) g.wald(1.0,1.0,n) g.zipf(2.0,n) g.multinomial(9,[0.25,0.75],n8) g.power(2.0,n) g.bytes(n) a+c
f+f a-c a*c a/c f/f a//c a%c a**2 a**3 a**0.5 p**1.5 p**c pf**f 2**a a<c f<f a==c k<k1 u<u a+1.0 1-a a*2 2/a k+k1 k*k1
k//k1 k%k1 k//7 k%7 k**2 u+u u//7 k4*k4 k4//k4p i<<2 k&k1 -a abs(a) abs(z) abs(k) ~b b&nb b|nb z+z z*z z/z1 z+1 m+v
m*v[:,None] T+m a+f t+t t*t a3+c3 m[:,:200]+m[:,200:400] T.sum(axis=0) T.max(axis=1) a.tobytes() a.tolist()
add.reduceat(a,j) add.outer(w1000,w1000) maximum.reduce(m,axis=1) logical_and.reduce(m,axis=0) logaddexp.reduce(w1000)
"""


def operands(xp: ModuleType, n: int = 1 << 20) -> dict[str, object]:
    """What the calls name."""
    rng = np.random.default_rng(0)
    a = rng.standard_normal(n)
    side = int(n**0.5)
    m = rng.standard_normal((side, side))
    s8 = rng.standard_normal((n // 64, 8, 8)) * 0.1
    b = rng.random(n) > 0.5
    arrays = {
        "a": a,
        "a2": a.copy(),
        "c": rng.standard_normal(n),
        "p": rng.random(n) + 0.5,
        "p1": 1 + (rng.random(n) - 0.5) * 1e-6,
        "f": a.astype(np.float32),
        "pf": (rng.random(n) + 0.5).astype(np.float32),
        "t": rng.standard_normal(n).astype(np.float16),
        "k": rng.integers(0, 100, n),
        "k1": rng.integers(1, 100, n),
        "k4": rng.integers(0, 100, n).astype(np.int32),
        "k4p": rng.integers(1, 100, n).astype(np.int32),
        "k5": rng.integers(50, 150, n // 8),
        "k5r": rng.integers(0, 3, n),
        "u": rng.integers(0, 256, n).astype(np.uint8),
        "i": rng.integers(0, n, n),
        "i4": rng.integers(0, n, n // 4),
        "i1000": rng.integers(0, side, side),
        "im": rng.integers(0, side, (side, side)),
        "im0": rng.integers(0, side, n),
        "im1": rng.integers(0, side, n),
        "j": np.arange(0, n, 100),
        "b": b,
        "nb": ~b,
        "b8": b.astype(np.int64),
        "mb": rng.random((side, side)) > 0.5,
        "z": rng.standard_normal(n) + 1j * rng.standard_normal(n),
        "z1": rng.standard_normal(n) + 1j * rng.standard_normal(n),
        "m": m,
        "m1": rng.standard_normal(1),
        "mf": m.astype(np.float32),
        "m100": rng.standard_normal((100, n // 100)),
        "m200": rng.standard_normal((200, 200)) / 20,
        "m32": rng.standard_normal((32, 32)),
        "m3": rng.standard_normal((n // 4096, 64, 64)),
        "m3t": rng.standard_normal((n // 4096, 64, 64)),
        "v3": rng.standard_normal((n // 4096, 64)),
        "mt10": rng.standard_normal((n // 10, 10)),
        "a100k": rng.standard_normal(n // 10),
        "s8": s8 @ s8.swapaxes(1, 2) + np.eye(8),
        "s3": rng.standard_normal((n // 16, 3, 3)) + 3 * np.eye(3),
        "r8": rng.standard_normal((n // 64, 8, 1)),
        "a3": rng.standard_normal((n // 4, 3)),
        "c3": rng.standard_normal((n // 4, 3)),
        "s": np.sort(rng.standard_normal(n)),
        "e": np.linspace(-5, 5, 101) ** 3,
        "v": rng.standard_normal(side),
        "w5": rng.standard_normal(5),
        "w1000": rng.standard_normal(1000),
    }
    ours = {name: xp.asarray(x) for name, x in arrays.items()}
    return {"X": xp, "g": xp.random.default_rng(0), "n": n, "n8": n // 8, "T": ours["m"].T, **ours}


def calls() -> list[str]:
    """Each call, its functions with the namespace, and one for each ufunc that both have."""
    names = {*operands(np, 4096)}
    out = []
    for word in CALLS.split():
        head = re.split(r"\W", word)[0]
        out.append(word if head in names or not hasattr(np, head) else f"X.{word}")
    return [re.sub(r"(?<![\w.])(copy|flip|flipud|fliplr|rot90|diagonal|imag)\(", r"X.\1(", c) for c in out]


def ufunc_calls(xp: ModuleType) -> list[str]:
    """A call of each of NumPy's ufuncs that there is here too, on float64, float32 and, where these are refused, integers."""
    env = operands(np, 4096)
    out = []
    for name, f in sorted(vars(np).items()):
        if not isinstance(f, np.ufunc) or f.nin > 2 or not hasattr(xp, name) or f.signature is not None:
            continue
        if name.startswith(("arccos", "arcsin", "acos", "asin", "arctanh", "atanh", "log", "sqrt")) and f.nin == 1:
            choices = (("p",), ("pf",))
        else:
            choices = (
                (("a", "c"), ("f", "pf"), ("z", "z1"))
                if name not in ("power", "float_power")
                else (("p", "c"), ("pf", "f"))
            )
        found = False
        for choice in (*choices, ("k", "k1")):
            call = f"X.{name}({','.join(choice[: f.nin])})" if len(choice) >= f.nin else None
            if call is None or (
                found and choice == ("k", "k1") and name not in ("add", "maximum", "absolute", "square")
            ):
                continue
            try:
                eval(call, dict(env))
            except TypeError:
                continue
            found = True
            out.append(call)
    return out
