"""Solvers, filters, recurrent cells and tables written as loops, compiled, against JAX and NumPy."""

from __future__ import annotations

import functools
import time

from benchmarks.programs.loops import put, python_loop
from benchmarks.timing import Row, compare, show

# `xp` is tnp, jax.numpy or NumPy, `loop` its fori_loop, `scan` its scan.


def set_at(a, index, value):
    """`a` with other elements at an index."""
    if hasattr(a, "at"):
        return a.at[index].set(value)
    a = a.copy()
    a[index] = value
    return a


# --- matrices


def right_looking(xp, loop, scan, a):
    """Cholesky's factor by updates of rank one."""
    i = xp.arange(a.shape[0])

    def step(k, a):
        column = xp.where(i >= k, a[:, k] / xp.sqrt(a[k, k]), 0.0)
        below = xp.where(i > k, column, 0.0)
        return put(a - below[:, None] * below[None, :], k, column)

    return loop(0, a.shape[0], step, a)


def gram_schmidt(xp, loop, scan, a):
    """Q of a QR decomposition; columns that are still to come are zero."""

    def step(k, q):
        v = a[:, k] - q @ (q.T @ a[:, k])
        return put(q, k, v / xp.sqrt(xp.sum(v * v)))

    return loop(0, a.shape[1], step, a * 0)


def modified_gram_schmidt(xp, loop, scan, a):
    """The same, where each column is taken out of all that follow."""
    j = xp.arange(a.shape[1])

    def step(k, q):
        v = q[:, k] / xp.sqrt(xp.sum(q[:, k] ** 2))
        q = q - v[:, None] * xp.where(j > k, v @ q, 0.0)[None, :]
        return put(q, k, v)

    return loop(0, a.shape[1], step, a)


def householder(xp, loop, scan, a):
    """R of a QR decomposition by reflections."""
    i = xp.arange(a.shape[0])

    def step(k, r):
        v = xp.where(i >= k, r[:, k], 0.0)
        length = xp.sqrt(xp.sum(v * v))
        v = xp.where(i == k, v + xp.where(r[k, k] >= 0, length, -length), v)
        return r - (2 / xp.sum(v * v) * v)[:, None] * (v @ r)[None, :]

    return loop(0, a.shape[0] - 1, step, a)


def gauss_jordan(xp, loop, scan, a):
    """The inverse, in place."""
    i = xp.arange(a.shape[0])

    def step(k, a):
        row = xp.where(i == k, 1.0, a[k]) / a[k, k]
        column = a[:, k]
        a = xp.where((i == k)[None, :], 0.0, a) - column[:, None] * row[None, :]
        return set_at(a, k, row)

    return loop(0, a.shape[0], step, a)


def forward_substitution(xp, loop, scan, a):
    """Row after row of a triangular system; what is not yet known is zero."""
    b = a[0]
    return loop(0, a.shape[0], lambda k, x: set_at(x, k, (b[k] - a[k] @ x) / a[k, k]), b * 0)


def back_substitution(xp, loop, scan, a):
    """The same upwards."""
    n, b = a.shape[0], a[0]

    def step(j, x):
        k = n - 1 - j
        return set_at(x, k, (b[k] - xp.sum(a[k] * x)) / a[k, k])

    return loop(0, n, step, b * 0)


def many_substitutions(xp, loop, scan, a):
    """Eight right-hand sides."""
    b = a[:, :8]
    return loop(0, a.shape[0], lambda k, x: set_at(x, k, (b[k] - a[k] @ x) / a[k, k]), b * 0)


def power_iteration(xp, loop, scan, a):
    """100 products with a matrix."""

    def step(_, x):
        y = a @ x
        return y / xp.sqrt(xp.sum(y * y))

    return loop(0, 100, step, a[0])


def jacobi(xp, loop, scan, a):
    """100 steps of Jacobi's iteration."""
    d, b = xp.diagonal(a), a[0]
    return loop(0, 100, lambda _, x: (b - a @ x + d * x) / d, b * 0)


