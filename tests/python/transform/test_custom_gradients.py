"""Functions with a gradient of their own: what they take from outside of their arguments, and all examples at once."""

import warnings

import pytest
import tnp

import numpy as np

X = np.array([0.5, -1.0, 2.0])


def close(a, b):
    np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-12)


@tnp.custom_gradient
def clipped(x):
    """Its gradient is not the derivative: 3 where x is between -1 and 1."""
    kept = tnp.abs(x) <= 1
    return tnp.clip(x, -1, 1), lambda ct: ct * tnp.where(kept, 3.0, 0.0)


@tnp.custom_gradient
def scaled(x, w):
    y = tnp.exp(x)
    return y * w, lambda ct: (ct * y * w * 2.0, tnp.sum(ct * y))


# --- arrays from outside


def uses(w):
    @tnp.custom_gradient
    def f(x):
        return x * w, lambda ct: ct * 5.0

    return f


@pytest.mark.parametrize("compiled", [False, True])
def test_a_gradient_that_is_not_known_is_refused(compiled):
    def loss(x, w):
        return tnp.sum(uses(tnp.sin(w))(x))

    f = tnp.function(loss) if compiled else loss
    close(tnp.grad(f)(X, tnp.asarray(2.0)), [5.0, 5.0, 5.0])
    with pytest.raises(TypeError, match="outside of its arguments"):
        tnp.grad(f, argnums=1)(X, tnp.asarray(2.0))
    with pytest.raises(TypeError, match="outside of its arguments"):
        tnp.grad(f, argnums=(0, 1))(X, tnp.asarray(2.0))
    if compiled:
        with pytest.raises(TypeError, match="outside of its arguments"):
            tnp.function(tnp.grad(f, argnums=1))(X, tnp.asarray(2.0))


@pytest.mark.parametrize("compiled", [False, True])
def test_what_is_known_of_arrays_from_outside(compiled):
    def stopped(x, w):
        return tnp.sum(uses(tnp.stop_gradient(w))(x)) + w

    def of_the_gradient_only(x, w):
        @tnp.custom_gradient
        def f(x):
            return x * 2.0, lambda ct: ct * w

        return tnp.sum(f(x))

    def of_integers(x, w):
        @tnp.custom_gradient
        def f(x):
            return x * (w > 1).astype(float), lambda ct: ct

        return tnp.sum(f(x))

    wrap = tnp.function if compiled else lambda f: f
    w = tnp.asarray(2.0)
    close(tnp.grad(wrap(stopped), argnums=1)(X, w), 1.0)
    close(tnp.grad(wrap(of_the_gradient_only))(X, w), [2.0, 2.0, 2.0])
    close(tnp.grad(wrap(of_the_gradient_only), argnums=1)(X, w), 0.0)
    close(tnp.grad(wrap(of_integers), argnums=1)(X, w), 0.0)


def test_variables_from_outside():
    v = tnp.Variable(3.0)

    @tnp.custom_gradient
    def f(x):
        return x * v.read(), lambda ct: ct * 7.0

    for g in (f, tnp.function(f)):
        x = tnp.asarray(2.0)
        with tnp.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = g(x)
        close(tape.gradient(y, x), 7.0)
        with pytest.raises(TypeError, match="outside of its arguments"):
            tape.gradient(y, v)


# --- batches


@pytest.mark.parametrize("compiled", [False, True])
def test_all_examples_at_once(compiled):
    batch = tnp.asarray(np.linspace(-2, 2, 12).reshape(4, 3))
    w = tnp.asarray([1.0, 2.0, 3.0, 4.0])

    def one(x, w):
        return tnp.sum(scaled(x, w)) + tnp.sum(clipped(x) * w)

    every = tnp.vmap(tnp.value_and_grad(one, argnums=(0, 1)), fallback=False)
    every = tnp.function(every) if compiled else every
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values, (dx, dw) = every(batch, w)
    for i in range(4):
        value, (gx, gw) = tnp.value_and_grad(one, argnums=(0, 1))(batch[i], w[i])
        close(values[i], value), close(dx[i], gx), close(dw[i], gw)


def test_an_argument_that_all_examples_share():
    batch = tnp.asarray(np.linspace(-2, 2, 12).reshape(4, 3))

    def total(batch, w):
        return tnp.sum(tnp.vmap(scaled, in_axes=(0, None), fallback=False)(batch, w))

    def one_by_one(batch, w):
        return sum(tnp.sum(scaled(batch[i], w)) for i in range(4))

    w = tnp.asarray(1.5)
    for argnum in (0, 1):
        close(tnp.grad(total, argnums=argnum)(batch, w), tnp.grad(one_by_one, argnums=argnum)(batch, w))
        close(tnp.grad(tnp.function(total), argnums=argnum)(batch, w), tnp.grad(total, argnums=argnum)(batch, w))


def test_results_that_do_not_depend_on_the_example():
    @tnp.custom_gradient
    def f(x, y):
        return (x * 2.0, y * 3.0), lambda a, b: (a * 10.0, b * 100.0)

    batch, y = tnp.asarray(np.ones((4, 3))), tnp.ones(3)
    out = tnp.vmap(f, in_axes=(0, None), out_axes=(0, None), fallback=False)(batch, y)
    close(out[0], batch * 2.0), close(out[1], y * 3.0)

    def loss(batch, y):
        a, b = tnp.vmap(f, in_axes=(0, None), out_axes=(0, None), fallback=False)(batch, y)
        return tnp.sum(a) + tnp.sum(b)

    close(tnp.grad(loss)(batch, y), np.full((4, 3), 10.0))
    close(tnp.grad(loss, argnums=1)(batch, y), np.full(3, 100.0))


def test_second_gradients_of_batches():
    @tnp.custom_gradient
    def cube(x):
        y = x * x
        return y * x, lambda ct: ct * y * 3.0

    batch = tnp.asarray([1.0, 2.0, -3.0])
    close(tnp.vmap(tnp.grad(tnp.grad(cube)), fallback=False)(batch), batch * 6.0)
    first = tnp.grad(lambda b: tnp.sum(tnp.vmap(cube, fallback=False)(b)))
    close(first(batch), batch**2 * 3.0)
    close(tnp.grad(lambda b: tnp.sum(first(b)))(batch), batch * 6.0)


def test_vmap_of_vmap():
    batch = tnp.asarray(np.linspace(-2, 2, 24).reshape(2, 4, 3))
    each = tnp.vmap(tnp.vmap(tnp.grad(lambda x: tnp.sum(clipped(x))), fallback=False), fallback=False)
    close(each(batch), np.where(np.abs(np.asarray(batch)) <= 1, 3.0, 0.0))
