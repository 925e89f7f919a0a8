"""Each marked line has a mistake that mypy finds, of the kind that is named; no other line has one."""

from __future__ import annotations

import tnp
import tnp.array_api as xp

x = tnp.ones((2, 3))
x[0] = 1  # index
print(x.no_such_attribute)  # attr-defined
x.shape = (3, 2)  # misc
tnp.no_such_function(x)  # attr-defined
n: int = tnp.sum(x)  # assignment
s: str = tnp.add(x, 1)  # assignment
tnp.sum(x, axis="0")  # arg-type
tnp.sum(x, keepdim=True)  # call-arg
tnp.sum(x, out=x)  # arg-type
tnp.exp(x, out=x)  # arg-type
tnp.exp(x, x)  # arg-type
tnp.sort(x, kind="fast")  # arg-type
tnp.convolve([1], [2], mode="valit")  # arg-type
tnp.pad(x, 1, "edges")  # arg-type
tnp.zeros({2, 3})  # arg-type
tnp.linspace(0, 1, num=2.5)  # call-overload
tnp.matmul(x)  # call-arg
tnp.searchsorted([1, 2], x, side="middle")  # arg-type
tnp.percentile(x, 50, method="nearest neighbour")  # arg-type
tnp.linalg.qr(x, mode="full")  # call-overload
print(tnp.linalg.eigh(x).values)  # attr-defined
tnp.fft.fft(x, norm="orthogonal")  # arg-type
tnp.random.default_rng("seed").normals()  # attr-defined
tnp.random.normal(shape=3)  # call-arg
tnp.Variable(x).assign()  # call-arg
tnp.grad(x)  # arg-type
tnp.function(lambda a: a)(1, 2)  # call-arg
tnp.numpy_function(len, x)  # call-overload
tnp.errstate(divide="hush")  # arg-type
tnp.promotion("sometimes")  # call-overload
xp.asarray([1.0]) + "a"  # operator
xp.sum([1.0, 2.0])  # arg-type
xp.float32 + 1  # operator
