"""From a scene to files: motion, transmissions, reception, sentences, truth."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numba import njit

from fairlead.schema.errors import ConfigError
from fairlead.simulate.chance import generator, uniform
from fairlead.simulate.clock import START_US
from fairlead.simulate.derived import derive
from fairlead.simulate.fleet import Identity, Registry, identity_tables
from fairlead.simulate.passage import STEP_S, Sampled
from fairlead.simulate.payloads import MSG_TYPES, armoured, fill_bits
from fairlead.simulate.planted import plant
from fairlead.simulate.reception import Receiver, heard_by
from fairlead.simulate.sentences import FAULTS, write_lines
from fairlead.simulate.strait import CENTRE_DEG, PORTS_DEG, Scene, honest_traffic, zone_ring_deg
from fairlead.simulate.transmissions import FORM, airborne, messages, place_deg, reports
from fairlead.simulate.truth import TRUTH_LINES, as_row, events_table
from fairlead.simulate.watchlists import write_watchlists

SCENARIOS = ("strait", "strait-clean")
_CHUNK = 200_000


@dataclass(frozen=True, slots=True)
class Sea:
    """Where a simulated sea lies and how much there is of it."""

    out_dir: Path
    nmea: Path
    truth_events: Path
    truth_lines: Path
    zones: Path
    watchlists: Path
    reference: Path
    n_lines: int
    n_transmissions: int
    n_vessels: int
    vessel_days: float


@dataclass(frozen=True, slots=True)
class Sent:
    """All transmissions in order of time; one row each, whoever hears them."""

    times_s: np.ndarray
    forms: np.ndarray
    hull: np.ndarray
    identity: np.ndarray
    said: np.ndarray
    x_m: np.ndarray
    y_m: np.ndarray
    true_deg: np.ndarray
    identities: list[Identity]


def simulate(
    scenario: str,
    seed: int,
    hours: float,
    out_dir: Path | str,
    *,
    report_every_s: float = 0.0,
    damaged: float = 0.004,
    truncated: float = 0.001,
    skewed: bool = True,
    outage: bool = True,
    start_us: int = START_US,
) -> Sea:
    """Writes a seeded sea into `out_dir` and says what it wrote; same arguments, same bytes.

    `scenario` is `strait`, or `strait-clean` without planted behaviours (for false alarm rates).
    `report_every_s` is a floor under the reporting intervals (0: as ITU-R M.1371-5 has them).
    `damaged` and `truncated` are the shares of lines with a fault. `outage` silences all
    receivers for 70 minutes. Raises ConfigError for an unknown scenario or no hours.
    """
    scene, motions = make_scene(scenario, seed, hours, skewed=skewed, outage=outage)
    sent = transmitted(scene, motions, report_every_s)
    heard = received(scene, sent)
    out = Path(out_dir)
    out.mkdir(parents=True, exist_ok=True)
    lines = _lines(seed, scene.receivers, sent, heard, damaged, truncated, start_us)
    with (out / "sea.nmea").open("wb") as file:
        for block in _encoded(sent, lines, scene.receivers, start_us):
            file.write(block.data)
    _write_lines_truth(out / "truth.parquet", sent, lines, scene.receivers, start_us)
    _write_events_truth(out / "truth.jsonl", scene, motions, start_us)
    _write_zones(out / "zones.geojson")
    _write_ports(out / "reference")
    write_watchlists(out / "watchlist", scene, start_us)
    (out / "README.txt").write_text(_ABOUT.format(scenario=scenario, seed=seed, hours=hours))
    vessels = [m for h, m in zip(scene.hulls, motions, strict=True) if h.station < 2]
    return Sea(
        out_dir=out,
        nmea=out / "sea.nmea",
        truth_events=out / "truth.jsonl",
        truth_lines=out / "truth.parquet",
        zones=out / "zones.geojson",
        watchlists=out / "watchlist",
        reference=out / "reference",
        n_lines=len(lines["message"]),
        n_transmissions=len(sent.times_s),
        n_vessels=len(vessels),
        vessel_days=sum(len(m.x_m) for m in vessels) * STEP_S / 86400.0,
    )


def make_scene(
    scenario: str, seed: int, hours: float, *, skewed: bool = True, outage: bool = True
) -> tuple[Scene, list[Sampled]]:
    """The hulls of a scenario with their motion, before anything is sent."""
    if scenario not in SCENARIOS:
        message = f"no scenario `{scenario}`"
        raise ConfigError(message, help=f"choose one of: {', '.join(SCENARIOS)}")
    if not hours > 0:
        message = f"a scenario of {hours} hours"
        raise ConfigError(message, help="give a number of hours above zero, such as 48")
    scene = Scene(seed, hours * 3600.0, Registry(generator(seed, 0)))
    silent = _outage(seed, scene.until_s) if outage else ()
    scene.receivers = tuple(
        replace(r, silent_s=silent, skew_s=r.skew_s if skewed else 0.0) for r in scene.receivers
    )
    honest_traffic(scene)
    if scenario == "strait":
        plant(scene)
    scene.hulls = [h for h in scene.hulls if h.passage.starts_s < scene.until_s - 60.0]
    motions = [hull.passage.sampled(scene.until_s) for hull in scene.hulls]
    for since_s, until_s in silent:
        scene.tell(
            "gap", "receiver_outage", scene.hulls[0], since_s, until_s,
            "all receivers are down at once", "innocent",
        )  # fmt: skip
    return scene, motions


def _outage(seed: int, until_s: float) -> tuple[tuple[float, float], ...]:
    since_s = 3600.0 * (24.0 + 3.0 * uniform(seed, 99, 0))
    return ((since_s, since_s + 4200.0),) if since_s < until_s else ()


def transmitted(scene: Scene, motions: list[Sampled], report_every_s: float) -> Sent:
    parts, identities = [], []
    for hull, motion in zip(scene.hulls, motions, strict=True):
        times, forms = messages(scene.seed, hull, motion, scene.until_s, report_every_s)
        said, true_deg = reports(scene.seed, hull, motion, times, CENTRE_DEG)
        identity = np.full(len(times), len(identities), np.int64)
        for k, (since_s, _) in enumerate(hull.claims[1:], 1):
            identity[times >= since_s] = len(identities) + k
        identities += [claim for _, claim in hull.claims]
        grid = motion.first_s + STEP_S * np.arange(len(motion.x_m))
        place = [np.interp(times, grid, values) for values in (motion.x_m, motion.y_m)]
        parts.append(
            (times, forms, np.full(len(times), hull.hull_id), identity, said, *place, true_deg)
        )
    times, forms, hull_ids, identity, said, x_m, y_m = (
        np.concatenate([p[k] for p in parts]) for k in range(7)
    )
    true_deg = np.concatenate([p[7] for p in parts], axis=1)
    order = np.lexsort((forms, hull_ids, times))
    return Sent(
        times[order], forms[order], hull_ids[order], identity[order], said[order],
        x_m[order], y_m[order], true_deg[:, order], identities,
    )  # fmt: skip


def received(scene: Scene, sent: Sent) -> tuple[np.ndarray, np.ndarray]:
    """Rows of `sent` and stations that heard them, pair by pair."""
    long_range = sent.forms == FORM["27"]
    rows, stations = [], []
    for k, receiver in enumerate(scene.receivers):
        heard = heard_by(scene.seed, receiver, k, sent.times_s, long_range, sent.x_m, sent.y_m)
        found = np.flatnonzero(heard)
        rows.append(found)
        stations.append(np.full(len(found), k))
    return np.concatenate(rows), np.concatenate(stations)


def _lines(
    seed: int,
    receivers: tuple[Receiver, ...],
    sent: Sent,
    heard: tuple[np.ndarray, np.ndarray],
    damaged: float,
    truncated: float,
    start_us: int,
) -> dict[str, np.ndarray]:
    """One row per line in order of receipt: columns of sentences.write_lines and `received_us`."""
    row, station = heard
    two = sent.forms[row] == FORM["5"]
    row, station = np.concatenate((row, row[two])), np.concatenate((station, station[two]))
    part = np.concatenate((np.ones(len(heard[0]), np.int64), np.full(int(two.sum()), 2)))
    delay_s = np.array([r.delay_s for r in receivers])[station]
    chance = _uniforms(seed, 11 + station, 2 * row + part)
    received_s = sent.times_s[row] + delay_s * (0.6 + 0.8 * _uniforms(seed, 21 + station, row))
    received_s += np.where(part == 2, 0.03, 0.0)
    order = np.lexsort((part, row, station, received_s))
    row, station, part, received_s = row[order], station[order], part[order], received_s[order]
    chance = chance[order]
    skew_s = np.array([r.skew_s for r in receivers])[station]
    stamp_s = sent.times_s[row] + skew_s + np.where(part == 2, 0.05, 0.02)
    nth_static = np.cumsum(sent.forms == FORM["5"])
    return {
        "message": row,
        "station": station,
        "part": part,
        "parts": np.where(sent.forms[row] == FORM["5"], 2, 1),
        "sequence": nth_static[row] % 10,
        "channel": row % 2,
        "epoch_s": np.floor(stamp_s).astype(np.int64) + start_us // 1_000_000,
        "fault": np.where(chance < damaged, 1, np.where(chance > 1.0 - truncated, 2, 0)),
        "salt": np.floor(chance * 1e9).astype(np.int64) % 7919,
        "received_us": start_us + np.rint(received_s * 1e6).astype(np.int64),
    }


def _uniforms(seed: int, streams: np.ndarray, counters: np.ndarray) -> np.ndarray:
    return _fill_uniforms(seed, streams.astype(np.int64), counters.astype(np.int64))


@njit(cache=True, nogil=True)
def _fill_uniforms(seed: int, streams: np.ndarray, counters: np.ndarray) -> np.ndarray:
    out = np.empty(len(counters))
    for i in range(len(counters)):
        out[i] = uniform(seed + 13, streams[i], counters[i])
    return out


def _encoded(
    sent: Sent, lines: dict[str, np.ndarray], receivers: tuple[Receiver, ...], start_us: int
) -> Iterator[np.ndarray]:
    """The lines' bytes, chunk by chunk."""
    static, texts = identity_tables(sent.identities)
    names = [r.name for r in receivers]
    grouped = np.array([r.grouped for r in receivers])
    n = len(lines["message"])
    for first in range(0, n, _CHUNK):
        piece = {name: values[first : first + _CHUNK] for name, values in lines.items()}
        rows, piece["message"] = np.unique(piece["message"], return_inverse=True)
        forms = sent.forms[rows]
        motion = airborne(sent.said[rows], sent.times_s[rows], forms, start_us, rows)
        payloads, lengths = armoured(forms, motion, sent.identity[rows], static, texts)
        yield write_lines(payloads, lengths, fill_bits(forms), piece, names, grouped)


