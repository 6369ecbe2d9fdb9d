"""Ocean traffic for speed runs: millions of positions in order of time at constant memory.

Vessels go between random places of a few sea areas, one of them astride 180 degrees; some lie
still, some fish, and a few meet, loiter, fall silent or jump, which is written down as truth.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numba import njit

from fairlead.geo.cells import COVERAGE_CELL_DEG, cells_of
from fairlead.geo.sphere import (
    M_S_PER_KN,
    bearing_deg,
    destination_deg,
    distance_m,
    wrap_lon_deg,
)
from fairlead.schema.errors import ConfigError
from fairlead.schema.ids import row_ids
from fairlead.schema.tables import TRACK_POINTS
from fairlead.simulate.chance import generator, normal, uniform
from fairlead.simulate.clock import START_US, clock_columns
from fairlead.simulate.fleet import FLAGS, Identity, identity_tables, with_check_digit
from fairlead.simulate.payloads import FORMS, MOTION, armoured, fill_bits
from fairlead.simulate.sentences import write_lines
from fairlead.simulate.truth import events_table

_LEGS = 10
_CHUNK = 240_000
_STATIC_EVERY_S = 3600.0
_AREAS = 40
_PLANTED = ("encounter", "encounter", "loitering", "gap", "position_jump")
_AT = {name: k for k, name in enumerate(MOTION)}


@dataclass(frozen=True, slots=True)
class Traffic:
    """What was written: paths and counts."""

    nmea: Path
    truth_events: Path
    n_positions: int
    n_lines: int
    n_vessels: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Motion of all vessels: knots in time and place, what is planted, when each reports.

    `knot_s`, `lat_deg`, `lon_deg` (unwrapped) have shape (n, _LEGS + 1); `silent_s` and `jump_s`
    (n, 2), empty spans where nothing is planted; `rest` is the navigational status.
    """

    seed: int
    every_s: float
    until_s: float
    mmsi: np.ndarray
    class_b: np.ndarray
    status: np.ndarray
    knot_s: np.ndarray
    lat_deg: np.ndarray
    lon_deg: np.ndarray
    silent_s: np.ndarray
    jump_s: np.ndarray
    truth: pa.Table


def traffic(
    n_vessels: int, n_positions: int, hours: float, seed: int, out_dir: Path | str
) -> Traffic:
    """Writes `sea.nmea` and `truth.jsonl` into the folder `out_dir`: about `n_positions` positions.

    Vessels that fall silent send fewer; the count written is returned. Same arguments, same bytes.
    """
    plan = make_plan(n_vessels, n_positions, hours, seed)
    folder = Path(out_dir)
    folder.mkdir(parents=True, exist_ok=True)
    static, texts = identity_tables(_identities(plan))
    counted = lines = 0
    with (folder / "sea.nmea").open("wb") as file:
        for times, vessel, forms, motion in _chunks(plan, statics=True):
            counted += int(np.isin(forms, _POSITIONS).sum())
            payloads, lengths = armoured(forms, motion, vessel, static, texts)
            rows = _rows(times, forms)
            lines += len(rows["message"])
            block = write_lines(
                payloads, lengths, fill_bits(forms), rows, ["ocean"], np.zeros(1, bool)
            )
            file.write(block.data)
    with (folder / "truth.jsonl").open("w", encoding="utf-8") as file:
        for row in plan.truth.to_pylist():
            file.write(json.dumps(row, sort_keys=True) + "\n")
    return Traffic(folder / "sea.nmea", folder / "truth.jsonl", counted, lines, n_vessels)


