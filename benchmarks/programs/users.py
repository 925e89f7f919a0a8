"""Whole programs from the fields in which NumPy is used, compiled, against the same program eager, in NumPy and in JAX.

python benchmarks/run.py programs.users                                      # all programs and sizes
python -m benchmarks.programs.users --sizes 8192 --threads 1 --only kmeans heston   # some of them
"""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Callable

import numpy as np
from benchmarks.timing import Row, compare, show, table_options

SIZES = (64, 8192, 1 << 20)
Inputs = Callable[[int, np.random.Generator], tuple[np.ndarray, ...]]
PROGRAMS: dict[str, tuple[Callable[..., object], Inputs]] = {}


def program(inputs: Inputs) -> Callable[[Callable[..., object]], Callable[..., object]]:
    """Registers a program of a namespace and the arrays that `inputs` makes, of about n elements."""

    def register(f: Callable[..., object]) -> Callable[..., object]:
        PROGRAMS[f.__name__] = f, inputs
        return f

    return register


def put(x, index, value):
    """x with other elements at an index, in the way of its library."""
    if not isinstance(x, np.ndarray):
        return x.at[index].set(value)
    x = x.copy()
    x[index] = value
    return x


def counts(xp, x, length, weights=None):
    """`bincount` with a length that is known before."""
    size = {"length": length} if xp.__name__ == "jax.numpy" else {"minlength": length}
    return xp.bincount(x, weights=weights, **size)


def side(n: int, least: int = 8) -> tuple[int, int]:
    """Of a square of n elements."""
    return (max(int(n**0.5), least),) * 2


