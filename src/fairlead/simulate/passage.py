"""How one hull moves: a plan of legs, sampled on a grid of STEP_S seconds.

Positions are metres east and north of the scene's centre (azimuthal equidistant plane).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import atan2, cos, hypot, radians, sin

import numpy as np

from fairlead.geo.sphere import M_S_PER_KN

STEP_S = 10
_SMOOTH_STEPS = 31

UNDER_WAY, AT_ANCHOR, NOT_UNDER_COMMAND, RESTRICTED = 0, 1, 2, 3
MOORED, FISHING, SAILING, UNDEFINED = 5, 7, 8, 15


@dataclass(frozen=True, slots=True)
class Sampled:
    """A hull's motion at `first_s + k * STEP_S`: metres, knots, degrees, navigational status."""

    first_s: int
    x_m: np.ndarray
    y_m: np.ndarray
    speed_kn: np.ndarray
    course_deg: np.ndarray
    heading_deg: np.ndarray
    status: np.ndarray

    def index(self, seconds: np.ndarray | float) -> np.ndarray:
        steps = np.floor((np.asarray(seconds) - self.first_s) / STEP_S).astype(np.int64)
        return np.clip(steps, 0, len(self.x_m) - 1)

    def at(self, second: float) -> tuple[float, float]:
        k = int(self.index(second))
        return float(self.x_m[k]), float(self.y_m[k])