def gauss_seidel(xp, loop, scan, a):
    """Two sweeps over the rows."""
    n, b = a.shape[0], a[0]

    def step(j, x):
        k = j % n
        return set_at(x, k, x[k] + (b[k] - a[k] @ x) / a[k, k])

    return loop(0, 2 * n, step, b * 0)


def conjugate_gradients(xp, loop, scan, a):
    """50 steps."""
    b = a[0]

    def step(_, c):
        x, r, p, rr = c
        ap = a @ p
        alpha = rr / (xp.sum(p * ap) + 1e-30)
        x, r = x + alpha * p, r - alpha * ap
        new = xp.sum(r * r)
        return x, r, r + new / (rr + 1e-30) * p, new

    return loop(0, 50, step, (b * 0, b, b, xp.sum(b * b)))[0]


def kalman(xp, loop, scan, f, h, q, r, z):
    """A filter of small matrices."""
    eye = xp.eye(f.shape[0])

    def step(c, z):
        x, p = c
        x, p = f @ x, f @ p @ f.T + q
        s = h @ p @ h.T + r
        gain = (p @ h.T) / s[0, 0]
        x = x + gain @ (z - h @ x)
        p = (eye - gain @ h) @ p
        return (x, p), x

    return scan(step, (f[0] * 0, eye), z)[1]


def rnn(xp, loop, scan, w, u, x):
    """Elman's cell."""

    def step(s, x):
        s = xp.tanh(w @ s + u @ x)
        return s, s

    return scan(step, w[0] * 0, x)[1]


def rnn_batch(xp, loop, scan, w, u, x):
    """The same for a batch."""

    def step(s, x):
        s = xp.tanh(s @ w + x @ u)
        return s, s

    return scan(step, x[0] @ u * 0, x)[1]


def _sigmoid(xp, x):
    return 1 / (1 + xp.exp(-x))


def lstm(xp, loop, scan, w, u, b, x):
    """The cell with four gates."""
    n = w.shape[1]

    def step(c, x):
        s, c = c
        g = w @ s + u @ x + b
        i, f, o = (_sigmoid(xp, g[k * n : (k + 1) * n]) for k in range(3))
        c = f * c + i * xp.tanh(g[3 * n :])
        s = o * xp.tanh(c)
        return (s, c), s

    return scan(step, (w[0] * 0, w[0] * 0), x)[1]


def gru(xp, loop, scan, w, u, v, x):
    """The cell with three gates."""
    n = w.shape[1]

    def step(s, x):
        g, t = w @ s, u @ x
        z, r = _sigmoid(xp, g[:n] + t[:n]), _sigmoid(xp, g[n:] + t[n : 2 * n])
        s = (1 - z) * s + z * xp.tanh(v @ (r * s) + t[2 * n :])
        return s, s

    return scan(step, w[0] * 0, x)[1]


def hmm_scaled(xp, loop, scan, t, e, obs):
    """The forward algorithm, scaled."""

    def step(c, o):
        p, total = c
        p = (p @ t) * e[:, o]
        s = xp.sum(p)
        return (p / s, total + xp.log(s)), s

    return scan(step, (e[:, 0] / xp.sum(e[:, 0]), xp.sum(e[0, 0] * 0)), obs)[0][1]


def hmm_log(xp, loop, scan, t, e, obs):
    """The same by logarithms of sums of exponentials."""
    t, e = xp.log(t), xp.log(e)

    def step(p, o):
        s = p[:, None] + t
        m = xp.max(s, axis=0)
        p = xp.log(xp.sum(xp.exp(s - m[None, :]), axis=0)) + m + e[:, o]
        return p, p

    return scan(step, e[:, 0], obs)[0]


def viterbi(xp, loop, scan, t, e, obs):
    """The most likely states, with back pointers."""
    t, e = xp.log(t), xp.log(e)

    def step(p, o):
        s = p[:, None] + t
        return xp.max(s, axis=0) + e[:, o], xp.argmax(s, axis=0)

    last, back = scan(step, e[:, 0], obs)
    return scan(lambda s, row: (row[s], row[s]), xp.argmax(last), back, reverse=True)[1]


