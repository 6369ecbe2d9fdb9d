"""One hull, one track: how well merged vessels come apart, what it costs, and honest tracks.

    python bench/bench_splitting.py [--quick] [--json]

Truth by merging: pairs and triples of real vessels are given one MMSI. Drawn from vessels that use
it at the same time (half the rows of the shorter within an hour of rows of the other on both sides)
and lie 100 m or more apart in the median: where one falls silent before the other is heard, or both
are moored in one berth, rows without identity do not tell. `any_*` are draws without these
conditions. Near: medians of position within 10 km. F1 is over pairs of rows of one MMSI that
share a hull; rows set aside count as a hull of their own each. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import struct
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

from fairlead.geo.sphere import distance_m, distances_m
from fairlead.schema.ids import row_ids
from fairlead.schema.span import Span
from fairlead.schema.step import Batch, in_order
from fairlead.schema.tables import OBSERVATIONS, SET_ASIDE, SET_ASIDE_REASONS, TRACK_POINTS
from fairlead.tracks.hulls import Hulls
from measure import finish

DATA = Path(os.environ.get("FAIRLEAD_DATA", Path(__file__).parents[2] / "shared" / "data"))
SEGMENTS = DATA / "identity" / "shared_mmsi_segments"
HOUR_US = 3_600_000_000
COLUMNS = ["mmsi", "time_us", "lat_deg", "lon_deg", "speed_kn", "course_deg"]


def seas() -> dict[str, pl.DataFrame]:
    """The three files as MMSI, time, position, and speed and course where they have them."""
    ais = DATA / "ais"
    solent = pl.read_csv(ais / "solent_2016-01-12.csv", try_parse_dates=True).select(
        pl.col("MMSI").alias("mmsi"), pl.col("Time").dt.epoch("us").alias("time_us"),
        pl.col("Latitude_degrees").alias("lat_deg"), pl.col("Longitude_degrees").alias("lon_deg"),
        pl.col("SOG_knots").alias("speed_kn"), pl.col("COG_degrees").alias("course_deg"),
    )  # fmt: skip
    coast = pl.read_parquet(ais / "us_coastal_2020-06-30.parquet").select(
        pl.col("mmsi"), pl.col("time").dt.epoch("us").alias("time_us"),
        pl.col("lat").alias("lat_deg"), pl.col("lon").alias("lon_deg"),
    )  # fmt: skip
    stamp = pl.col("ais_pos_timestamp").str.to_datetime("%d/%m/%Y %H:%M", time_unit="us")
    suez = pl.read_csv(ais / "suez_2021-03.csv").select(
        (pl.col("ID") + 1000).alias("mmsi"), stamp.dt.epoch("us").alias("time_us"),
        pl.col("latitude").alias("lat_deg"), pl.col("longitude").alias("lon_deg"),
    )  # fmt: skip
    return {"solent": solent, "us_coastal": coast, "suez": suez}


def observed(rows: pl.DataFrame) -> pa.Table:
    """OBSERVATIONS of rows with at least mmsi, time_us, lat_deg, lon_deg; `line` is the row."""
    n = rows.height
    columns = {c: rows[c].to_arrow() for c in COLUMNS if c in rows.columns}
    ids = row_ids(rows["mmsi"].to_numpy(), rows["time_us"].to_numpy(), np.arange(n))
    source = pa.DictionaryArray.from_arrays(pa.array(np.zeros(n, np.int32)), pa.array(["bench"]))
    zeros = {c: np.zeros(n, np.int64) for c in ("time_basis", "station_class", "flags")}
    columns |= {"observation_id": ids, "source": source, "line": np.arange(n), **zeros}
    columns |= {"n_heard": np.ones(n, np.int64), "raw_offset": np.arange(n)}
    return in_order(OBSERVATIONS, "mmsi", OBSERVATIONS.rows(columns, n))


def split(rows: pl.DataFrame) -> tuple[np.ndarray, int, int]:
    """Label per row (set aside: a label of its own), number of tracks, rows set aside."""
    step, seen = Hulls(), observed(rows)
    _, out = step.step(step.carries.empty(), Batch({OBSERVATIONS: seen}), Span(-(1 << 60), 1 << 60))
    points, aside = out[TRACK_POINTS], out[SET_ASIDE]
    line = dict(zip(seen["observation_id"].to_pylist(), seen["line"].to_pylist(), strict=True))
    label = -1 - np.arange(rows.height)
    for i, track in zip(
        points["observation_id"].to_pylist(), points["track_id"].to_pylist(), strict=True
    ):
        label[line[i]] = track
    return label, len(set(points["track_id"].to_pylist())), aside.num_rows


def pairwise_f1(truth: list, found: list) -> float:
    def pairs(labels: list) -> int:
        return sum(n * (n - 1) // 2 for n in Counter(labels).values())

    both = pairs(list(zip(truth, found, strict=True)))
    return 2 * both / max(1, pairs(truth) + pairs(found))


class Sea:
    """The vessels of one file with 20 rows or more."""

    def __init__(self, rows: pl.DataFrame) -> None:
        parts = rows.sort("time_us").partition_by("mmsi", as_dict=True)
        self.ways = {int(k[0]): v for k, v in parts.items() if v.height >= 20}
        self.middle = {
            k: (float(np.median(v["lat_deg"])), float(np.median(v["lon_deg"])))
            for k, v in self.ways.items()
        }

    def contested(self, a: int, b: int) -> bool:
        """Both use the MMSI at the same time, and stay apart: see the head of this file."""
        short, long = sorted((self.ways[a], self.ways[b]), key=lambda w: w.height)
        at, other = short["time_us"].to_numpy(), long["time_us"].to_numpy()
        k = np.searchsorted(other, at)
        inside = (k > 0) & (k < len(other))
        k = k.clip(1, len(other) - 1)
        close = inside & (at - other[k - 1] <= HOUR_US) & (other[k] - at <= HOUR_US)
        if close.mean() < 0.5:
            return False
        lat, lon = (np.interp(at, other, long[c].to_numpy()) for c in ("lat_deg", "lon_deg"))
        apart = distances_m(short["lat_deg"].to_numpy(), short["lon_deg"].to_numpy(), lat, lon)
        return float(np.median(apart[close])) >= 100.0

    def draw(self, rng: np.random.Generator, size: int, near: bool, any_pair: bool) -> list[int]:
        ids = np.array(sorted(self.ways))
        while True:
            chosen = [int(rng.choice(ids))]
            for c in map(int, rng.permutation(ids)):
                away = distance_m(*self.middle[c], *self.middle[chosen[0]])
                if c in chosen or (near and away > 10_000.0):
                    continue
                if any_pair or all(self.contested(c, w) for w in chosen):
                    chosen.append(c)
                if len(chosen) == size:
                    return chosen


def merged(n_draws: int, any_pair: bool) -> dict[str, float]:
    """Mean F1, tracks per vessel and share set aside, by file, nearness and number of vessels."""
    found: dict[str, float] = {}
    every, fragments, aside = [], [], []
    for name, rows in seas().items():
        sea = Sea(rows)
        for near in (True, False):
            for size in (2, 3):
                scores = []
                rng = np.random.default_rng([size, near, len(name)])
                for _ in range(n_draws):
                    chosen = sea.draw(rng, size, near, any_pair)
                    both = pl.concat([sea.ways[c] for c in chosen])
                    truth = both["mmsi"].to_list()
                    label, n_tracks, n_aside = split(both.with_columns(mmsi=pl.lit(999000111)))
                    scores.append(pairwise_f1(truth, label.tolist()))
                    fragments.append(n_tracks / size)
                    aside.append(n_aside / both.height)
                key = f"{name}_{'near' if near else 'far'}_{size}"
                found[key] = round(float(np.mean(scores)), 4)
                every += scores
    return found | {
        "draws": len(every),
        "f1_mean": round(float(np.mean(every)), 4),
        "f1_median": round(float(np.median(every)), 4),
        "f1_p10": round(float(np.quantile(every, 0.1)), 4),
        "tracks_per_vessel": round(float(np.mean(fragments)), 3),
        "share_set_aside": round(float(np.mean(aside)), 5),
    }


def honest() -> dict[str, object]:
    """Every vessel by itself: how many stay one track; the others with their fastest step."""
    found: dict[str, object] = {}
    for name, rows in seas().items():
        label, _, n_aside = split(rows)
        tracks = rows.with_columns(label=label).filter(pl.col("label") >= 0)
        n = tracks.group_by("mmsi").agg(pl.col("label").n_unique().alias("n"))
        cut = n.filter(pl.col("n") > 1)["mmsi"].to_list()
        found[name] = {"vessels": n.height, "cut": len(cut), "rows": rows.height,
                       "rows_set_aside": n_aside,
                       "cut_with_a_step_over_60_kn": sum(fastest_kn(rows, m) > 60 for m in cut),
                       }  # fmt: skip
        found[f"{name}_cut"] = {str(m): round(fastest_kn(rows, m)) for m in sorted(cut)}
    return found


def fastest_kn(rows: pl.DataFrame, mmsi: int) -> float:
    """The greatest speed between consecutive rows more than 500 m apart."""
    way = rows.filter(pl.col("mmsi") == mmsi).sort("time_us")
    lat, lon = way["lat_deg"].to_numpy(), way["lon_deg"].to_numpy()
    apart = distances_m(lat[:-1], lon[:-1], lat[1:], lon[1:])
    lasted_s = np.maximum(np.diff(way["time_us"].to_numpy()) / 1e6, 1.0)
    return float(np.max(np.where(apart > 500, apart / lasted_s / 0.514444, 0.0), initial=0.0))


def unpacked(data: bytes, at: int) -> tuple[object, int]:
    """One value of MessagePack from an offset, and where the next starts."""
    tag = data[at]
    at += 1
    if tag < 0x80 or tag >= 0xE0:
        return (tag if tag < 0x80 else tag - 256), at
    if tag in (0xC0, 0xC2, 0xC3):
        return {0xC0: None, 0xC2: False, 0xC3: True}[tag], at
    fixed = {0xCA: ">f", 0xCB: ">d", 0xCC: ">B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q",
             0xD0: ">b", 0xD1: ">h", 0xD2: ">i", 0xD3: ">q"}  # fmt: skip
    if tag in fixed:
        size = struct.calcsize(fixed[tag])
        return struct.unpack_from(fixed[tag], data, at)[0], at + size
    sizes = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4, 0xDC: 2, 0xDD: 4,
             0xDE: 2, 0xDF: 4}  # fmt: skip
    if tag in sizes:
        n = int.from_bytes(data[at : at + sizes[tag]])
        at += sizes[tag]
    else:
        n = tag & 0x1F if 0xA0 <= tag < 0xC0 else tag & 0x0F
    if 0xA0 <= tag < 0xC0 or tag in (0xD9, 0xDA, 0xDB, 0xC4, 0xC5, 0xC6):
        return data[at : at + n].decode(errors="replace"), at + n
    values = []
    is_map = tag < 0x90 or tag in (0xDE, 0xDF)
    for _ in range(2 * n if is_map else n):
        value, at = unpacked(data, at)
        values.append(value)
    return (dict(zip(values[::2], values[1::2], strict=True)) if is_map else values), at


def given(name: str) -> tuple[pl.DataFrame, list | None]:
    """Rows of one case with positions, and the other segmenter's answer where there is one."""
    if name.endswith(".gz"):
        data, at, rows = gzip.decompress((SEGMENTS / "point-pair" / name).read_bytes()), 0, []
        while at < len(data):
            row, at = unpacked(data, at)
            rows.append(row)
    else:
        rows = [json.loads(line) for line in (SEGMENTS / name).read_text().splitlines()]
    kept = [r for r in rows if r.get("lat") is not None and r.get("lon") is not None
            and abs(r["lat"]) <= 90 and abs(r["lon"]) <= 180]  # fmt: skip
    stamp = [r.get("timestamp") or r.get("tagblock_timestamp") for r in kept]
    table = pl.DataFrame(
        {
            "mmsi": [999000111] * len(kept),
            "time_us": pl.Series([s.replace(" ", "T")[:19] for s in stamp]).str.to_datetime(
                "%Y-%m-%dT%H:%M:%S", time_unit="us").dt.epoch("us"),
            "lat_deg": [float(r["lat"]) for r in kept],
            "lon_deg": [float(r["lon"]) for r in kept],
            "speed_kn": [r.get("speed") for r in kept],
            "course_deg": [r.get("course") for r in kept],
        }
    )  # fmt: skip
    if all(not v for v in table["course_deg"]):
        # every course is 0: the field was not filled, and neither was speed where it is 0 too
        table = table.drop("speed_kn", "course_deg")
    answer = [r.get("segment", r.get("expected")) for r in kept]
    return table, (answer if all(answer) and answer else None)