class Passage:
    """A plan under construction: each call adds a leg and moves the clock `now_s` on.

    `marked_s` is an instant to count from, such as the passing of a gate.
    """

    def __init__(self, rng: np.random.Generator, start_s: float, x_m: float, y_m: float) -> None:
        self.rng = rng
        self.now_s = float(start_s)
        self.x_m, self.y_m = float(x_m), float(y_m)
        self.marked_s = self.now_s
        self._knots = [(self.now_s, self.x_m, self.y_m)]
        self._status = [(self.now_s, UNDER_WAY)]
        self._headings: list[tuple[float, float, float]] = []
        self._slowed: list[tuple[float, float, float]] = []

    @property
    def starts_s(self) -> float:
        return self._knots[0][0]

    def _to(self, second: float, x_m: float, y_m: float) -> None:
        self._knots.append((second, x_m, y_m))
        self.now_s, self.x_m, self.y_m = second, x_m, y_m

    def status(self, status: int) -> Passage:
        self._status.append((self.now_s, status))
        return self

    def sail(self, x_m: float, y_m: float, speed_kn: float, weave_m: float = 40.0) -> Passage:
        """Under way to a place, with a helmsman's wander off the line."""
        x_0, y_0, since_s = self.x_m, self.y_m, self.now_s
        away_m = hypot(x_m - x_0, y_m - y_0)
        lasts_s = away_m / (speed_kn * M_S_PER_KN)
        n = int(lasts_s // 900)
        off_m = 0.0
        for k in range(1, n):
            off_m = 0.8 * off_m + float(self.rng.normal(0.0, weave_m * 0.6))
            share = k / n
            across = (y_m - y_0) / away_m, -(x_m - x_0) / away_m
            self._to(
                since_s + lasts_s * share,
                x_0 + (x_m - x_0) * share + across[0] * off_m,
                y_0 + (y_m - y_0) * share + across[1] * off_m,
            )
        self._to(since_s + lasts_s, x_m, y_m)
        return self

    def follow(self, places: list[tuple[float, float]], speed_kn: float) -> Passage:
        for x_m, y_m in places:
            self.sail(x_m, y_m, speed_kn)
        return self

    def wait(self, hours: float, status: int = MOORED) -> Passage:
        """Fast alongside or otherwise at rest."""
        self.status(status)
        self._to(self.now_s + hours * 3600.0, self.x_m, self.y_m)
        return self.status(UNDER_WAY)

    def swing(self, hours: float, radius_m: float = 130.0) -> Passage:
        """At anchor: swings with the tide round the anchor, sheering a little."""
        self.status(AT_ANCHOR)
        phase = float(self.rng.uniform(0, 6.28))
        turn = 2.0 * 3.1416 / (12.42 * 3600.0)
        since_s = self.now_s
        x_0 = self.x_m - radius_m * cos(phase)
        y_0 = self.y_m - radius_m * sin(phase)
        for k in range(1, int(hours * 6) + 1):
            second = since_s + k * 600.0
            angle = phase + turn * (second - since_s) + 0.10 * sin(k * 1.7 + phase)
            self._to(second, x_0 + radius_m * cos(angle), y_0 + radius_m * sin(angle))
        return self.status(UNDER_WAY)

    def drift(
        self, hours: float, speed_kn: float, toward_deg: float, beam_on: bool = True
    ) -> Passage:
        """Engine stopped: carried along, course wandering; beam to the wind when `beam_on`."""
        since_s = self.now_s
        for _ in range(int(hours * 4)):
            toward = radians(toward_deg + float(self.rng.normal(0.0, 12.0)))
            along_m = speed_kn * M_S_PER_KN * 900.0 * float(self.rng.uniform(0.85, 1.15))
            self._to(
                self.now_s + 900.0,
                self.x_m + along_m * sin(toward),
                self.y_m + along_m * cos(toward),
            )
        if beam_on:
            self._headings.append((since_s, self.now_s, (toward_deg + 85.0) % 360.0))
        return self

    def carried_along(self, other: Passage, since_s: float, x_m: float, y_m: float) -> Passage:
        """The same drift as another hull had since `since_s`, from a place beside it."""
        knots = [k for k in other._knots if k[0] > since_s]
        _, x_0, y_0 = next(k for k in reversed(other._knots) if k[0] <= since_s)
        for second, x, y in knots:
            self._to(second, x_m + x - x_0, y_m + y - y_0)
        for since, until, heading in other._headings:
            if until > since_s:
                self._headings.append((max(since, since_s), until, (heading + 3.0) % 360.0))
        return self

    def loiter(self, hours: float, speed_kn: float, along_deg: float) -> Passage:
        """Back and forth under power, slowly."""
        heading = radians(along_deg)
        until_s = self.now_s + hours * 3600.0
        while self.now_s < until_s - 1500.0:
            lasts_s = min(float(self.rng.uniform(2400, 4200)), until_s - self.now_s)
            along_m = speed_kn * M_S_PER_KN * lasts_s
            self._to(
                self.now_s + lasts_s,
                self.x_m + along_m * sin(heading),
                self.y_m + along_m * cos(heading),
            )
            heading += 3.1416 + float(self.rng.normal(0.0, 0.25))
        return self

    def fish(self, hours: float, speed_kn: float, centre: tuple[float, float]) -> Passage:
        """Tows of an hour or two over the ground, a slow haul between them."""
        until_s = self.now_s + hours * 3600.0
        self.status(FISHING)
        heading = float(self.rng.uniform(0, 6.28))
        while self.now_s < until_s:
            for _ in range(int(self.rng.integers(4, 9))):
                home = atan2(centre[0] - self.x_m, centre[1] - self.y_m)
                far = hypot(centre[0] - self.x_m, centre[1] - self.y_m) > 6000.0
                heading = home if far else heading + float(self.rng.normal(0.0, 0.35))
                along_m = speed_kn * M_S_PER_KN * 900.0 * float(self.rng.uniform(0.92, 1.08))
                self._to(
                    self.now_s + 900.0,
                    self.x_m + along_m * sin(heading),
                    self.y_m + along_m * cos(heading),
                )
            along_m = 0.9 * M_S_PER_KN * 1500.0
            self._to(
                self.now_s + 1500.0,
                self.x_m + along_m * sin(heading),
                self.y_m + along_m * cos(heading),
            )
        return self.status(UNDER_WAY)

    def slowed(self, since_s: float, until_s: float, share: float) -> Passage:
        """All at once `share` of the planned speed, and as suddenly back; what follows is late."""
        self._slowed.append((since_s, until_s, share))
        return self

    def wait_until(self, second: float, status: int = MOORED) -> Passage:
        if second > self.now_s:
            self.wait((second - self.now_s) / 3600.0, status)
        return self

    def sampled(self, until_s: float) -> Sampled:
        """The motion from the first knot to the last, or to `until_s`."""
        first_s = int(-(-max(0.0, self._knots[0][0]) // STEP_S) * STEP_S)
        last_s = min(self.now_s, until_s)
        n = max(2, int((last_s - first_s) // STEP_S) + 1)
        seconds = first_s + STEP_S * np.arange(n, dtype=np.float64)
        planned_s = self._progress(seconds)
        knots = np.array(self._knots)
        margin = (_SMOOTH_STEPS // 2) * STEP_S
        knots = _extended(knots, 2.0 * margin)
        dense = np.arange(knots[0, 0], knots[-1, 0] + STEP_S, STEP_S)
        x_m, y_m = (
            np.interp(planned_s, dense, _smooth(np.interp(dense, knots[:, 0], knots[:, k])))
            for k in (1, 2)
        )
        v_x, v_y = np.gradient(x_m, STEP_S), np.gradient(y_m, STEP_S)
        course = np.degrees(np.arctan2(v_x, v_y)) % 360.0
        return Sampled(
            first_s=first_s,
            x_m=x_m,
            y_m=y_m,
            speed_kn=np.hypot(v_x, v_y) / M_S_PER_KN,
            course_deg=course,
            heading_deg=self._heading(seconds, course, np.hypot(v_x, v_y)),
            status=self._statuses(planned_s),
        )

    def _progress(self, seconds: np.ndarray) -> np.ndarray:
        """The planned second that each second of the clock has got to."""
        clock, planned = [float(seconds[0])], [float(seconds[0])]
        for since_s, until_s, share in sorted(self._slowed):
            planned.append(planned[-1] + since_s - clock[-1])
            clock.append(since_s)
            planned.append(planned[-1] + (until_s - since_s) * share)
            clock.append(until_s)
        end_s = max(float(seconds[-1]), clock[-1]) + 1.0
        planned.append(planned[-1] + end_s - clock[-1])
        clock.append(end_s)
        return np.interp(seconds, clock, planned)

    def _statuses(self, planned_s: np.ndarray) -> np.ndarray:
        since = np.array([s for s, _ in self._status])
        values = np.array([v for _, v in self._status], np.int8)
        return values[np.maximum(0, np.searchsorted(since, planned_s, side="right") - 1)]

    def _heading(
        self, seconds: np.ndarray, course: np.ndarray, speed_m_s: np.ndarray
    ) -> np.ndarray:
        """Along the course; the last heading under way when the hull lies still."""
        moving = speed_m_s > 0.25
        last = np.maximum.accumulate(np.where(moving, np.arange(len(course)), -1))
        first = int(np.argmax(moving)) if moving.any() else 0
        heading = course[np.where(last < 0, first, last)]
        for since_s, until_s, fixed in self._headings:
            inside = (seconds >= since_s) & (seconds < until_s)
            heading = np.where(inside, (fixed + 4.0 * np.sin(seconds / 900.0)) % 360.0, heading)
        return heading


def _extended(knots: np.ndarray, by_s: float) -> np.ndarray:
    """The first and the last leg lengthened, so that smoothing slows nothing at the ends."""
    if len(knots) < 2:
        return np.vstack((knots - [by_s, 0.0, 0.0], knots, knots + [by_s, 0.0, 0.0]))
    ends = []
    for end, inner in ((knots[0], knots[1]), (knots[-1], knots[-2])):
        lasts_s = end[0] - inner[0]
        share = by_s / max(1.0, abs(lasts_s))
        ends.append(end + (end - inner) * share)
    return np.vstack((ends[0], knots, ends[1]))


def _smooth(values: np.ndarray) -> np.ndarray:
    """A moving average, the ends held: turns and changes of speed take a few minutes."""
    half = _SMOOTH_STEPS // 2
    padded = np.concatenate((np.full(half, values[0]), values, np.full(half, values[-1])))
    total = np.cumsum(np.concatenate(([0.0], padded)))
    return (total[_SMOOTH_STEPS:] - total[:-_SMOOTH_STEPS]) / _SMOOTH_STEPS