def edit_distance(xp, loop, scan, a, b):
    """Levenshtein's table, row after row, element after element."""
    first = xp.arange(b.shape[0] + 1)

    def row(previous, s):
        def cell(left, above):
            diagonal, up, c = above
            best = xp.minimum(xp.minimum(left, up) + 1, diagonal + xp.where(c == s, 0, 1))
            return best, best

        start = previous[0] + 1
        cells = scan(cell, start, (previous[:-1], previous[1:], b))[1]
        row = xp.concatenate([xp.reshape(start, (1,)), cells])
        return row, row[-1]

    return scan(row, first, a)[1]


def longest_subsequence(xp, loop, scan, a, b):
    """The longest common subsequence: a table that is filled by indices."""
    n, m = a.shape[0], b.shape[0]

    def cell(k, t):
        i, j = k // m + 1, k % m + 1
        same = t[i - 1, j - 1] + 1
        return set_at(t, (i, j), xp.where(a[i - 1] == b[j - 1], same, xp.maximum(t[i - 1, j], t[i, j - 1])))

    return loop(0, n * m, cell, xp.zeros((n + 1, m + 1), dtype=xp.int64))


def knapsack(xp, loop, scan, weights, values, best):
    """The best value for each capacity."""
    i = xp.arange(best.shape[0])

    def item(best, it):
        w, v = it
        other = xp.where(i >= w, best[xp.maximum(i - w, 0)] + v, 0.0)
        return xp.maximum(best, other), ()

    return scan(item, best, (weights, values))[0]


def runge_kutta(xp, loop, scan, a):
    """1000 steps of a linear system."""
    a = a * (-0.01 / a[0, 0])

    def step(_, x):
        k1 = a @ x
        k2 = a @ (x + 0.05 * k1)
        k3 = a @ (x + 0.05 * k2)
        k4 = a @ (x + 0.1 * k3)
        return x + 0.1 / 6 * (k1 + 2 * k2 + 2 * k3 + k4)

    return loop(0, 1000, step, a[0])


def gradient_descent(xp, loop, scan, a):
    """100 steps of least squares."""
    b = a[:, 0] + 1

    def step(_, x):
        return x - 1e-6 * ((a @ x - b) @ a)

    return loop(0, 100, step, a[0])


def logistic_regression(xp, loop, scan, a):
    """Stochastic gradient descent, one example at a time."""
    b = a[:, 0]

    def step(w, row):
        x, y = row
        p = _sigmoid(xp, x @ w)
        return w - 1e-4 * (p - y) * x, ()

    return scan(step, a[0] * 0, (a, b))[0]


def python_scan(f, init, rows, reverse=False):
    """A scan of Python's own."""
    import numpy as np

    tuples = isinstance(rows, tuple)
    count = len(rows[0]) if tuples else len(rows)
    out = [None] * count
    for k in reversed(range(count)) if reverse else range(count):
        init, out[k] = f(init, tuple(r[k] for r in rows) if tuples else rows[k])
    if isinstance(out[0], tuple):
        return init, tuple(np.stack(column) for column in zip(*out, strict=True))
    return init, np.stack(out)


