"""Truth that follows from the motion itself: zone crossings, berths, slow spells, close pairs."""

from __future__ import annotations

import numpy as np

from fairlead.geo.sphere import M_PER_NM
from fairlead.simulate.fleet import Hull
from fairlead.simulate.passage import AT_ANCHOR, MOORED, STEP_S, Sampled
from fairlead.simulate.strait import (
    ANCHORAGE,
    HALLOW_QUAY,
    KERRAN,
    PORTMELLIN,
    RESERVE_DEG,
    Scene,
    at,
)
from fairlead.simulate.truth import Happening

_EVERY = 30
"""Grid steps between the instants that are looked at: five minutes."""


def derive(scene: Scene, motions: list[Sampled]) -> list[Happening]:
    """What the hulls' true motion amounts to, beside what was planted on purpose."""
    told = {(h.kind, h.hull_id) for h in scene.happenings if h.grade == "planted"}
    found: list[Happening] = []
    for hull, motion in zip(scene.hulls, motions, strict=True):
        if hull.station >= 2:
            continue
        found += _zone_crossings(hull, motion)
        found += _port_visits(hull, motion, ("port_visit", hull.hull_id) in told)
        found += _slow_spells(hull, motion)
        found += _speed_steps(hull, motion)
    return found + _close_pairs(scene.hulls, motions)


def _happening(
    kind: str, grade: str, case: str, hull: Hull, start_s: float, end_s: float, detail: str
) -> Happening:
    return Happening(
        kind,
        grade,
        case,
        hull.identity_at(start_s).mmsi,
        hull.hull_id,
        start_s,
        end_s,
        None,
        detail,
    )


def runs(inside: np.ndarray) -> list[tuple[int, int]]:
    """First and last index of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], inside.astype(np.int8), [0]))))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _heard_on(hull: Hull, second: float) -> bool:
    return all(not since <= second < until for since, until in hull.silent_s)


def _zone_crossings(hull: Hull, motion: Sampled) -> list[Happening]:
    """Entry into and exit from the reserve; a stay under 20 minutes is incidental."""
    corners = [at(*corner) for corner in RESERVE_DEG]
    inside = (
        (motion.x_m > min(c[0] for c in corners))
        & (motion.x_m < max(c[0] for c in corners))
        & (motion.y_m > min(c[1] for c in corners))
        & (motion.y_m < max(c[1] for c in corners))
    )
    found = []
    for first, last in runs(inside):
        start_s = motion.first_s + first * STEP_S
        end_s = motion.first_s + (last + 1) * STEP_S
        heard = _heard_on(hull, start_s) and _heard_on(hull, end_s)
        grade = "planted" if end_s - start_s >= 1200.0 and heard and first > 0 else "incidental"
        found.append(_happening("zone", grade, "reserve", hull, start_s, end_s, "in the reserve"))
    return found


def _port_visits(hull: Hull, motion: Sampled, told: bool) -> list[Happening]:
    if told:
        return []
    resting = (motion.status == MOORED) | (motion.status == AT_ANCHOR)
    found = []
    for first, last in runs(resting):
        place = motion.x_m[first], motion.y_m[first]
        near = min(
            np.hypot(place[0] - p[0], place[1] - p[1])
            for p in (PORTMELLIN, HALLOW_QUAY, KERRAN, ANCHORAGE)
        )
        if near < 5.0 * M_PER_NM and (last - first) * STEP_S >= 60:
            start_s, end_s = (motion.first_s + k * STEP_S for k in (first, last))
            found.append(
                _happening(
                    "port_visit", "incidental", hull.role, hull, start_s, end_s, "lies in port"
                )
            )
    return found


def _slow_spells(hull: Hull, motion: Sampled) -> list[Happening]:
    """Ten-minute means under 2.2 knots for 45 minutes on end, neither moored nor at anchor."""
    width = 600 // STEP_S
    if len(motion.speed_kn) <= width:
        return []
    total = np.cumsum(np.concatenate(([0.0], motion.speed_kn)))
    mean_kn = (total[width:] - total[:-width]) / width
    free = (motion.status != MOORED) & (motion.status != AT_ANCHOR)
    found = []
    for first, last in runs((mean_kn < 2.2) & free[: len(mean_kn)] & free[width - 1 :]):
        if (last - first + width) * STEP_S < 2700:
            continue
        start_s, end_s = motion.first_s + first * STEP_S, motion.first_s + (last + width) * STEP_S
        found += [
            _happening(kind, "incidental", hull.role, hull, start_s, end_s, "under 2 knots")
            for kind in ("loitering", "drifting")
        ]
    return found


def _speed_steps(hull: Hull, motion: Sampled) -> list[Happening]:
    """Changes of 5 knots within ten minutes, as ferries and fishers make them."""
    span = 600 // STEP_S
    if len(motion.speed_kn) <= span:
        return []
    stepped = np.abs(motion.speed_kn[span:] - motion.speed_kn[:-span]) >= 5.0
    found = []
    for first, last in runs(stepped):
        start_s, end_s = motion.first_s + first * STEP_S, motion.first_s + (last + span) * STEP_S
        found.append(
            _happening(
                "speed_change", "incidental", hull.role, hull, start_s, end_s, "5 knots in 10 min"
            )
        )
    return found


def _close_pairs(hulls: list[Hull], motions: list[Sampled]) -> list[Happening]:
    """Pairs within 500 m, under 2 knots and not at rest for 50 minutes: incidental."""
    rows = [
        (h, m) for h, m in zip(hulls, motions, strict=True) if h.station < 2 and len(m.x_m) > _EVERY
    ]
    every_s = _EVERY * STEP_S
    until = max(m.first_s + len(m.x_m) * STEP_S for _, m in rows) // every_s + 1
    x_m = np.full((len(rows), until), np.nan)
    y_m, slow = x_m.copy(), np.zeros(x_m.shape, bool)
    for k, (_, motion) in enumerate(rows):
        at_steps = np.arange(-(-motion.first_s // every_s), until)
        index = (at_steps * every_s - motion.first_s) // STEP_S
        at_steps, index = at_steps[index < len(motion.x_m)], index[index < len(motion.x_m)]
        x_m[k, at_steps], y_m[k, at_steps] = motion.x_m[index], motion.y_m[index]
        free = (motion.status[index] != MOORED) & (motion.status[index] != AT_ANCHOR)
        slow[k, at_steps] = (motion.speed_kn[index] < 2.5) & free
    found = []
    for i in range(len(rows) - 1):
        near = (
            slow[i]
            & slow[i + 1 :]
            & (np.hypot(x_m[i] - x_m[i + 1 :], y_m[i] - y_m[i + 1 :]) < 550.0)
        )
        for j in np.flatnonzero(near.sum(axis=1) >= 10):
            found += _pair(rows[i][0], rows[i + 1 + int(j)][0], near[j], every_s)
    return found


def _pair(one: Hull, other: Hull, near: np.ndarray, every_s: int) -> list[Happening]:
    return [
        Happening(
            "encounter", "incidental", "close", one.identity_at(first * every_s).mmsi, one.hull_id,
            float(first * every_s), float(last * every_s), None, "close and slow",
            other.identity_at(first * every_s).mmsi, other.hull_id,
        )
        for first, last in runs(near)
        if last - first >= 10
    ]  # fmt: skip
