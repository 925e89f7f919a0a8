"""Fourier transforms and convolutions of tnp against NumPy's."""

from __future__ import annotations

import tnp

import numpy as np
from benchmarks.timing import Row, compare, show


def rows() -> list[Row]:
    """Long, two-dimensional, of a prime length, short."""
    rng = np.random.default_rng(0)
    line = rng.standard_normal(1 << 20) + 1j * rng.standard_normal(1 << 20)
    plane = rng.standard_normal((1024, 1024)) + 0j
    cases = [
        ("fft complex128 1M", "fft", line, 0.25),
        ("fft2 complex128 1024", "fft2", plane, 0.3),
        ("fft2 complex64 1024", "fft2", plane.astype(np.complex64), 0.3),
        ("fft of float64 1M", "fft", line.real.copy(), 0.5),
        ("rfft float64 1M", "rfft", line.real.copy(), 1.0),
        ("fft complex128 1000003", "fft", line[:1000003].copy(), 1.0),
        ("fft complex128 8", "fft", line[:8].copy(), 1.0),
    ]
    out = []
    for title, name, x, target in cases:
        ours, theirs, mine = getattr(tnp.fft, name), getattr(np.fft, name), tnp.asarray(x)
        out.append(compare(title, lambda f=ours, a=mine: f(a), "NumPy", lambda f=theirs, a=x: f(a), target))
    a, v = rng.standard_normal(100_000), rng.standard_normal(100)
    b, w = tnp.asarray(a), tnp.asarray(v)
    out.append(compare("convolve 100000 by 100", lambda: tnp.convolve(b, w), "NumPy", lambda: np.convolve(a, v), 1.0))
    return out


def main() -> None:
    """Prints the table."""
    show("Fourier transforms against NumPy", rows())


if __name__ == "__main__":
    main()
