"""Where vessels were at instants between their points."""

from __future__ import annotations

import numpy as np
from numba import njit

from fairlead.geo.sphere import wrap_lon_deg


@njit(cache=True, nogil=True)
def on_grid(
    starts: np.ndarray,
    time_us: np.ndarray,
    lat_deg: np.ndarray,
    lon_deg: np.ndarray,
    first_us: int,
    step_us: int,
    n_steps: int,
    hold_us: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Row of the last point, step number, latitude and longitude, for every vessel and step.

    `starts` are the runs of vessels (as schema.step.key_starts), each in order of time. Between
    two points at most `hold_us` apart the place is on the straight line in degrees, the short way
    round; after the last one, and before a longer silence, it stays for `hold_us`.
    """
    n_most = (len(starts) - 1) * n_steps
    rows = np.empty(n_most, np.int64)
    steps = np.empty(n_most, np.int64)
    lats = np.empty(n_most, np.float64)
    lons = np.empty(n_most, np.float64)
    n = 0
    for v in range(len(starts) - 1):
        at, end = starts[v], starts[v + 1]
        for s in range(n_steps):
            now_us = first_us + s * step_us
            while at + 1 < end and time_us[at + 1] <= now_us:
                at += 1
            waited_us = now_us - time_us[at]
            if waited_us < 0:
                continue
            lat, lon = lat_deg[at], lon_deg[at]
            between_us = time_us[at + 1] - time_us[at] if at + 1 < end else hold_us + 1
            if 0 < between_us <= hold_us:
                share = waited_us / between_us
                lat += share * (lat_deg[at + 1] - lat)
                lon = wrap_lon_deg(lon + share * wrap_lon_deg(lon_deg[at + 1] - lon))
            elif waited_us > hold_us:
                continue
            rows[n], steps[n], lats[n], lons[n] = at, s, lat, lon
            n += 1
    return rows[:n], steps[:n], lats[:n], lons[:n]