def traffic_points(
    n_vessels: int, n_positions: int, hours: float, seed: int
) -> tuple[pa.Table, pa.Table]:
    """The same traffic as TRACK_POINTS sorted by track and time (a track per MMSI), and truth."""
    plan = make_plan(n_vessels, n_positions, hours, seed)
    parts = []
    for times, vessel, _, motion in _chunks(plan, statics=False):
        time_us = START_US + np.rint(times * 1e6).astype(np.int64)
        lat_deg, lon_deg = motion[:, _AT["lat"]] / 600_000.0, motion[:, _AT["lon"]] / 600_000.0
        mmsi = plan.mmsi[vessel]
        columns = {
            "track_id": mmsi,
            "time_us": time_us,
            "observation_id": row_ids(mmsi, time_us, motion[:, _AT["lat"]]),
            "mmsi": mmsi.astype(np.int32),
            "msg_type": np.where(plan.class_b[vessel], 18, 1).astype(np.int8),
            "station_class": np.zeros(len(times), np.int8),
            "lat_deg": lat_deg,
            "lon_deg": lon_deg,
            "speed_kn": (motion[:, _AT["sog"]] / 10.0).astype(np.float32),
            "course_deg": (motion[:, _AT["cog"]] / 10.0).astype(np.float32),
            "heading_deg": motion[:, _AT["heading"]].astype(np.float32),
            "nav_status": plan.status[vessel].astype(np.int8),
            "cell": cells_of(lat_deg, lon_deg, COVERAGE_CELL_DEG),
        }
        parts.append(TRACK_POINTS.rows(columns))
    rows = pa.concat_tables(parts).combine_chunks()
    order = np.lexsort((rows["time_us"].to_numpy(), rows["track_id"].to_numpy()))
    return rows.take(pa.array(order)), plan.truth


def make_plan(n_vessels: int, n_positions: int, hours: float, seed: int) -> Plan:
    """Where every vessel is at any time, and what is planted."""
    if n_vessels < 1 or n_positions < n_vessels or not hours > 0:
        message = f"traffic of {n_vessels} vessels, {n_positions} positions, {hours} hours"
        raise ConfigError(message, help="give at least one position for each vessel")
    rng = generator(seed, 40)
    until_s = hours * 3600.0
    countries = np.array([f[0] for f in FLAGS])[rng.integers(0, len(FLAGS), n_vessels)]
    mmsi = countries * 1_000_000 + 100_000 + np.arange(n_vessels)
    kinds = np.array([""] * n_vessels, dtype=object)
    planted = n_vessels // 50 * len(_PLANTED) // 2 if n_vessels >= 50 and hours >= 16 else 0
    kinds[:planted] = [_PLANTED[k % len(_PLANTED)] for k in range(planted)]
    speed_kn, status, reach_deg = _habits(rng, kinds)
    knot_s, lat_deg, lon_deg = _roam(rng, speed_kn, reach_deg)
    silent_s, jump_s = np.full((n_vessels, 2), np.inf), np.full((n_vessels, 2), np.inf)
    rows: list[dict[str, object]] = []
    for v in range(planted):
        start_s = float(rng.uniform(4.0, hours - 11.5)) * 3600.0
        if kinds[v] == "encounter" and v % len(_PLANTED) == 1:
            for knots, beside in ((knot_s, 0.0), (lat_deg, 0.0012), (lon_deg, 0.0)):
                _meet_beside(knots, v, beside)
            _tell(rows, "encounter", mmsi, v - 1, knot_s[v, 1], knot_s[v, 2], lat_deg, lon_deg, v)
        elif kinds[v] in ("encounter", "loitering"):
            lasts_s = float(rng.uniform(2.6, 6.0)) * 3600.0
            _linger(rng, knot_s, lat_deg, lon_deg, v, start_s, lasts_s, float(speed_kn[v]))
            if kinds[v] == "loitering":
                _tell(rows, "loitering", mmsi, v, start_s, start_s + lasts_s, lat_deg, lon_deg)
        else:
            spans = silent_s if kinds[v] == "gap" else jump_s
            lasts_s = float(rng.uniform(7.0, 10.0)) if kinds[v] == "gap" else 0.5
            spans[v] = start_s, start_s + lasts_s * 3600.0
            _tell(rows, str(kinds[v]), mmsi, v, spans[v, 0], spans[v, 1], lat_deg, lon_deg)
    class_b = (np.arange(n_vessels) % 5 == 4) & (kinds == "")
    return Plan(
        seed, until_s * n_vessels / n_positions, until_s, mmsi, class_b, status, knot_s, lat_deg,
        lon_deg, silent_s, jump_s, events_table(rows),
    )  # fmt: skip