def steps_kn(rows: pl.DataFrame, inside: list, cut: list) -> list[float]:
    """Speeds over the steps within one label of `inside` where the label of `cut` changes.

    Steps under 2 km are left out: there a speed says more of the clocks than of the ship.
    """
    last: dict[object, int] = {}
    found = []
    lat, lon, at = rows["lat_deg"], rows["lon_deg"], rows["time_us"]
    for i in np.argsort(at.to_numpy(), kind="stable").tolist():
        before = last.get(inside[i])
        last[inside[i]] = i
        if before is None or cut[before] == cut[i]:
            continue
        away_m = distance_m(lat[before], lon[before], lat[i], lon[i])
        if away_m > 2_000.0:
            found.append(away_m / max((at[i] - at[before]) / 1e6, 1.0) / 0.514444)
    return found


def told(speeds_kn: list[float]) -> dict[str, float]:
    return {"steps": len(speeds_kn), "over_60_kn": sum(v > 60 for v in speeds_kn),
            "median_kn": round(float(np.median(speeds_kn)), 1) if speeds_kn else 0.0}  # fmt: skip


def segments() -> dict[str, object]:
    """Ours against another segmenter's answers, which are not the truth.

    `they_cut_we_join`: speeds over their cuts inside our tracks: feasible ones need no second hull.
    `we_cut_they_join`: speeds that the ship of their segments needs where ours changes hull.
    `as_one_ship`: steps of all rows as one ship's that lie between our tracks.
    """
    found: dict[str, object] = {}
    names = ["segmented-416000000.json", "338013000.json", "263576000.json"]
    names += sorted(p.name for p in (SEGMENTS / "point-pair").glob("*.gz"))
    for name in names:
        rows, answer = given(name)
        label, n_tracks, n_aside = split(rows)
        sizes = sorted(Counter(label[label >= 0].tolist()).values(), reverse=True)
        entry: dict[str, object] = {"rows": rows.height, "tracks": n_tracks, "set_aside": n_aside,
                                    "rows_by_track": sizes[:8]}  # fmt: skip
        entry["as_one_ship"] = told(steps_kn(rows, [0] * rows.height, label.tolist()))
        if answer:
            entry["theirs"] = len(set(answer))
            entry["f1_against_theirs"] = round(pairwise_f1(answer, label.tolist()), 4)
            pairs = Counter(zip(label.tolist(), answer, strict=True))
            inside = Counter(a for (_, a), n in pairs.items())
            entry["theirs_that_ours_cuts"] = sum(v > 1 for v in inside.values())
            entry["they_cut_we_join"] = told(steps_kn(rows, label.tolist(), answer))
            entry["we_cut_they_join"] = told(steps_kn(rows, answer, label.tolist()))
        found[name] = entry
    return found