@program(lambda n, rng: (rng.standard_normal((max(n // 16, 4), 16)),))
def zscores(xp, x):
    """Columns of mean 0 and deviation 1."""
    return (x - x.mean(axis=0)) / x.std(axis=0)


@program(lambda n, rng: (rng.standard_normal((max(n // 16, 4), 16)),))
def correlation(xp, x):
    """Of all pairs of columns."""
    d = x - x.mean(axis=0)
    c = d.T @ d / (x.shape[0] - 1)
    s = xp.sqrt(xp.diagonal(c))
    return c / s[:, None] / s[None, :]


@program(lambda n, rng: (rng.standard_normal((max(n // 16, 8), 2)), rng.standard_normal((8, 2))))
def kmeans(xp, x, centres):
    """One step: the nearest centre of each point, and the means of those that have the same."""
    nearest = ((x[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2).argmin(axis=1)
    belongs = (nearest[:, None] == xp.arange(8)[None, :]).astype(x.dtype)
    return belongs.T @ x / xp.maximum(belongs.sum(axis=0), 1)[:, None], nearest


@program(lambda n, rng: (rng.standard_normal((max(n // 10, 4), 10)).astype("f4"), rng.integers(0, 10, max(n // 10, 4))))
def cross_entropy(xp, logits, labels):
    """Of ten classes."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - xp.log(xp.exp(shifted).sum(axis=1, keepdims=True))
    return -log_p[xp.arange(labels.shape[0]), labels].mean()


@program(lambda n, rng: tuple(rng.standard_normal((4, max(int((n / 4) ** 0.5), 4), 32)).astype("f4") for _ in range(3)))
def attention(xp, q, k, v):
    """Four heads."""
    s = q @ xp.swapaxes(k, -1, -2) / math.sqrt(32)
    e = xp.exp(s - s.max(axis=-1, keepdims=True))
    return (e / e.sum(axis=-1, keepdims=True)) @ v


@program(lambda n, rng: (rng.standard_normal((3, *side(n // 8, 5))), rng.standard_normal((8, 3, 3, 3))))
def convolution(xp, x, kernel):
    """Of three channels, as a product of matrices."""
    _, h, w = x.shape
    columns = xp.stack([x[:, i : h - 2 + i, j : w - 2 + j] for i in range(3) for j in range(3)], axis=1)
    out = kernel.reshape(8, -1) @ columns.reshape(27, -1)
    return xp.maximum(out.reshape(8, h - 2, w - 2), 0)


@program(lambda n, rng: (rng.standard_normal((max(n // 64, 4), 64)),))
def monte_carlo(xp, z):
    """An Asian option: paths are cumulative sums."""
    dt = 1 / 64
    paths = 100 * xp.exp(xp.cumsum((0.03 - 0.5 * 0.04) * dt + 0.2 * math.sqrt(dt) * z, axis=1))
    return math.exp(-0.03) * xp.maximum(paths.mean(axis=1) - 100, 0).mean()


@program(lambda n, rng: (rng.uniform(80, 120, max(n // 32, 4)),))
def binomial_tree(xp, price):
    """Options of many prices, each a tree of 32 steps."""
    v = xp.maximum(price[:, None] * 1.02 ** (2.0 * xp.arange(33) - 32) - 100, 0)
    for _ in range(32):
        v = 0.999 * (0.51 * v[:, 1:] + 0.49 * v[:, :-1])
    return v[:, 0]


@program(lambda n, rng: tuple(rng.standard_normal((16, max(n // 32, 4))) for _ in range(2)))
def heston(xp, first, second):
    """Paths of a price and of its variance, 16 steps."""
    dt, v, s = 1 / 16, xp.full(first.shape[1], 0.04), xp.full(first.shape[1], 0.0)
    for t in range(16):
        vp = xp.maximum(v, 0)
        s = s - 0.5 * vp * dt + xp.sqrt(vp * dt) * first[t]
        v = v + 2 * (0.04 - vp) * dt + 0.3 * xp.sqrt(vp * dt) * (-0.7 * first[t] + 0.714 * second[t])
    return xp.maximum(100 * xp.exp(s) - 100, 0)


@program(lambda n, rng: (rng.random(side(n, 9)).astype("f4"),))
def sobel(xp, u):
    """Edges of an image: how steep, and in which direction."""
    gx = u[:-2, 2:] + 2 * u[1:-1, 2:] + u[2:, 2:] - u[:-2, :-2] - 2 * u[1:-1, :-2] - u[2:, :-2]
    gy = u[2:, :-2] + 2 * u[2:, 1:-1] + u[2:, 2:] - u[:-2, :-2] - 2 * u[:-2, 1:-1] - u[:-2, 2:]
    return xp.sqrt(gx * gx + gy * gy), xp.arctan2(gy, gx)


@program(lambda n, rng: (rng.integers(0, 256, side(n)).astype("u1"),))
def equalise(xp, image):
    """An image of which all greys are equally frequent."""
    c = xp.cumsum(counts(xp, image.ravel(), 256))
    return (255 * c / c[-1]).astype("u1")[image]


@program(lambda n, rng: (rng.random((*side(n // 3), 3)).astype("f4"),))
def to_ycbcr(xp, rgb):
    """Colours of a picture as a product of three columns."""
    m = xp.asarray([[0.299, 0.587, 0.114], [-0.169, -0.331, 0.5], [0.5, -0.419, -0.081]], dtype="f4")
    return rgb @ m.T + xp.asarray([0, 0.5, 0.5], dtype="f4")


@program(lambda n, rng: (rng.random((*side(n // 3), 3)).astype("f4"),))
def to_hsv(xp, rgb):
    """Colours of a picture, channel by channel."""
    r, g, b = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    v = rgb.max(axis=-1)
    c = v - rgb.min(axis=-1)
    d = xp.where(c > 0, c, 1)
    h = xp.where(v == r, (g - b) / d % 6, xp.where(v == g, (b - r) / d + 2, (r - g) / d + 4)) / 6
    return xp.stack((h, xp.where(v > 0, c / xp.where(v > 0, v, 1), 0), v), axis=-1)


@program(lambda n, rng: (rng.integers(0, 256, (*side(n // 3), 3)).astype("u1"),))
def to_grey(xp, image):
    """In integers."""
    wide = image.astype("i4")
    return ((wide[..., 0] * 77 + wide[..., 1] * 150 + wide[..., 2] * 29) >> 8).astype("u1")


@program(lambda n, rng: (rng.uniform(-2, 1, side(n // 4, 4)) + 1j * rng.uniform(-1, 1, side(n // 4, 4)),))
def mandelbrot(xp, c):
    """Twenty steps, with masks."""
    z, steps = xp.zeros_like(c), xp.zeros(c.shape, "i4")
    for _ in range(20):
        inside = xp.abs(z) <= 2
        z = xp.where(inside, z * z + c, z)
        steps = steps + inside
    return steps


@program(lambda n, rng: (rng.random((max(int((n / 3) ** 0.5), 4), 3)) * 10,))
def lennard_jones(xp, x):
    """Energy and forces of all pairs."""
    d = x[:, None, :] - x[None, :, :]
    own = xp.eye(x.shape[0])
    r2 = (d * d).sum(axis=-1) + own
    i6 = 1 / r2**3
    forces = (24 * (2 * i6 * i6 - i6) / r2)[:, :, None] * d
    return 0.5 * (4 * (i6 * i6 - i6) * (1 - own)).sum(), forces.sum(axis=1)


@program(lambda n, rng: (rng.random((9, *side(n // 9, 4))) + 0.5,))
def lattice_boltzmann(xp, f):
    """Collision and streaming in two dimensions."""
    ix, iy = (0, 1, 0, -1, 0, 1, -1, -1, 1), (0, 0, 1, 0, -1, 1, 1, -1, -1)
    cx, cy = (xp.asarray(c, dtype="f8")[:, None, None] for c in (ix, iy))
    w = xp.asarray([4 / 9] + [1 / 9] * 4 + [1 / 36] * 4)[:, None, None]
    rho = f.sum(axis=0)
    ux, uy = (f * cx).sum(axis=0) / rho, (f * cy).sum(axis=0) / rho
    cu = 3 * (cx * ux + cy * uy)
    f = f - (f - rho * w * (1 + cu + 0.5 * cu**2 - 1.5 * (ux**2 + uy**2))) / 0.6
    return xp.stack([xp.roll(f[k], (ix[k], iy[k]), (0, 1)) for k in range(9)])


@program(lambda n, rng: (rng.random(max(n, 8)) * 64, rng.standard_normal(max(n, 8))))
def particles_in_cells(xp, x, v):
    """Charges put into cells, and the field of these at each particle."""
    i = xp.floor(x).astype("i8") % 64
    f = x - xp.floor(x)
    rho = counts(xp, i, 64, 1 - f) + counts(xp, (i + 1) % 64, 64, f)
    e = (xp.roll(rho, 1) - xp.roll(rho, -1)) / 2
    v = v + 0.1 * (e[i] * (1 - f) + e[(i + 1) % 64] * f)
    return (x + 0.1 * v) % 64, v, rho


@program(lambda n, rng: (rng.random((max(n // 3, 4), 3)),))
def lorenz(xp, u):
    """Many orbits, three steps of Runge and Kutta; x, y and z are columns."""

    def slope(u):
        x, y, z = u[:, 0], u[:, 1], u[:, 2]
        return xp.stack((10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z), axis=1)

    for _ in range(3):
        k1 = slope(u)
        k2 = slope(u + 0.005 * k1)
        k3 = slope(u + 0.005 * k2)
        k4 = slope(u + 0.01 * k3)
        u = u + 0.01 / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return u


@program(lambda n, rng: (rng.uniform(0, 6, max(n, 4)),))
def kepler(xp, anomaly):
    """Newton's method for each element."""
    e = anomaly
    for _ in range(6):
        e = e - (e - 0.3 * xp.sin(e) - anomaly) / (1 - 0.3 * xp.cos(e))
    return e


@program(lambda n, rng: (rng.integers(0, 50, max(n, 8)), rng.random(max(n, 8))))
def group_by(xp, key, value):
    """Means and variances of groups, and what each value is from its group's."""
    number = xp.maximum(counts(xp, key, 50), 1)
    mean = counts(xp, key, 50, value) / number
    return mean, counts(xp, key, 50, value * value) / number - mean * mean, value - mean[key]


@program(
    lambda n, rng: (rng.permutation(max(n // 4, 4)) * 3, rng.random(max(n // 4, 4)), rng.integers(0, n, max(n // 2, 4)))
)
def join(xp, keys, values, wanted):
    """Values of a table by their keys."""
    order = xp.argsort(keys)
    keys, values = keys[order], values[order]
    i = xp.minimum(xp.searchsorted(keys, wanted), keys.shape[0] - 1)
    return xp.where(keys[i] == wanted, values[i], xp.nan)


@program(lambda n, rng: (rng.integers(0, 2**63, max(n, 4), dtype="u8"),))
def xorshift(xp, x):
    """Three rounds, and numbers from 0 to 1."""
    for _ in range(3):
        x = x ^ (x << 13)
        x = x ^ (x >> 7)
        x = x ^ (x << 17)
    return x, (x >> 11) * (1.0 / 2**53)


@program(lambda n, rng: (rng.integers(0, 2, side(n)).astype("u1"),))
def game_of_life(xp, cells):
    """Two generations on a torus."""
    for _ in range(2):
        near = sum(xp.roll(cells, (i, j), (0, 1)) for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j)
        cells = ((near == 3) | ((cells == 1) & (near == 2))).astype("u1")
    return cells


@program(lambda n, rng: (rng.random((min(side(n, 16)[0], 64),) * 2),))
def shortest_paths(xp, d):
    """By way of the first sixteen nodes."""
    for k in range(16):
        d = xp.minimum(d, d[:, k : k + 1] + d[k : k + 1, :])
    return d


@program(lambda n, rng: (rng.standard_normal((max(n // 32, 4), 32)),))
def american_option(xp, z):
    """Least squares of Longstaff and Schwartz, backward over 32 dates."""
    dt = 1 / 32
    s = 36 * xp.exp(xp.cumsum((0.06 - 0.02) * dt + 0.2 * math.sqrt(dt) * z, axis=1))
    cash = xp.maximum(40 - s[:, -1], 0)
    for t in range(30, -1, -1):
        cash = cash * math.exp(-0.06 * dt)
        x = s[:, t] / 40
        w = (x < 1).astype(x.dtype)
        a = xp.stack([w, w * x, w * x * x], axis=1)
        c = xp.linalg.solve(a.T @ a + 1e-9 * xp.eye(3), a.T @ (w * cash))
        stop = (x < 1) & (40 * (1 - x) > c[0] + c[1] * x + c[2] * x * x)
        cash = xp.where(stop, 40 * (1 - x), cash)
    return cash.mean()


@program(lambda n, rng: (rng.standard_normal((max(n // 2, 4), 2)),))
def ray_march(xp, uv):
    """Distances to a sphere and a box along a ray of each pixel, 24 steps."""
    d = xp.concatenate([uv, xp.ones((uv.shape[0], 1))], axis=1)
    d = d / xp.sqrt((d * d).sum(axis=1, keepdims=True))
    t = xp.zeros(uv.shape[0])
    for _ in range(24):
        p = xp.asarray([0.0, 0.0, -3.0]) + t[:, None] * d
        q = xp.abs(p - xp.asarray([0.8, 0.3, -0.5])) - 0.3
        outside = xp.maximum(q, 0)
        box = xp.sqrt((outside * outside).sum(axis=1)) + xp.minimum(q.max(axis=1), 0)
        t = t + xp.minimum(xp.sqrt((p * p).sum(axis=1)) - 1, box)
    return xp.where(t < 10, 1 / (1 + t), 0)


@program(lambda n, rng: (rng.random(side(n, 9)),))
def median_filter(xp, image):
    """Of three by three cells."""
    p, (h, w) = xp.pad(image, 1, mode="edge"), image.shape
    return xp.median(xp.stack([p[i : h + i, j : w + j] for i in range(3) for j in range(3)]), axis=0)


@program(lambda n, rng: (np.where(rng.random(side(n)) < 0.5, 1, -1), rng.random((4, *side(n)))))
def ising(xp, s, draws):
    """Four half sweeps of Metropolis's algorithm over the colours of a chessboard."""
    i, j = xp.arange(s.shape[0])[:, None], xp.arange(s.shape[1])[None, :]
    for t in range(4):
        near = xp.roll(s, 1, 0) + xp.roll(s, -1, 0) + xp.roll(s, 1, 1) + xp.roll(s, -1, 1)
        turns = ((i + j) % 2 == t % 2) & (draws[t] < xp.exp(-0.88 * s * near))
        s = xp.where(turns, -s, s)
    return s, s.mean()


def rows(name: str, n: int) -> list[Row]:
    """A program of a size against its peers."""
    import jax
    import tnp

    jax.config.update("jax_enable_x64", True)
    f, inputs = PROGRAMS[name]
    arrays = inputs(n, np.random.default_rng(0))
    ours, theirs = [tnp.asarray(x) for x in arrays], [jax.numpy.asarray(x) for x in arrays]
    eager = functools.partial(f, tnp)
    compiled, peer = tnp.function(eager), jax.jit(functools.partial(f, jax.numpy))
    peers = {
        "eager": (lambda: eager(*ours), 1.1),
        "NumPy": (lambda: f(np, *arrays), 1.1),
        "JAX": (lambda: jax.block_until_ready(peer(*theirs)), 0.5),
    }
    for _ in range(200 if n < 1 << 17 else 4):
        compiled(*ours)
    label = f"{name}, {n}"
    return [compare(label, lambda: compiled(*ours), p, g, target, 0.3) for p, (g, target) in peers.items()]


def main(arguments: list[str] | None = None) -> None:
    """Prints a table for each size and number of threads."""
    import tnp

    parser = table_options(SIZES, (2,))
    parser.add_argument("--only", nargs="*", default=list(PROGRAMS))
    options = parser.parse_args(arguments or [])
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    with tnp.errstate(all="ignore"):
        for n in options.sizes:
            for threads in options.threads:
                with tnp.threads(threads):
                    table = [row for name in options.only for row in rows(name, n)]
                show(f"Programs of users, {n} elements, {threads} threads", table)


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
