"""Shades a real elevation grid: slopes and light from the north-west, as a PNG.

The grid (part of the Jacksboro fault, from a NASA elevation model) ships with Matplotlib. The computation is plain NumPy code
on tnp arrays, compiled by tnp.function.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib

import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import tnp
from matplotlib import cbook

OUTPUT = Path(__file__).resolve().parent / "output"
METRES_PER_DEGREE = 111_200.0


def gradient(z, dx, dy):
    """Central differences inside and one-sided ones at the edges, as numpy.gradient: dz/dx, dz/dy in metres a metre."""
    east = tnp.concatenate([z[:, 1:2] - z[:, :1], (z[:, 2:] - z[:, :-2]) / 2, z[:, -1:] - z[:, -2:-1]], axis=1) / dx
    south = tnp.concatenate([z[1:2] - z[:1], (z[2:] - z[:-2]) / 2, z[-1:] - z[-2:-1]], axis=0) / dy
    return east, south


@tnp.function
def hillshade(z, dx, dy, azimuth, altitude):
    """Brightness (0 to 1) of each place under light from `azimuth` and `altitude` (radians)."""
    east, south = gradient(z, dx, dy)
    slope = tnp.arctan(tnp.hypot(east, south))
    aspect = tnp.arctan2(-south, east)
    light = tnp.sin(altitude) * tnp.cos(slope) + tnp.cos(altitude) * tnp.sin(slope) * tnp.cos(azimuth - aspect)
    return tnp.clip(light, 0, 1)


def main() -> None:
    with cbook.get_sample_data("jacksboro_fault_dem.npz") as data:
        elevation, dx, dy, latitude = data["elevation"].astype(np.float64), data["dx"], data["dy"], float(data["ymin"])
    metres_x = float(dx) * METRES_PER_DEGREE * np.cos(np.deg2rad(latitude))
    metres_y = float(dy) * METRES_PER_DEGREE

    east, south = gradient(tnp.asarray(elevation), metres_x, metres_y)
    expected_south, expected_east = np.gradient(elevation, metres_y, metres_x)
    np.testing.assert_allclose(east, expected_east, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(south, expected_south, rtol=1e-12, atol=1e-12)

    shade = hillshade(elevation, metres_x, metres_y, tnp.asarray(np.deg2rad(315.0)), tnp.asarray(np.deg2rad(45.0)))
    steepest = tnp.hypot(east, south).max()
    print(
        f"elevation {elevation.shape}, {elevation.min():.0f} to {elevation.max():.0f} m; steepest slope {float(tnp.degrees(tnp.arctan(steepest))):.1f} degrees"
    )
    OUTPUT.mkdir(exist_ok=True)
    picture = OUTPUT / "terrain.png"
    colours = plt.get_cmap("gist_earth")((elevation - elevation.min()) / np.ptp(elevation))[..., :3]
    plt.imsave(picture, np.clip(colours * (0.35 + 0.65 * np.asarray(shade)[..., None]), 0, 1))
    print(f"wrote {picture}")


if __name__ == "__main__":
    main()