def _write_lines_truth(
    path: Path,
    sent: Sent,
    lines: dict[str, np.ndarray],
    receivers: tuple[Receiver, ...],
    start_us: int,
) -> None:
    row = lines["message"]
    mmsi = np.array([i.mmsi for i in sent.identities], np.int32)
    names = pa.array([r.name for r in receivers])
    columns = {
        "line": np.arange(1, len(row) + 1),
        "sent_us": start_us + np.rint(sent.times_s[row] * 1e6).astype(np.int64),
        "received_us": lines["received_us"],
        "hull_id": sent.hull[row].astype(np.int32),
        "mmsi": mmsi[sent.identity[row]],
        "msg_type": MSG_TYPES[sent.forms[row]],
        "part": lines["part"].astype(np.int8),
        "parts": lines["parts"].astype(np.int8),
        "station": names.take(pa.array(lines["station"])),
        "fault": pa.array(FAULTS).take(pa.array(lines["fault"])),
        "transmission": row,
        "lat_deg": sent.true_deg[0, row],
        "lon_deg": sent.true_deg[1, row],
    }
    table = pa.table([pa.array(columns[n]) for n in TRUTH_LINES.names], schema=TRUTH_LINES)
    pq.write_table(table, path, compression="zstd")


def _write_events_truth(path: Path, scene: Scene, motions: list[Sampled], start_us: int) -> None:
    by_hull = {h.hull_id: m for h, m in zip(scene.hulls, motions, strict=True)}
    rows = []
    for happening in [*scene.happenings, *derive(scene, motions)]:
        if happening.hull_id not in by_hull:
            continue
        place_m = by_hull[happening.hull_id].at(happening.start_s)
        rows.append(
            as_row(
                replace(happening, place_m=place_m), start_us, scene.until_s,
                lambda x, y: place_deg(*CENTRE_DEG, x, y),
            )
        )  # fmt: skip
    table = events_table(rows)
    with path.open("w", encoding="utf-8") as file:
        for row in table.to_pylist():
            file.write(json.dumps(row, sort_keys=True) + "\n")


def _write_zones(path: Path) -> None:
    zone = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": "hallow-reserve",
                "properties": {
                    "name": "Hallow Marine Reserve",
                    "rule": "no fishing",
                    "since": "2020-01-01T00:00:00Z",
                    "until": None,
                },
                "geometry": {"type": "Polygon", "coordinates": [zone_ring_deg()]},
            }
        ],
    }
    path.write_text(json.dumps(zone, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _write_ports(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["name,lat,lon,country", *(",".join(map(str, port)) for port in PORTS_DEG)]
    (folder / "ports.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


_ABOUT = """A simulated sea: scenario {scenario}, seed {seed}, {hours} hours. Nothing in it is real.

sea.nmea        AIS sentences with TAG blocks in order of receipt, faults included
truth.jsonl     what happened: planted behaviours, incidental ones, innocent look-alikes
truth.parquet   per line of sea.nmea: the hull that sent it, when, where, and the line's fault
zones.geojson   a marine reserve
reference/      the ports of the strait
watchlist/      invented lists in the layouts of the published ones

Names, call signs and IMO numbers are invented; the place only borrows the shape of a real strait.
"""
