"""The cost of every function on 8 elements, against NumPy: the slowest ratios first.

A call is written once, with `X` for the namespace; `a` … `s` are the arrays of `operands`.
"""

from __future__ import annotations

import warnings
from types import ModuleType

import tnp

import numpy as np
from benchmarks.timing import Row, compare, show

# By call: one string for each function of the namespace that is not elementwise.
CALLS = """
all(b) any(b) sum(a) prod(a) min(a) max(a) ptp(a) mean(a) std(a) var(a) argmin(a) argmax(a) count_nonzero(i)
nansum(a) nanprod(a) nanmin(a) nanmax(a) nanmean(a) nanstd(a) nanvar(a) nanargmin(a) nanargmax(a) average(a)
median(a) nanmedian(a) percentile(a,30) quantile(a,0.3) nanpercentile(a,30) nanquantile(a,0.3)
cumsum(a) cumprod(a) nancumsum(a) nancumprod(a) cumulative_sum(a) cumulative_prod(a) diff(a) ediff1d(a) gradient(a) trapezoid(a)
sort(a) argsort(a) partition(a,3) argpartition(a,3) lexsort((a,c)) searchsorted(s,a) sort_complex(a)
unique(i) unique_values(i) unique_counts(i) unique_inverse(i) union1d(i,j) intersect1d(i,j) setdiff1d(i,j) setxor1d(i,j) isin(i,j)
histogram(a) bincount(i) digitize(a,s) interp(a,s,c) convolve(a,c) correlate(a,c) cov(a,c) corrcoef(a,c) unwrap(a)
reshape(a,(2,4)) ravel(m) transpose(m) permute_dims(m) swapaxes(m,0,1) moveaxis(m,0,1) rollaxis(m,1) expand_dims(a,0) squeeze(k)
broadcast_to(a,(2,8)) broadcast_arrays(a,m8) atleast_1d(a) atleast_2d(a) atleast_3d(a) flip(a) fliplr(m) flipud(m) rot90(m) roll(a,2)
concatenate((a,c)) concat((a,c)) stack((a,c)) vstack((a,c)) hstack((a,c)) dstack((a,c)) column_stack((a,c)) block([a,c]) append(a,c)
split(a,2) array_split(a,3) hsplit(a,2) vsplit(m,2) unstack(m) tile(a,2) repeat(a,2) resize(a,(3,3)) insert(a,2,1.0) delete(a,2)
pad(a,2) trim_zeros(a) tril(m) triu(m) diag(a) diagflat(a) diagonal(m) trace(m) vander(a) copy(a) array(a) asarray(a) ascontiguousarray(a)
zeros(8) ones(8) empty(8) full(8,2.0) zeros_like(a) ones_like(a) empty_like(a) full_like(a,2.0) arange(8) linspace(0,1,8) logspace(0,1,8)
geomspace(1,2,8) eye(3) identity(3) tri(3) meshgrid(a,c) indices((2,4)) fromiter(range(8),float) array([1.0,2.0,3.0]) asarray([[1,2],[3,4]])
where(b,a,c) where(b) nonzero(b) argwhere(b) flatnonzero(b) select([b],[a]) choose(b8,(a,c)) compress(b,a) extract(b,a) take(a,i)
take_along_axis(a,i,0) ix_(i,j) unravel_index(i,(4,4)) ravel_multi_index((i,i),(8,8)) diag_indices(3) tril_indices(3) triu_indices(3)
dot(a,c) vdot(a,c) inner(a,c) outer(a,c) matmul(m,m) tensordot(m,m) kron(a,c) cross(v,v) einsum('ij,jk',m,m) vecdot(a,c) matvec(m,v4)
allclose(a,c) isclose(a,c) array_equal(a,c) array_equiv(a,c) iscomplexobj(a) isrealobj(a) isscalar(a) iscomplex(a) isreal(a)
real(z) imag(z) angle(z) conj(z) clip(a,0,1) round(a,2) around(a,2) fix(a) nan_to_num(a) real_if_close(z) sinc(a) i0(a) sign(a) heaviside(a,c)
polyval(v,a) polyfit(a,c,2) polyadd(v,v) polysub(v,v) polymul(v,v) polydiv(v,v) polyder(v) polyint(v) roots(v) poly(v)
bartlett(8) blackman(8) hamming(8) hanning(8) kaiser(8,2.0) packbits(b) unpackbits(u) frexp(a) modf(a) ldexp(a,i) divmod(a,c)
result_type(a,c) promote_types('f4','f8') can_cast('f4','f8') min_scalar_type(3) finfo('f8') iinfo('i4') issubdtype(a.dtype,float) isdtype(a.dtype,'integral')
ndim(a) shape(a) size(a) apply_along_axis(X.sum,0,m) piecewise(a,[b],[1.0,2.0])
linalg.norm(a) linalg.det(m) linalg.inv(m) linalg.solve(m,v4) linalg.cholesky(h) linalg.qr(m) linalg.svd(m) linalg.eigh(h) linalg.eig(m)
linalg.eigvals(m) linalg.eigvalsh(h) linalg.pinv(m) linalg.lstsq(m,v4) linalg.matrix_rank(m) linalg.matrix_power(m,3) linalg.slogdet(m) linalg.cond(m)
linalg.multi_dot([m,m,m]) linalg.svdvals(m) linalg.vector_norm(a) linalg.matrix_norm(m) linalg.tensorinv(m,1) linalg.tensorsolve(m,v4)
fft.fft(a) fft.ifft(a) fft.rfft(a) fft.irfft(a) fft.hfft(a) fft.ihfft(a) fft.fft2(m) fft.ifft2(m) fft.fftn(m) fft.rfftn(m) fft.fftfreq(8)
fft.rfftfreq(8) fft.fftshift(a)
a.sum() a.mean() a.std() a.min() a.argmax() a.cumsum() a.reshape(2,4) a.T a.copy() a.astype('f4') a.tolist() a.item(3) a.clip(0,1) a.round(1) a.ravel()
a.take(i) a.repeat(2) a.dot(c) a.nonzero() a.squeeze() m.swapaxes(0,1) a.all() a.conj() a.tobytes() len(a) repr(a) str(a) float(a[0])
a+c a-c a*c a/c a//c a%c a**2 a**c a<c a==c a@c -a abs(a) b&b ~b i<<2 a+1 1/a a[2] a[1:5] a[::2] a[None] a[b] a[i] m[1,2] m[1] m[:,1] m[i4,i4] m[...,0]
"""


