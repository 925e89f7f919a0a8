"""What `functions` times: calls without spaces, several in a line."""

CALLS = """
all(b) any(b) sum(a) prod(a) min(a) max(a) amin(a) amax(a) ptp(a) mean(a) std(a) var(a) argmin(a) argmax(a) count_nonzero(i)
sum(m,axis=0) sum(m,axis=1,keepdims=True) max(m,axis=0) mean(m,axis=1) sum(a,dtype='f4') argmax(m,axis=1)
nansum(a) nanprod(a) nanmin(a) nanmax(a) nanmean(a) nanstd(a) nanvar(a) nanargmin(a) nanargmax(a) average(a) average(a,weights=p)
median(a) nanmedian(a) percentile(a,30) quantile(a,0.3) nanpercentile(a,30) nanquantile(a,0.3)
cumsum(a) cumprod(a) nancumsum(a) nancumprod(a) cumulative_sum(a) cumulative_prod(a) diff(a) ediff1d(a) gradient(a) trapezoid(a)
sort(a) argsort(a) partition(a,3) argpartition(a,3) lexsort((a,c)) searchsorted(s,a) searchsorted(s,0.5) sort_complex(a)
unique(i) unique_all(i) unique_values(i) unique_counts(i) unique_inverse(i) union1d(i,j) intersect1d(i,j) setdiff1d(i,j) setxor1d(i,j)
isin(i,j)
histogram(a) histogram2d(a,c) histogramdd([a,c],bins=3) histogram_bin_edges(a) bincount(i) digitize(a,s) interp(a,s,c) interp(0.5,s,c)
convolve(a,c) correlate(a,c) cov(a,c) corrcoef(a,c) unwrap(a)
reshape(a,(2,4)) reshape(a,-1) ravel(m) transpose(m) permute_dims(m,(1,0)) matrix_transpose(m) swapaxes(m,0,1) moveaxis(m,0,1) rollaxis(m,1)
expand_dims(a,0) squeeze(k) broadcast_to(a,(2,8)) broadcast_arrays(a,m8) broadcast_shapes((2,1),(8,)) atleast_1d(a) atleast_2d(a)
atleast_3d(a)
flip(a) fliplr(m) flipud(m) rot90(m) roll(a,2) roll(m,1,axis=0)
concatenate((a,c)) concat((a,c)) stack((a,c)) vstack((a,c)) hstack((a,c)) dstack((a,c)) column_stack((a,c)) block([a,c]) append(a,c)
split(a,2) array_split(a,3) hsplit(a,2) vsplit(m,2) dsplit(m.reshape(2,2,4),2) unstack(m) tile(a,2) repeat(a,2) repeat(m,2,axis=1)
repeat(a,i)
resize(a,(3,3)) insert(a,2,1.0) delete(a,2) pad(a,2) trim_zeros(a)
tril(m) triu(m) diag(a) diag(m) diagflat(a) diagonal(m) trace(m) vander(a) copy(a) array(a) asarray(a) asanyarray(a) asarray_chkfinite(a)
ascontiguousarray(a) asfortranarray(a) require(a) astype(a,'f4') matrix_transpose(m)
zeros(8) ones(8) empty(8) full(8,2.0) zeros((2,4),dtype='f4') zeros((2,4),X.float32) ones(8,int) zeros_like(a) ones_like(a) empty_like(a)
full_like(a,2.0)
arange(8) arange(8.0) arange(1,9) arange(0,1,0.125) arange(8,dtype='f4') linspace(0,1,8) logspace(0,1,8) geomspace(1,2,8)
eye(3) identity(3) tri(3) meshgrid(a,c) indices((2,4)) fromiter(range(8),float) fromfunction(lambda*ij:ij[0],(8,))
frombuffer(raw) fromstring('1,2,3',sep=',') from_dlpack(a) array([1.0,2.0]) array([1.0,2.0,3.0]) array(1.0) asarray([[1,2],[3,4]])
array([1,2],'f4') array(na)
where(b,a,c) where(b,a,0.0) where(b) nonzero(b) argwhere(b) flatnonzero(b) select([b],[a]) choose(b8,(a,c)) compress(b,a) extract(b,a)
take(a,i) take(m,1,axis=0)
take_along_axis(a,i,0) put(w,i,0.5) put_along_axis(w,i,0.5,0) putmask(w,b,0.5) place(w,b,[0.5]) copyto(w,a) fill_diagonal(w4,0.5)
ix_(i,j) unravel_index(i,(4,4)) ravel_multi_index((i,i),(8,8)) diag_indices(3) diag_indices_from(m) tril_indices(3) triu_indices(3)
tril_indices_from(m) triu_indices_from(m) mask_indices(3,X.triu)
dot(a,c) vdot(a,c) inner(a,c) outer(a,c) matmul(m,m) tensordot(m,m) kron(a,c) cross(v,v) einsum('ij,jk',m,m) einsum('i,i->',a,c)
einsum('ij->ji',m)
einsum_path('ij,jk',m,m) vecdot(a,c) matvec(m,v4) vecmat(v4,m)
allclose(a,c) isclose(a,c) array_equal(a,c) array_equiv(a,c) iscomplexobj(a) isrealobj(a) isscalar(a) isscalar(1.0) iscomplex(a) isreal(a)
isfortran(a)
isneginf(a) isposinf(a) iterable(a) may_share_memory(a,c) shares_memory(a,a)
real(z) real(a) imag(z) imag(a) angle(z) conj(z) clip(a,0,1) clip(a,-0.5,0.5) round(a,2) around(a,2) fix(a) nan_to_num(a) real_if_close(z)
sinc(a) i0(a) sign(a) heaviside(a,c)
polyval(v,a) polyfit(a,c,2) polyadd(v,v) polysub(v,v) polymul(v,v) polydiv(v,v) polyder(v) polyint(v) roots(v) poly(v)
bartlett(8) blackman(8) hamming(8) hanning(8) kaiser(8,2.0) packbits(b) unpackbits(u) frexp(a) modf(a) ldexp(a,i) divmod(a,c)
result_type(a,c) result_type(a,1.0) result_type('f4','i8') promote_types('f4','f8') can_cast('f4','f8') can_cast(X.float32,X.float64)
min_scalar_type(3)
common_type(a,c) mintypecode(['f','d']) typename('d') finfo('f8') iinfo('i4') issubdtype(a.dtype,float) isdtype(a.dtype,'integral')
dtype('f4')
ndim(a) shape(a) size(a) ndim(1.0) shape([1,2]) apply_along_axis(X.sum,0,m) apply_over_axes(X.sum,m,[0]) piecewise(a,[b],[1.0,2.0])
frompyfunc(abs,1,1) vectorize(abs)(v)
array_repr(a) array_str(a) array2string(a) base_repr(10) binary_repr(10) format_float_positional(0.5) format_float_scientific(0.5)
get_printoptions() geterr() geterrcall()
nditer(a) ndenumerate(a) ndindex(2,2)
linalg.norm(a) linalg.norm(m) linalg.det(m) linalg.inv(m) linalg.solve(m,v4) linalg.cholesky(h) linalg.qr(m) linalg.svd(m) linalg.eigh(h)
linalg.eig(m)
linalg.eigvals(m) linalg.eigvalsh(h) linalg.pinv(m) linalg.lstsq(m,v4) linalg.matrix_rank(m) linalg.matrix_power(m,3) linalg.slogdet(m)
linalg.cond(m)
linalg.multi_dot([m,m,m]) linalg.svdvals(m) linalg.vector_norm(a) linalg.matrix_norm(m) linalg.tensorinv(m,1) linalg.tensorsolve(m,v4)
linalg.cross(v,v) linalg.diagonal(m) linalg.matmul(m,m) linalg.matrix_transpose(m) linalg.outer(a,c) linalg.tensordot(m,m) linalg.trace(m)
linalg.vecdot(a,c)
fft.fft(a) fft.ifft(a) fft.rfft(a) fft.irfft(a) fft.hfft(a) fft.ihfft(a) fft.fft2(m) fft.ifft2(m) fft.rfft2(m) fft.irfft2(m) fft.fftn(m)
fft.ifftn(m)
fft.rfftn(m) fft.irfftn(m) fft.fftfreq(8) fft.rfftfreq(8) fft.fftshift(a) fft.ifftshift(a)
random.beta(2.0,3.0,8) random.binomial(9,0.3,8) random.bytes(8) random.chisquare(3.0,8) random.choice(8,4) random.default_rng(1)
random.dirichlet(p,2)
random.exponential(2.0,8) random.f(3.0,4.0,8) random.gamma(2.0,1.0,8) random.geometric(0.3,8) random.get_state() random.gumbel(0.0,1.0,8)
random.hypergeometric(9,8,7,8) random.laplace(0.0,1.0,8) random.logistic(0.0,1.0,8) random.lognormal(0.0,1.0,8) random.logseries(0.5,8)
random.multinomial(9,[0.25,0.75]) random.multivariate_normal(mean2,cov2) random.negative_binomial(5,0.5,8)
random.noncentral_chisquare(3.0,1.0,8)
random.noncentral_f(3.0,4.0,1.0,8) random.normal(0.0,1.0,8) random.pareto(2.0,8) random.permutation(8) random.poisson(3.0,8)
random.power(2.0,8)
random.rand(8) random.randint(0,9,8) random.randn(8) random.random(8) random.random_sample(8) random.ranf(8) random.rayleigh(1.0,8)
random.sample(8)
random.seed(1) random.standard_cauchy(8) random.standard_exponential(8) random.standard_gamma(2.0,8) random.standard_normal(8)
random.standard_t(3.0,8)
random.triangular(0.0,0.5,1.0,8) random.uniform(0.0,1.0,8) random.vonmises(0.0,1.0,8) random.wald(1.0,1.0,8) random.weibull(2.0,8)
random.zipf(2.0,8)
random.set_state(state)
g.beta(2.0,3.0,8) g.binomial(9,0.3,8) g.bytes(8) g.chisquare(3.0,8) g.choice(8,4) g.choice(a,4) g.dirichlet(p,2) g.exponential(2.0,8)
g.f(3.0,4.0,8)
g.gamma(2.0,1.0,8) g.geometric(0.3,8) g.gumbel(0.0,1.0,8) g.hypergeometric(9,8,7,8) g.integers(0,9,8) g.laplace(0.0,1.0,8)
g.logistic(0.0,1.0,8)
g.lognormal(0.0,1.0,8) g.logseries(0.5,8) g.multinomial(9,[0.25,0.75]) g.multivariate_hypergeometric([4,5,6],3)
g.multivariate_normal(mean2,cov2)
g.negative_binomial(5,0.5,8) g.noncentral_chisquare(3.0,1.0,8) g.noncentral_f(3.0,4.0,1.0,8) g.normal(0.0,1.0,8) g.normal(size=8)
g.pareto(2.0,8)
g.permutation(8) g.permutation(a) g.permuted(a) g.poisson(3.0,8) g.power(2.0,8) g.random(8) g.random() g.rayleigh(1.0,8) g.spawn(1)
g.standard_cauchy(8)
g.standard_exponential(8) g.standard_gamma(2.0,8) g.standard_normal(8) g.standard_normal() g.standard_t(3.0,8) g.triangular(0.0,0.5,1.0,8)
g.uniform(0.0,1.0,8)
g.uniform(size=8) g.vonmises(0.0,1.0,8) g.wald(1.0,1.0,8) g.weibull(2.0,8) g.zipf(2.0,8) g.normal(a,p) g.uniform(0.0,p) g.bit_generator
a.sum() a.prod() a.mean() a.std() a.var() a.min() a.max() a.argmax() a.argmin() b.all() b.any() a.cumsum() a.cumprod() m.sum(0)
m.sum(axis=1) m.max(axis=0)
a.argsort() a.argpartition(3) s.searchsorted(a) a.nonzero() b.nonzero() a.take(i) a.compress(b) b8.choose((a,c)) a.repeat(2) m.diagonal()
m.trace()
a.reshape(2,4) a.reshape((2,4)) a.reshape(-1) a.ravel() m.ravel() a.flatten() a.squeeze() k.squeeze() m.swapaxes(0,1) m.transpose()
m.transpose(1,0) a.copy()
a.astype('f4') a.astype(float) a.astype(X.float32) i.astype(float) a.astype('f4',copy=False) a.byteswap() a.view('i8') a.getfield('f4')
a.to_device('cpu')
a.conj() a.conjugate() a.clip(0,1) a.round(1) a.dot(c) a.tolist() m.tolist() a.item(3) d.item() m.item(1,2) a.tobytes() a.dumps()
a.__reduce__() a.__copy__()
a.T m.T m.mT a.shape a.dtype a.ndim a.size a.itemsize a.nbytes a.strides a.real a.imag z.real z.imag a.flat a.base a.data a.device a.flags
a.ctypes
a.__array_interface__ a.__array_priority__ a.__dlpack_device__() a.__dlpack__()
a.__array_namespace__()
a.setflags() len(a) repr(a) str(a) format(d) not(d) float(d) int(d) complex(d) list(a) list(m) a.__contains__(0.5) iter(a)
a+c a-c a*c a/c a//c a%c a**2 a**c p**0.5 p**1.5 2**p a<c a<=c a>c a>=c a==c a!=c a@c m@m m@v4 -a +a abs(a) divmod(a,c) b&b b|b b^b ~b i&i
i|i i^i ~i i<<2 i>>1 i+i i*2
a+1 a+1.0 1+a a-1 1-a a*2 2*a a/2 1/a 1//p 7%p a>0 a==0 0<a i+1 i+1.0 i/2 z+1 z*z d+1 d+d d*a
a+na na+a a*na na*a a<na na==a a@na na@a m@m a+X.float64(2) X.float64(2)*a X.sum(na) X.exp(na)
a[2] a[-1] a[1:5] a[::2] a[::-1] a[:] a[...] a[None] a[...,None] a[:,None] a[b] a[i] a[[0,3,1]] a[n] a[()] d[()] a[1:5][0] a[2].item()
float(a[2])
m[1,2] m[1] m[1][2] m[-1,-1] m[:,1] m[1,:] m[1:3,1:3] m[::2,::2] m[i4,i4] m[...,0] m[m>0] m[i4] m[:,i4] m[None,:,1] m[i4[:,None],i4]
X.add.reduce(a) X.add.accumulate(a) X.add.outer(a,c) X.add.reduceat(a,j) X.maximum.reduce(a) X.add(a,1.0) X.add(a,c,dtype='f8') X.exp(d)
X.sqrt(2.0)
X.add.nin X.add.nout X.add.nargs X.add.ntypes X.add.types X.add.identity X.add.signature X.add.resolve_dtypes((a.dtype,a.dtype,None))
"""