def _habits(
    rng: np.random.Generator, kinds: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Speed in knots, navigational status, and how far a vessel roams, in degrees."""
    n = len(kinds)
    share = rng.random(n)
    moored, fishing = (share < 0.15) & (kinds == ""), (share > 0.85) & (kinds == "")
    speed_kn = np.where(fishing, rng.uniform(3.0, 4.5, n), rng.uniform(9.0, 17.0, n))
    status = np.where(moored, 5, np.where(fishing, 7, 0))
    reach_deg = np.where(moored, 0.0, np.where(fishing, 0.4, 2.5))
    return speed_kn, status, reach_deg


def _roam(
    rng: np.random.Generator, speed_kn: np.ndarray, reach_deg: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Knots of a way between random places around each vessel's home."""
    n = len(speed_kn)
    area_lat, area_lon = rng.uniform(-55, 55, _AREAS), rng.uniform(-180, 180, _AREAS)
    area_lon[0] = 179.6
    area = rng.integers(0, _AREAS, n)
    home_lat = area_lat[area] + rng.uniform(-1.5, 1.5, n)
    home_lon = area_lon[area] + rng.uniform(-1.5, 1.5, n)
    lat_deg = home_lat[:, None] + reach_deg[:, None] * rng.uniform(-1, 1, (n, _LEGS + 1))
    lon_deg = home_lon[:, None] + reach_deg[:, None] * rng.uniform(-1, 1, (n, _LEGS + 1))
    return _timed(speed_kn, lat_deg, lon_deg), lat_deg, lon_deg


@njit(cache=True, nogil=True)
def _timed(speed_kn: np.ndarray, lat_deg: np.ndarray, lon_deg: np.ndarray) -> np.ndarray:
    """Seconds at which a vessel is at its knots; still vessels stay a day and a half at each."""
    knot_s = np.zeros(lat_deg.shape)
    for v in range(len(lat_deg)):
        for k in range(1, lat_deg.shape[1]):
            away_m = distance_m(lat_deg[v, k - 1], lon_deg[v, k - 1], lat_deg[v, k], lon_deg[v, k])
            lasts_s = away_m / (speed_kn[v] * M_S_PER_KN)
            knot_s[v, k] = knot_s[v, k - 1] + (lasts_s if away_m > 1.0 else 130_000.0)
    return knot_s


def _linger(
    rng: np.random.Generator,
    knot_s: np.ndarray,
    lat_deg: np.ndarray,
    lon_deg: np.ndarray,
    v: int,
    start_s: float,
    lasts_s: float,
    speed_kn: float,
) -> None:
    """Sails straight to its first place, drifts there, and sails straight on."""
    place = float(lat_deg[v, 1]), float(lon_deg[v, 1])
    heading = float(rng.uniform(0, 360))
    before = destination_deg(*place, (heading + 180.0) % 360.0, start_s * speed_kn * M_S_PER_KN)
    after = destination_deg(*place, (heading + 40.0) % 360.0, lasts_s * 0.7 * M_S_PER_KN)
    last = destination_deg(*after, heading, 100_000.0 * speed_kn * M_S_PER_KN)
    for k, (lat, lon) in enumerate((before, place, after, last)):
        lat_deg[v, k] = lat
        lon_deg[v, k] = place[1] + wrap_lon_deg(lon - place[1])
    knot_s[v, :4] = 0.0, start_s, start_s + lasts_s, start_s + lasts_s + 100_000.0
    knot_s[v, 4:] = knot_s[v, 3] + 100_000.0 * np.arange(1, _LEGS - 2)
    lat_deg[v, 4:], lon_deg[v, 4:] = lat_deg[v, 3], lon_deg[v, 3]


def _meet_beside(knots: np.ndarray, v: int, beside: float) -> None:
    """The vessel before it in the plan, 130 m to the north, by the same knots."""
    knots[v] = knots[v - 1] + beside
    if beside:
        knots[v, 0] += 0.8
        knots[v, 3:] -= 1.2


def _tell(
    rows: list[dict[str, object]],
    kind: str,
    mmsi: np.ndarray,
    v: int,
    start_s: float,
    end_s: float,
    lat_deg: np.ndarray,
    lon_deg: np.ndarray,
    other: int | None = None,
) -> None:
    rows.append(
        {
            "kind": kind,
            "grade": "planted",
            "case": "traffic",
            "mmsi": int(mmsi[v]),
            "other_mmsi": None if other is None else int(mmsi[other]),
            "hull_id": v + 1,
            "other_hull_id": None if other is None else other + 1,
            "start_us": START_US + round(start_s * 1e6),
            "end_us": START_US + round(end_s * 1e6),
            "lat_deg": float(lat_deg[v, 1]),
            "lon_deg": float(wrap_lon_deg(lon_deg[v, 1])),
            "detail": "planted in ocean traffic",
        }
    )


def _identities(plan: Plan) -> list[Identity]:
    return [
        Identity(
            mmsi=int(mmsi),
            name=f"OCEAN TRAFFIC {v}",
            callsign=f"OC{v:05d}",
            imo=0 if plan.class_b[v] else with_check_digit(500_000 + v % 100_000),
            ship_type=(70, 80, 30, 60)[v % 4],
            size_m=(100 + v % 90, 20, 12, 12),
            draught_m=6.0 + v % 70 / 10.0,
            destination="FOR ORDERS",
        )
        for v, mmsi in enumerate(plan.mmsi)
    ]


_POSITIONS = np.array([FORMS.index("1"), FORMS.index("18")])
_FIVE, _NAME, _CALL = FORMS.index("5"), FORMS.index("24a"), FORMS.index("24b")


def _chunks(
    plan: Plan, *, statics: bool
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Seconds, vessels, forms and `motion` of all messages in order of time, part by part."""
    n = len(plan.mmsi)
    n_rounds = round(plan.until_s / plan.every_s)
    at_once = max(1, _CHUNK // n)
    for first in range(0, n_rounds, at_once):
        rounds = np.repeat(np.arange(first, min(n_rounds, first + at_once)), n)
        vessel = np.tile(np.arange(n), len(rounds) // n)
        times = np.empty(len(rounds))
        _when(plan.seed, plan.every_s, rounds, vessel, times)
        forms = np.where(plan.class_b[vessel], _POSITIONS[1], _POSITIONS[0])
        if statics:
            more = _statics(plan, first * plan.every_s, (rounds[-1] + 1) * plan.every_s)
            times = np.concatenate((times, more[0]))
            vessel, forms = np.concatenate((vessel, more[1])), np.concatenate((forms, more[2]))
        silent = plan.silent_s[vessel]
        heard = (times < silent[:, 0]) | (times >= silent[:, 1])
        order = np.flatnonzero(heard)[np.lexsort((forms[heard], vessel[heard], times[heard]))]
        times, vessel, forms = times[order], vessel[order], forms[order]
        motion = np.zeros((len(times), len(MOTION)), np.int64)
        _move(
            plan.seed, times, vessel, plan.status, plan.knot_s, plan.lat_deg, plan.lon_deg,
            plan.jump_s, motion,
        )  # fmt: skip
        clock_columns(motion, START_US + np.rint(times * 1e6).astype(np.int64))
        yield times, vessel, forms, motion


@njit(cache=True, nogil=True)
def _when(
    seed: int, every_s: float, rounds: np.ndarray, vessel: np.ndarray, times: np.ndarray
) -> None:
    """Each vessel reports once in a round, at a phase of its own with a little jitter."""
    for i in range(len(rounds)):
        phase = 0.05 + 0.85 * uniform(seed, 61, vessel[i])
        jitter = 0.1 * uniform(seed, 62 + rounds[i], vessel[i])
        times[i] = np.floor((rounds[i] + phase + jitter) * every_s * 1000.0) / 1000.0


def _statics(
    plan: Plan, since_s: float, until_s: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Static messages that fall due between two instants: type 5, or 24 parts A and B."""
    n = len(plan.mmsi)
    phase = np.arange(n) / n * _STATIC_EVERY_S
    first = np.ceil((since_s - phase) / _STATIC_EVERY_S)
    times, vessels = [], []
    for k in range(int((until_s - since_s) // _STATIC_EVERY_S) + 2):
        due = phase + (first + k) * _STATIC_EVERY_S
        inside = (due < until_s) & (due >= 0)
        times.append(due[inside])
        vessels.append(np.flatnonzero(inside))
    due, vessel = np.concatenate(times), np.concatenate(vessels)
    b = plan.class_b[vessel]
    return (
        np.concatenate((due, due[b])),
        np.concatenate((vessel, vessel[b])),
        np.concatenate((np.where(b, _NAME, _FIVE), np.full(int(b.sum()), _CALL))),
    )


@njit(cache=True, nogil=True)
def _move(  # noqa: ANN202
    seed, times, vessel, status, knot_s, lat_deg, lon_deg, jump_s, motion  # noqa: ANN001
):  # fmt: skip
    """Fills `motion` in the units of the air interface: columns of payloads.MOTION."""
    for i in range(len(times)):
        v, now_s = vessel[i], times[i]
        k = 1
        while k < knot_s.shape[1] - 1 and knot_s[v, k] <= now_s:
            k += 1
        lasts_s = knot_s[v, k] - knot_s[v, k - 1]
        share = (now_s - knot_s[v, k - 1]) / lasts_s
        lat_0, lon_0, lat_1, lon_1 = (
            lat_deg[v, k - 1], lon_deg[v, k - 1], lat_deg[v, k], lon_deg[v, k],
        )  # fmt: skip
        lat = lat_0 + (lat_1 - lat_0) * share + 3e-5 * normal(seed, 1000 + v, 2 * i)
        lon = lon_0 + (lon_1 - lon_0) * share + 3e-5 * normal(seed, 1000 + v, 2 * i + 1)
        if jump_s[v, 0] <= now_s < jump_s[v, 1]:
            lat += 0.6
        away_m = distance_m(lat_0, lon_0, lat_1, lon_1)
        course = bearing_deg(lat_0, lon_0, lat_1, lon_1) if away_m > 1.0 else 37.0 * (v % 9)
        motion[i, 0] = int(np.rint(wrap_lon_deg(lon) * 600_000.0))
        motion[i, 1] = int(np.rint(lat * 600_000.0))
        motion[i, 2] = min(1022, int(away_m / lasts_s / M_S_PER_KN * 10.0 + 0.5))
        motion[i, 3] = int(course * 10.0) % 3600
        motion[i, 4] = int(course + 1.0) % 360
        motion[i, 6] = status[v]
        motion[i, 9] = i % 16383


def _rows(times: np.ndarray, forms: np.ndarray) -> dict[str, np.ndarray]:
    """Columns of sentences.write_lines: two lines for type 5, one for the rest."""
    parts = np.where(forms == _FIVE, 2, 1)
    message = np.repeat(np.arange(len(forms)), parts)
    second = np.concatenate(([False], message[1:] == message[:-1]))
    none = np.zeros(len(message), np.int64)
    return {
        "message": message,
        "part": 1 + second.astype(np.int64),
        "parts": parts[message],
        "sequence": np.cumsum(forms == _FIVE)[message] % 10,
        "channel": message % 2,
        "station": none,
        "epoch_s": START_US // 1_000_000 + np.floor(times[message]).astype(np.int64),
        "fault": none,
        "salt": none,
    }
