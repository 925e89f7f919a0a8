"""Polynomials: poly1d, and the functions of coefficients, which give a poly1d where they are given one."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, overload

from . import _core

if TYPE_CHECKING:
    from . import ndarray
    from .typing import ArrayLike

__all__ = ["poly1d", "polyadd", "polyder", "polydiv", "polyint", "polymul", "polysub", "polyval", "roots"]

_functions = _core.functions


def _coefficients(x: Any) -> Any:
    return x.coeffs if isinstance(x, poly1d) else x


def _of_polynomials(name: str) -> Callable[..., Any]:
    function = _functions[name]

    @functools.wraps(function, assigned=("__doc__",), updated=())
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        for a in (*args, *kwargs.values()) if kwargs else args:
            if isinstance(a, poly1d):
                return of_polynomials(args, kwargs)
        return function(*args, **kwargs)

    def of_polynomials(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        out = function(*map(_coefficients, args), **{k: _coefficients(v) for k, v in kwargs.items()})
        return tuple(map(poly1d, out)) if isinstance(out, tuple) else poly1d(out)

    wrapper.__name__ = wrapper.__qualname__ = name
    wrapper.__text_signature__ = function.__text_signature__  # type: ignore[attr-defined]
    return wrapper


polyadd, polysub, polymul = _of_polynomials("polyadd"), _of_polynomials("polysub"), _of_polynomials("polymul")
polydiv, polyder, polyint = _of_polynomials("polydiv"), _of_polynomials("polyder"), _of_polynomials("polyint")


@overload
def polyval(p: ArrayLike, x: poly1d) -> poly1d: ...  # type: ignore[overload-overlap]
@overload
def polyval(p: ArrayLike, x: ArrayLike) -> ndarray: ...
def polyval(p: Any, x: Any) -> Any:
    """The values of a polynomial at x; of a polynomial, the one that comes of putting it in."""
    p = _coefficients(p)
    if not isinstance(x, poly1d):
        return _functions["polyval"](p, x)
    y = poly1d(0)
    for c in _core.asarray(p):
        y = y * x + c
    return y


def roots(p: ArrayLike) -> ndarray:
    """The roots of a polynomial: the eigenvalues of its companion matrix."""
    return _functions["roots"](_coefficients(p))


class poly1d:
    """A polynomial: ``poly1d([1, 2, 3])`` is x**2 + 2 x + 3, ``poly1d([1, 2], True)`` has the roots 1 and 2."""

    __hash__ = None  # type: ignore[assignment]
    _variable: str
    _coeffs: Any  # an array

    def __init__(self, c_or_r: ArrayLike, r: bool = False, variable: str | None = None) -> None:
        if isinstance(c_or_r, poly1d):
            self._variable, self._coeffs = c_or_r._variable, c_or_r._coeffs
        else:
            c = _functions["poly"](c_or_r) if r else c_or_r
            self._variable, self._coeffs = "x", _functions["_trim_coefficients"](c)
        if variable is not None:
            self._variable = variable

    @property
    def coeffs(self) -> ndarray:
        """The coefficients, the highest power first."""
        return self._coeffs

    c = coef = coefficients = coeffs

    @property
    def variable(self) -> str:
        """The name of the variable."""
        return self._variable

    @property
    def order(self) -> int:
        """The highest power."""
        return len(self._coeffs) - 1

    o = order

    @property
    def roots(self) -> ndarray:
        """The roots."""
        return roots(self._coeffs)

    r = roots

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        """The coefficients, for NumPy."""
        return self._coeffs.__array__(dtype, copy=copy)

    def __repr__(self) -> str:
        """poly1d([1, 2, 3])."""
        return f"poly1d({repr(self._coeffs)[len('array(') : -1]})"

    def __len__(self) -> int:
        """The highest power."""
        return self.order

    def __str__(self) -> str:
        """As it is written, the powers a line above."""
        text, powers = "", ""
        for power, c in zip(range(self.order, -1, -1), self._coeffs.tolist(), strict=True):
            if c == 0 and self.order > 0:
                continue
            shown = _number(c)
            if text:
                text += f" {'-' if shown.startswith('-') else '+'} "
                shown = shown.removeprefix("-")
            text += shown if power == 0 else f"{shown} {self._variable}"
            if power > 1:
                powers = powers.ljust(len(text)) + str(power)
                text = text.ljust(len(powers) - 1)
        return (powers or " ") + "\n" + text

    @overload
    def __call__(self, val: poly1d) -> poly1d: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, val: ArrayLike) -> ndarray: ...
    def __call__(self, val: Any) -> Any:
        """The value at val."""
        return polyval(self._coeffs, val)

    def __neg__(self) -> poly1d:
        """The polynomial with all signs changed."""
        return poly1d(-self._coeffs)

    def __pos__(self) -> poly1d:
        """The polynomial itself."""
        return self

    def __mul__(self, other: ArrayLike) -> poly1d:
        """The product."""
        if isinstance(other, (int, float, complex)):
            return poly1d(self._coeffs * other)
        return poly1d(polymul(self, poly1d(other)))

    __rmul__ = __mul__

    def __add__(self, other: ArrayLike) -> poly1d:
        """The sum."""
        return poly1d(polyadd(self, poly1d(other)))

    __radd__ = __add__

    def __sub__(self, other: ArrayLike) -> poly1d:
        """The difference."""
        return poly1d(polysub(self, poly1d(other)))

    def __rsub__(self, other: ArrayLike) -> poly1d:
        """The difference."""
        return poly1d(polysub(poly1d(other), self))

    def __pow__(self, val: int) -> poly1d:
        """The polynomial multiplied by itself."""
        if not isinstance(val, int) or val < 0:
            raise ValueError("Power to non-negative integers only.")
        result = poly1d([1])
        for _ in range(val):
            result = self * result
        return result

    def __truediv__(self, other: Any) -> Any:
        """By a number: a polynomial; by a polynomial: the quotient and the remainder."""
        if isinstance(other, (int, float, complex)):
            return poly1d(self._coeffs / other)
        return polydiv(self, poly1d(other))

    def __rtruediv__(self, other: ArrayLike) -> tuple[poly1d, poly1d]:
        """The quotient and the remainder."""
        return polydiv(poly1d(other), self)

    def __eq__(self, other: object) -> Any:
        """Whether the coefficients are the same."""
        if not isinstance(other, poly1d):
            return NotImplemented
        return self._coeffs.shape == other._coeffs.shape and bool(_functions["all"](self._coeffs == other._coeffs))

    def __ne__(self, other: object) -> Any:
        """Whether coefficients differ."""
        equal = self == other
        return equal if equal is NotImplemented else not equal

    def __getitem__(self, val: int) -> ndarray:
        """The coefficient of a power; 0 beyond the highest."""
        at = self.order - val
        return self._coeffs[at] if at >= 0 and val >= 0 else _core.asarray(0, dtype=self._coeffs.dtype)

    def __setitem__(self, key: int, val: Any) -> None:
        """Refused: polynomials do not change."""
        raise TypeError("tnp.poly1d is immutable: make another one of changed coefficients, p.coeffs.at[i].set(v)")

    def __iter__(self) -> Iterator[ndarray]:
        """The coefficients."""
        return iter(self._coeffs)

    def integ(self, m: int = 1, k: ArrayLike = 0) -> poly1d:
        """The m-th integral."""
        return poly1d(polyint(self._coeffs, m=m, k=k))

    def deriv(self, m: int = 1) -> poly1d:
        """The m-th derivative."""
        return poly1d(polyder(self._coeffs, m=m))


def _number(c: Any) -> str:
    if isinstance(c, complex):
        return f"({c.real:.4g} + {c.imag:.4g}j)" if c.imag >= 0 else f"({c.real:.4g} - {-c.imag:.4g}j)"
    return f"{c:.4g}"