# What both have and no row is for, with the reason.
_PROCESS = "changes or shows the state of the process"
_FILES = "the time of a file"
_CHANGES = "changes an array, which tnp refuses"
EXCLUDED = {
    "X.fromfile": _FILES,
    "X.fromregex": _FILES,
    "X.genfromtxt": _FILES,
    "X.load": _FILES,
    "X.loadtxt": _FILES,
    "X.save": _FILES,
    "X.savetxt": _FILES,
    "X.savez": _FILES,
    "X.savez_compressed": _FILES,
    "a.tofile": _FILES,
    "a.dump": _FILES,
    "X.set_printoptions": _PROCESS,
    "X.printoptions": _PROCESS,
    "X.seterr": _PROCESS,
    "X.seterrcall": _PROCESS,
    "X.setbufsize": _PROCESS,
    "X.show_config": _PROCESS,
    "X.show_runtime": _PROCESS,
    "X.random.shuffle": _CHANGES,
    "g.shuffle": _CHANGES,
    "X.add.at": _CHANGES,
    "a.fill": _CHANGES,
    "a.put": _CHANGES,
    "a.setfield": _CHANGES,
    "a.resize": _CHANGES,
    "a.sort": "NumPy's sorts the array itself, so that it finds it sorted from the second run on; X.sort is timed",
    "a.partition": "as a.sort; X.partition is timed",
    "a.__array_struct__": "tnp's arrays have none: NumPy would take bfloat16 for bytes",
    "X.nested_iters": "a loop of the caller's",
    "X.random.random_integers": "deprecated",
    "X.asarray of NumPy's arrays": "NumPy gives the array itself; X.array is timed",
    "a.__array__": "NumPy gives the array itself",
}