def operands(xp: ModuleType) -> dict[str, object]:
    """The arrays that the calls name."""
    rng = np.random.default_rng(0)
    m = rng.standard_normal((4, 4))
    arrays = {
        "a": rng.standard_normal(8),
        "c": rng.standard_normal(8),
        "s": np.sort(rng.standard_normal(8)),
        "b": np.arange(8) % 3 > 0,
        "b8": np.arange(8) % 2,
        "i": np.array([0, 3, 1, 2, 3, 0, 2, 1]),
        "i4": np.array([0, 3, 1, 2]),
        "j": np.array([1, 2, 5, 7]),
        "u": np.arange(8, dtype=np.uint8),
        "z": rng.standard_normal(8) + 1j,
        "m": m,
        "h": m @ m.T + 4 * np.eye(4),
        "m8": rng.standard_normal((2, 8)),
        "k": rng.standard_normal((1, 8)),
        "v": rng.standard_normal(3),
        "v4": rng.standard_normal(4),
    }
    return {"X": xp, **{k: xp.asarray(v) for k, v in arrays.items()}}


def elementwise_calls() -> list[str]:
    """A call of each of NumPy's ufuncs that tnp has, on float64 or, if there is none for it, on integers."""
    calls = []
    ours, theirs = operands(tnp), operands(np)
    for name, f in sorted(vars(np).items()):
        if not isinstance(f, np.ufunc) or f.nin > 2 or not hasattr(tnp, name):
            continue
        for args in (("a", "a,c")[f.nin - 1], ("i", "i,i")[f.nin - 1]):
            if all(_works(f"X.{name}({args})", env) for env in (ours, theirs)):
                calls.append(f"X.{name}({args})")
                break
    return calls


def _works(call: str, env: dict[str, object]) -> bool:
    try:
        eval(call, env)
    except Exception:
        return False
    return True


def rows() -> tuple[list[Row], list[str]]:
    """A row for each call that both can do, and the calls that tnp cannot."""
    ours, theirs = operands(tnp), operands(np)
    calls = elementwise_calls()
    for word in CALLS.split():
        head = word.split("(")[0].split(".")[0]
        plain = head in ours or not hasattr(np, head)  # an expression, or a method of an operand
        calls.append(word if plain else f"X.{word}")
    done: list[Row] = []
    missing = []
    for call in dict.fromkeys(calls):
        if not _works(call, theirs):
            raise ValueError(f"NumPy refuses {call}")
        if not _works(call, ours):
            missing.append(call)
            continue
        functions = [eval(f"lambda: {call}", dict(env)) for env in (ours, theirs)]
        done.append(compare(call.replace("X.", ""), functions[0], "NumPy", functions[1], 1.0, seconds=0.02))
    return done, missing


def main() -> None:
    """Prints the table, and what is missing or slower than NumPy."""
    warnings.simplefilter("ignore")
    done, missing = rows()
    done.sort(key=lambda r: -r.ratio)
    show(f"{len(done)} functions on 8 elements", done)
    slower = [r.name for r in done if r.ratio > 1]
    print(f"\n{len(slower)} above NumPy's time: {', '.join(slower) or 'none'}")
    if missing:
        print(f"not in tnp: {', '.join(missing)}")


if __name__ == "__main__":
    main()