def speed(n_rows: int) -> dict[str, float]:
    """Rows per second of CPU on 5,000 smooth vessels over a day, all of one hull each."""
    rng, n_vessels = np.random.default_rng(1), 5_000
    per = n_rows // n_vessels
    every_s = 86_400 / per
    knots = np.repeat(rng.uniform(0, 16, n_vessels) * (rng.random(n_vessels) > 0.4), per)
    course = np.cumsum(rng.normal(0, 0.03, (n_vessels, per)), 1) + rng.uniform(0, 6.28, (1, 1))
    step_deg = (knots * 0.5144 * every_s / 111_195.0).reshape(n_vessels, per)
    lat = rng.uniform(-60, 60, (n_vessels, 1))
    lon = rng.uniform(-180, 180, (n_vessels, 1)) + np.cumsum(step_deg * np.sin(course), 1) / np.cos(
        np.radians(lat)
    )
    lat = lat + np.cumsum(step_deg * np.cos(course), 1)
    seconds = np.tile(np.arange(per) * every_s, n_vessels) + rng.uniform(0, 0.2, per * n_vessels)
    rows = observed(
        pl.DataFrame(
            {
                "mmsi": np.repeat(np.arange(n_vessels) + 200_000_000, per),
                "time_us": (seconds * 1e6).astype(np.int64),
                "lat_deg": lat.ravel(),
                "lon_deg": (lon.ravel() + 180) % 360 - 180,
                "speed_kn": knots,
                "course_deg": np.degrees(course.ravel()) % 360,
            }
        )
    )
    step, whole = Hulls(), Span(-(1 << 60), 1 << 60)
    step.step(step.carries.empty(), Batch({OBSERVATIONS: rows.slice(0, per)}), whole)
    wall, cpu = time.perf_counter(), time.process_time()
    _, out = step.step(step.carries.empty(), Batch({OBSERVATIONS: rows}), whole)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    tracks = len(np.unique(out[TRACK_POINTS]["track_id"]))
    return {"rows": rows.num_rows, "wall_s": round(wall, 2), "cpu_s": round(cpu, 2),
            "tracks": tracks, "vessels": n_vessels}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer draws and rows")
    parser.add_argument("--json", action="store_true", help="only the last line")
    args = parser.parse_args()
    result: dict[str, object] = {"speed": speed(1_000_000 if args.quick else 10_000_000)}
    if DATA.exists():
        result["merged"] = merged(5 if args.quick else 30, any_pair=False)
        result["any_merged"] = merged(2 if args.quick else 10, any_pair=True)
        result["honest"] = honest()
        result["segments"] = segments()
    else:
        sys.stderr.write("real data not present: speed only\n")
    if not args.json:
        print(f"reasons for setting aside: {', '.join(SET_ASIDE_REASONS)}")
        for part, values in result.items():
            print(part)
            for key, value in values.items():  # type: ignore[union-attr]
                print(f"  {key}: {value}")
    finish("splitting", result, keep=not args.quick and "merged" in result)


if __name__ == "__main__":
    main()