def cases():
    """Name, program, arguments."""
    import numpy as np

    rng = np.random.default_rng(1)
    for program, sizes in (
        (right_looking, (16, 100, 200)),
        (gram_schmidt, (16, 100, 200, 400)),
        (modified_gram_schmidt, (32, 100, 200)),
        (householder, (16, 64, 128, 400)),
        (gauss_jordan, (32, 100, 200)),
        (forward_substitution, (16, 100, 400)),
        (back_substitution, (16, 100, 400)),
        (many_substitutions, (16, 100, 200)),
        (power_iteration, (16, 64, 100, 128, 400)),
        (jacobi, (16, 100)),
        (gauss_seidel, (16, 100, 400)),
        (conjugate_gradients, (32, 100, 400)),
        (gradient_descent, (32, 100, 400)),
        (logistic_regression, (32, 100, 400)),
        (runge_kutta, (4, 16, 64)),
    ):
        for n in sizes:
            yield f"{program.__name__}, {n} rows", program, matrices(n)
    for n in (2, 4, 8):
        yield f"kalman, {n} numbers", kalman, kalman_data(n)
    for n in (8, 32, 64, 128):
        yield f"rnn, {n} cells", rnn, cell_data(n, (1,), 1)
        w, u, x = cell_data(n, (4,), 4)
        yield f"lstm, {n} cells", lstm, [w, u, u[:, 0], x]
        w, v, u, x = cell_data(n, (2, 1), 3)
        yield f"gru, {n} cells", gru, [w, u, v, x]
    for n in (8, 64):
        yield (
            f"rnn of a batch, {n} cells",
            rnn_batch,
            [rng.random((n, n)) / n, rng.random((16, n)), rng.random((200, 32, 16))],
        )
    for n in (4, 16, 64):
        for program in (hmm_scaled, hmm_log, viterbi):
            yield f"{program.__name__}, {n} states", program, hmm_data(n)
    for n in (20, 100, 300):
        for program in (edit_distance, longest_subsequence):
            yield f"{program.__name__}, {n} letters", program, [rng.integers(0, 4, n), rng.integers(0, 4, n)]
        yield f"knapsack of {n}", knapsack, [rng.integers(1, 20, 50), rng.random(50), np.zeros(n)]


def matrices(n):
    """A symmetric one with a large diagonal."""
    import numpy as np

    a = np.random.default_rng(0).random((n, n)) + 2 * n * np.eye(n)
    return [a + a.T]


def kalman_data(n, steps=1000):
    """The matrices of a filter, and measurements of one number."""
    import numpy as np

    rng = np.random.default_rng(0)
    f = np.eye(n) + 0.01 * rng.random((n, n))
    return [f * 0.98, rng.random((1, n)), 0.1 * np.eye(n), np.eye(1), rng.random((steps, 1))]


def cell_data(n, state_gates, input_gates, m=16, steps=200):
    """Weights of n states and of m inputs for so many gates, and inputs."""
    import numpy as np

    rng = np.random.default_rng(0)
    weights = [rng.standard_normal((g * n, n)) * 0.1 for g in state_gates]
    return [*weights, rng.standard_normal((input_gates * n, m)) * 0.1, rng.random((steps, m))]


def hmm_data(n, symbols=10, steps=1000):
    """A hidden chain of n states, and what was seen of it."""
    import numpy as np

    rng = np.random.default_rng(0)
    t, e = rng.random((n, n)), rng.random((n, symbols))
    return [t / t.sum(1)[:, None], e / e.sum(1)[:, None], rng.integers(0, symbols, steps)]


def against(name, program, args) -> list[Row]:
    """One program against JAX and NumPy."""
    import jax
    import tnp

    import numpy as np

    f = tnp.function(functools.partial(program, tnp, tnp.fori_loop, tnp.scan))
    g = jax.jit(functools.partial(program, jax.numpy, jax.lax.fori_loop, jax.lax.scan))
    ours, theirs = [tnp.asarray(x) for x in args], [jax.numpy.asarray(x) for x in args]
    np.testing.assert_allclose(np.asarray(f(*ours)), np.asarray(g(*theirs)), rtol=1e-6, atol=1e-9)
    plain = functools.partial(program, np, python_loop, python_scan, *args)
    return [
        compare(name, lambda: f(*ours), "JAX", lambda: jax.block_until_ready(g(*theirs)), 0.5, seconds=0.6),
        compare(name, lambda: f(*ours), "NumPy", plain, 1.0, seconds=0.1),
    ]


def main() -> None:
    """Prints all of it."""
    import jax

    jax.config.update("jax_enable_x64", True)
    start = time.perf_counter()
    show("Solvers, filters, cells and tables as loops", [row for case in cases() for row in against(*case)])
    print(f"\n({time.perf_counter() - start:.0f} s)")


if __name__ == "__main__":
    main()
