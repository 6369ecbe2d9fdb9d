"""Gap, loitering and encounter against DuckDB, Polars and MovingPandas on one day of positions.

    python bench/bench_detectors.py [--quick] [--runs N] [--movingpandas PYTHON]

Ten million positions of 5,000 vessels (a tenth with --quick) with 83 planted encounters, 200 gaps
and 100 loiterers lie sorted by track and time, as the engine hands them to a step; DuckDB has them
in a table of its own in the same order, Polars in a frame. Each answer is checked to be the same
before anything is timed. DuckDB and Polars use every core, ours one. MovingPandas runs in another
interpreter (it needs GeoPandas) on the first vessels only, against ours on the same rows; null
without it. Sorting between our steps is included. CPU seconds (all threads of the process) stand
beside wall seconds, since other work on the machine stretches the latter. The last line is one JSON
object.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
from pyarrow import csv

from fairlead.engines.rows import sorted_rows
from fairlead.events.encounter import Encounter
from fairlead.events.gap import Gap
from fairlead.events.loitering import Loitering
from fairlead.geo.cells import COVERAGE_CELL_DEG, cells_of
from fairlead.schema.ids import row_ids
from fairlead.schema.span import Span
from fairlead.schema.step import Batch, Step
from fairlead.schema.tables import (
    CONTACTS,
    COVERAGE,
    EVENTS,
    PRESENCE,
    SILENCES,
    TRACK_GRID,
    TRACK_POINTS,
)
from fairlead.tracks.contacts import Contacts
from fairlead.tracks.grid import TimeGrid
from fairlead.tracks.presence import Presence
from fairlead.tracks.reception import Reception
from fairlead.tracks.silences import Silences
from measure import finish, own_peak_mib

DAY_US = 86_400_000_000
START_US = 1_593_475_200_000_000
WHOLE = Span(START_US - DAY_US, START_US + 30 * DAY_US)
N_MEETINGS, N_SHORT_MEETINGS, N_GAPS, N_LOITERERS = 83, 40, 200, 100
M_PER_DEG, M_S_PER_KN = 111_195.0, 1852.0 / 3600.0
GAP_S = 6 * 3600
MOVINGPANDAS_VESSELS = 40

Answer = set[tuple]


def sea(n_vessels: int, n_each: int, seed: int = 7) -> pa.Table:
    """TRACK_POINTS of one day by track and time; vessels 2k and 2k + 1 meet off their lanes."""
    rng = np.random.default_rng(seed)
    step_us = DAY_US // n_each
    slots = np.arange(n_each, dtype=np.int64)[None, :] * step_us
    time_us = START_US + slots + rng.integers(0, step_us, (n_vessels, n_each))
    hours = (time_us - START_US) / 3.6e9
    speed = np.repeat(rng.uniform(6.0, 18.0, n_vessels)[:, None], n_each, axis=1)
    meetings = [_meeting(rng, k, hours, speed) for k in range(N_MEETINGS + N_SHORT_MEETINGS)]
    first = 2 * len(meetings) + N_GAPS
    for k in range(first, first + N_LOITERERS):
        start = rng.uniform(1.0, 14.0)
        speed[k, (hours[k] >= start) & (hours[k] < start + rng.uniform(3.0, 8.0))] = 1.2
    way_m = np.cumsum(speed * M_S_PER_KN * np.diff(hours, axis=1, prepend=0.0) * 3600.0, axis=1)
    lat = np.repeat(np.linspace(-55.0, 55.0, n_vessels)[:, None], n_each, axis=1)
    lon = rng.uniform(-160.0, 100.0, n_vessels)[:, None] + way_m / (
        M_PER_DEG * np.cos(np.radians(lat))
    )
    for a, start, end, apart_m in meetings:
        lon[a + 1] = np.interp(hours[a + 1], hours[a], lon[a])
        met = (hours[a + 1] >= start) & (hours[a + 1] < end)
        lat[a + 1, met] = lat[a, 0] + apart_m / M_PER_DEG
    keep = np.ones(hours.shape, bool)
    for k in range(2 * len(meetings), first):
        start = rng.uniform(2.0, 11.0)
        keep[k] = (hours[k] < start) | (hours[k] > start + rng.uniform(6.5, 11.0))
    lat += rng.normal(0.0, 3.0, lat.shape) / M_PER_DEG
    lon += rng.normal(0.0, 3.0, lon.shape) / M_PER_DEG
    speed = np.maximum(0.0, speed + rng.normal(0.0, 0.05, speed.shape)).round(1)
    return _points(keep, time_us, lat, (lon + 180.0) % 360.0 - 180.0, speed)


def _meeting(rng, k: int, hours: np.ndarray, speed: np.ndarray) -> tuple:
    """Slows both vessels of pair k; who, from when to when, how far apart."""
    start = rng.uniform(0.5, 17.0)
    lasting = rng.uniform(2.7, 6.0) if k < N_MEETINGS else rng.uniform(0.5, 1.4)
    for one in (2 * k, 2 * k + 1):
        speed[one, (hours[one] >= start) & (hours[one] < start + lasting)] = 0.8
    return 2 * k, start, start + lasting, rng.uniform(60.0, 350.0)


def _points(keep, time_us, lat, lon, speed) -> pa.Table:
    mmsi = np.broadcast_to(200_000_000 + np.arange(len(keep))[:, None], keep.shape)[keep]
    time_us, lat, lon, speed = time_us[keep], lat[keep], lon[keep], speed[keep]
    n, track = len(mmsi), mmsi.astype(np.int64) * 16
    return TRACK_POINTS.rows(
        {
            "track_id": track,
            "time_us": time_us,
            "observation_id": row_ids(track, time_us, np.arange(n)),
            "mmsi": mmsi.astype(np.int32),
            "msg_type": np.ones(n, np.int8),
            "station_class": np.zeros(n, np.int8),
            "lat_deg": lat,
            "lon_deg": lon,
            "speed_kn": speed,
            "course_deg": np.full(n, 90.0),
            "nav_status": np.zeros(n, np.int8),
            "cell": cells_of(lat, lon, COVERAGE_CELL_DEG),
        },
        n,
    )


def run_one(step: Step, rows: dict) -> Batch:
    """One call over the whole day, sorted as the engine would; nothing was carried before."""
    batch = {
        t: r if t is TRACK_POINTS else sorted_rows(r, (step.key, t.time, *t.ids))
        for t, r in rows.items()
    }
    return step.step(step.carries.empty(), Batch(batch), WHOLE)[1]


def gaps_ours(points: pa.Table) -> Answer:
    step = Silences(silence_s_min=GAP_S, class_b_silence_s_min=GAP_S)
    rows = run_one(step, {TRACK_POINTS: points})[SILENCES]
    rows = rows.filter(rows["end_us"].is_valid())
    names = ("track_id", "start_us", "end_us", "n_before_12h")
    return set(zip(*(rows[n].to_pylist() for n in names), strict=True))


def weighed_gaps(points: pa.Table) -> int:
    """The whole of gap: silences, reception and the probability that each is natural."""
    silences = run_one(Silences(), {TRACK_POINTS: points})[SILENCES]
    presence = run_one(Presence(), {TRACK_POINTS: points})[PRESENCE]
    coverage = run_one(Reception(), {PRESENCE: presence})[COVERAGE]
    return run_one(Gap(), {SILENCES: silences, COVERAGE: coverage})[EVENTS].num_rows


def loitering_ours(points: pa.Table) -> Answer:
    return _ended(run_one(Loitering(), {TRACK_POINTS: points})[EVENTS])


def encounters_ours(points: pa.Table) -> Answer:
    grid = run_one(TimeGrid(), {TRACK_POINTS: points})[TRACK_GRID]
    contacts = run_one(Contacts(), {TRACK_GRID: grid})[CONTACTS]
    return _ended(run_one(Encounter(), {CONTACTS: contacts})[EVENTS], "other_track_id")


def _ended(events: pa.Table, *more: str) -> Answer:
    events = events.filter(events["end_us"].is_valid())
    names = ("track_id", *more, "start_us", "end_us")
    return set(zip(*(events[n].to_pylist() for n in names), strict=True))


GAP_SQL = f"""
WITH silences AS (
    SELECT track_id, time_us AS start_us, next_us FROM (
        SELECT track_id, time_us, lead(time_us) OVER (
            PARTITION BY track_id ORDER BY time_us, observation_id) AS next_us FROM points)
    WHERE next_us - time_us > {GAP_S * 1_000_000})
SELECT s.track_id, s.start_us, s.next_us, count(*) FROM silences s JOIN points p
    ON p.track_id = s.track_id AND p.time_us <= s.start_us
    AND p.time_us // 1800000000 > s.start_us // 1800000000 - 24
GROUP BY ALL"""

LOITERING_SQL = """
WITH near AS (
    SELECT track_id, time_us, lat_deg, lon_deg,
        time_us - lag(time_us) OVER w AS before_us
    FROM (SELECT *, time_us - lag(time_us) OVER (
            PARTITION BY track_id ORDER BY time_us, observation_id) AS silent_us FROM points)
    WHERE speed_kn < 2.0 WINDOW w AS (PARTITION BY track_id ORDER BY time_us, observation_id)),
runs AS (
    SELECT *, sum(CASE WHEN before_us > 600000000 THEN 1 ELSE 0 END) OVER (
        PARTITION BY track_id ORDER BY time_us ROWS UNBOUNDED PRECEDING) AS run FROM near)
SELECT track_id, min(time_us), max(time_us) FROM runs GROUP BY track_id, run
HAVING max(time_us) - min(time_us) >= 3601000000
    AND 0.5 * 111195 * sqrt((max(lat_deg) - min(lat_deg)) ** 2
        + ((max(lon_deg) - min(lon_deg)) * cos(radians(min(lat_deg)))) ** 2) > 300"""

ENCOUNTER_SQL = """
WITH legs AS (
    SELECT track_id, time_us AS t0, lat_deg AS y0, lon_deg AS x0,
        lead(time_us) OVER w AS t1, lead(lat_deg) OVER w AS y1, lead(lon_deg) OVER w AS x1
    FROM points WINDOW w AS (PARTITION BY track_id ORDER BY time_us, observation_id)),
instants AS (
    SELECT *, unnest(range(t0 // 600000000 + 1, t1 // 600000000 + 1)) * 600000000 AS t FROM legs
    WHERE t1 // 600000000 > t0 // 600000000 AND t1 - t0 <= 3600000000),
grid AS (
    SELECT track_id, t, y0 + (y1 - y0) * (t - t0) / (t1 - t0) AS y,
        x0 + (x1 - x0) * (t - t0) / (t1 - t0) AS x FROM instants),
moving AS (
    SELECT *, floor(y / 0.01)::INT AS row, floor(x / 0.02)::INT AS col, 12742017.6 * asin(sqrt(
            sin(radians(y - lag(y) OVER w) / 2) ** 2 + cos(radians(y)) * cos(radians(lag(y) OVER w))
            * sin(radians(x - lag(x) OVER w) / 2) ** 2))
        / ((t - lag(t) OVER w) / 1e6) * 3600 / 1852 AS kn
    FROM grid WINDOW w AS (PARTITION BY track_id ORDER BY t)),
pairs AS (
    SELECT a.track_id AS one, b.track_id AS two, a.t, a.kn AS kn_1, b.kn AS kn_2
    FROM (SELECT *, unnest([row - 1, row, row + 1]) AS r,
            unnest([[col - 1, col, col + 1], [col - 1, col, col + 1], [col - 1, col, col + 1]])
            AS cs FROM moving) a, unnest(a.cs) AS near(c), moving b
    WHERE b.row = a.r AND b.col = c AND a.t = b.t AND a.track_id < b.track_id
        AND 12742017.6 * asin(sqrt(sin(radians(a.y - b.y) / 2) ** 2
            + cos(radians(a.y)) * cos(radians(b.y)) * sin(radians(a.x - b.x) / 2) ** 2)) <= 500),
steps AS (
    SELECT *, t - lag(t) OVER (PARTITION BY one, two ORDER BY t) AS before_us FROM pairs),
meetings AS (
    SELECT *, sum(CASE WHEN before_us >= 14400000000 THEN 1 ELSE 0 END) OVER (
        PARTITION BY one, two ORDER BY t) AS meeting FROM steps)
SELECT one, two, min(t), max(t) FROM meetings GROUP BY one, two, meeting
HAVING sum(CASE WHEN before_us <= 1200000000 THEN before_us ELSE 0 END) >= 7200000000
    AND 2 * (count(*) FILTER (kn_1 < 2) + count(*) FILTER (kn_2 < 2)) > count(kn_1) + count(kn_2)"""


def duckdb_answer(connection: duckdb.DuckDBPyConnection, sql: str) -> Answer:
    return {tuple(int(v) for v in row) for row in connection.execute(sql).fetchall()}


def gaps_polars(points: pl.DataFrame) -> Answer:
    found = (
        points.lazy()
        .with_columns(next_us=pl.col("time_us").shift(-1).over("track_id"))
        .filter(pl.col("next_us") - pl.col("time_us") > GAP_S * 1_000_000)
        .select("track_id", start_us="time_us", end_us="next_us")
    )
    counted = (
        found.join(points.lazy().select("track_id", "time_us"), on="track_id")
        .filter(
            (pl.col("time_us") <= pl.col("start_us"))
            & (pl.col("time_us") // 1_800_000_000 > pl.col("start_us") // 1_800_000_000 - 24)
        )
        .group_by("track_id", "start_us", "end_us")
        .len()
    )
    return set(counted.collect().rows())


def loitering_polars(points: pl.DataFrame) -> Answer:
    half = 0.5 * M_PER_DEG
    high = pl.col("lat_deg").max() - pl.col("lat_deg").min()
    wide = (pl.col("lon_deg").max() - pl.col("lon_deg").min()) * (
        pl.col("lat_deg").min().radians().cos()
    )
    found = (
        points.lazy()
        .filter(pl.col("speed_kn") < 2.0)
        .with_columns(before_us=pl.col("time_us").diff().over("track_id"))
        .with_columns(
            run=(pl.col("before_us") > 600_000_000).fill_null(False).cum_sum().over("track_id")
        )
        .group_by("track_id", "run")
        .agg(
            start_us=pl.col("time_us").min(),
            end_us=pl.col("time_us").max(),
            radius_m=half * (high**2 + wide**2).sqrt(),
        )
        .filter(
            (pl.col("end_us") - pl.col("start_us") >= 3_601_000_000) & (pl.col("radius_m") > 300)
        )
        .select("track_id", "start_us", "end_us")
    )
    return set(found.collect().rows())


def _apart_m(y_1: pl.Expr, x_1: pl.Expr, y_2: pl.Expr, x_2: pl.Expr) -> pl.Expr:
    u, v = ((y_2 - y_1).radians() / 2).sin(), ((x_2 - x_1).radians() / 2).sin()
    return 12_742_017.6 * (u**2 + y_1.radians().cos() * y_2.radians().cos() * v**2).sqrt().arcsin()


def _grid_polars(points: pl.DataFrame) -> pl.LazyFrame:
    later = [
        pl.col(c).shift(-1).over("track_id").alias(f"{c}_1")
        for c in ("time_us", "lat_deg", "lon_deg")
    ]
    share = (pl.col("t") - pl.col("time_us")) / (pl.col("time_us_1") - pl.col("time_us"))
    slots = pl.col("time_us_1") // 600_000_000, pl.col("time_us") // 600_000_000
    before = [pl.col(c).shift(1).over("track_id") for c in ("y", "x", "t")]
    return (
        points.lazy()
        .with_columns(later)
        .filter((slots[0] > slots[1]) & (pl.col("time_us_1") - pl.col("time_us") <= 3_600_000_000))
        .with_columns(t=pl.int_ranges(slots[1] + 1, slots[0] + 1))
        .explode("t")
        .with_columns(t=pl.col("t") * 600_000_000)
        .select(
            "track_id",
            "t",
            y=pl.col("lat_deg") + (pl.col("lat_deg_1") - pl.col("lat_deg")) * share,
            x=pl.col("lon_deg") + (pl.col("lon_deg_1") - pl.col("lon_deg")) * share,
        )
        .with_columns(
            kn=_apart_m(before[0], before[1], pl.col("y"), pl.col("x"))
            / ((pl.col("t") - before[2]) / 1e6) * 3600 / 1852,
            row=(pl.col("y") / 0.01).floor().cast(pl.Int32),
            col=(pl.col("x") / 0.02).floor().cast(pl.Int32),
        )
    )  # fmt: skip


def encounters_polars(points: pl.DataFrame) -> Answer:
    grid = _grid_polars(points).collect()
    around = pl.DataFrame({"dr": np.repeat([-1, 0, 1], 3), "dc": np.tile([-1, 0, 1], 3)})
    near = (
        around.lazy()
        .join(grid.lazy(), how="cross")
        .with_columns(
            row=(pl.col("row") + pl.col("dr")).cast(pl.Int32),
            col=(pl.col("col") + pl.col("dc")).cast(pl.Int32),
        )
    )
    pairs = (
        near.join(grid.lazy(), on=["t", "row", "col"], suffix="_2")
        .filter(pl.col("track_id") < pl.col("track_id_2"))
        .filter(_apart_m(pl.col("y"), pl.col("x"), pl.col("y_2"), pl.col("x_2")) <= 500)
        .sort("track_id", "track_id_2", "t")
    )
    who = ["track_id", "track_id_2"]
    slow = (pl.col("kn") < 2).sum() + (pl.col("kn_2") < 2).sum()
    steps = pl.col("before_us").filter(pl.col("before_us") <= 1_200_000_000).sum()
    found = (
        pairs.with_columns(before_us=pl.col("t").diff().over(who))
        .with_columns(
            meeting=(pl.col("before_us") >= 14_400_000_000).fill_null(False).cum_sum().over(who)
        )
        .group_by(*who, "meeting")
        .agg(
            start_us=pl.col("t").min(),
            end_us=pl.col("t").max(),
            together_us=steps,
            is_slow=2 * slow > pl.col("kn").count() + pl.col("kn_2").count(),
        )
        .filter((pl.col("together_us") >= 7_200_000_000) & pl.col("is_slow"))
        .select(*who, "start_us", "end_us")
    )
    return set(found.collect().rows())


MOVINGPANDAS = """
import sys, time, json, warnings
warnings.filterwarnings("ignore")
import pandas as pd, movingpandas as mpd
from datetime import timedelta
f = pd.read_csv(sys.argv[1])
f["t"] = pd.to_datetime(f["time_us"], unit="us")
out = {}
start = time.perf_counter()
c = mpd.TrajectoryCollection(f, "track_id", t="t", x="lon_deg", y="lat_deg", crs=4326)
out["build_s"] = time.perf_counter() - start
start = time.perf_counter()
parts = mpd.ObservationGapSplitter(c).split(gap=timedelta(hours=6))
out["gap_s"] = time.perf_counter() - start
start = time.perf_counter()
stops = mpd.TrajectoryStopDetector(c).get_stop_segments(
    min_duration=timedelta(hours=1), max_diameter=600)
out["loitering_s"] = time.perf_counter() - start
print(json.dumps(out))
"""


def movingpandas_s(python: str | None, points: pa.Table) -> dict | None:
    """Seconds of MovingPandas on the first vessels: building, gaps, stops (the nearest it has)."""
    if python is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "points.csv"
        csv.write_csv(points.select(["track_id", "time_us", "lat_deg", "lon_deg"]), path)
        done = subprocess.run(
            [python, "-c", MOVINGPANDAS, str(path)], capture_output=True, text=True, check=False
        )
    if done.returncode:
        print(done.stderr[-500:])
        return None
    return json.loads(done.stdout.splitlines()[-1])


def timed(runs: int, works: dict[str, Callable[[], object]]) -> tuple[dict, dict]:
    """Median wall seconds and CPU seconds of each, run alternately."""
    wall: dict[str, list[float]] = {name: [] for name in works}
    cpu: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(runs):
        for name, work in works.items():
            start, start_cpu = time.perf_counter(), time.process_time()
            work()
            wall[name].append(time.perf_counter() - start)
            cpu[name].append(time.process_time() - start_cpu)
    return tuple({n: statistics.median(t) for n, t in taken.items()} for taken in (wall, cpu))


def compared(points: pa.Table, runs: int) -> tuple[dict, dict, dict]:
    """Wall and CPU seconds by detector and program, and how many each detector found."""
    connection = duckdb.connect()
    connection.register("arrow_points", points)
    connection.execute("CREATE TABLE points AS SELECT * FROM arrow_points")
    frame = pl.from_arrow(points)
    assert isinstance(frame, pl.DataFrame)
    contests = {
        "gap": (gaps_ours, GAP_SQL, gaps_polars),
        "loitering": (loitering_ours, LOITERING_SQL, loitering_polars),
        "encounter": (encounters_ours, ENCOUNTER_SQL, encounters_polars),
    }
    seconds, cpu, found = {}, {}, {}
    for kind, (ours, sql, polars) in contests.items():
        works = {
            "ours": lambda ours=ours: ours(points),
            "duckdb": lambda sql=sql: duckdb_answer(connection, sql),
            "polars": lambda polars=polars: polars(frame),
        }
        answers = {name: work() for name, work in works.items()}
        for name, answer in answers.items():
            if answer != answers["ours"]:
                odd = sorted(answer ^ answers["ours"])[:4]
                message = f"{kind}: {name} found {len(answer)}, ours {len(answers['ours'])}: {odd}"
                raise SystemExit(message)
        found[kind] = len(answers["ours"])
        if kind == "encounter":
            firsts = [(200_000_000 + 2 * k) * 16 for k in range(N_MEETINGS)]
            assert {a[:2] for a in answers["ours"]} == {(t, t + 16) for t in firsts}, "not planted"
        seconds[kind], cpu[kind] = timed(runs, works)
        print(kind, found[kind], {n: round(s, 3) for n, s in seconds[kind].items()}, flush=True)
    return seconds, cpu, found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true", help="the last line is JSON in any case")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--movingpandas", help="an interpreter that has movingpandas")
    options = parser.parse_args()
    points = sea(*((2000, 500) if options.quick else (5000, 2000)))
    print(f"{points.num_rows} positions", flush=True)
    seconds, cpu, found = compared(points, options.runs)
    weighed = timed(options.runs, {"gap": lambda: weighed_gaps(points)})
    few = points.slice(
        0, MOVINGPANDAS_VESSELS * (points.num_rows // (2000 if options.quick else 5000))
    )
    theirs = movingpandas_s(options.movingpandas, few)
    ours_few, _ = timed(
        options.runs, {"gap": lambda: gaps_ours(few), "loitering": lambda: loitering_ours(few)}
    )
    report = summary(seconds, cpu, theirs, ours_few)
    report |= {
        "rows": points.num_rows,
        "found": found,
        "planted": {"gap": N_GAPS, "loitering": N_LOITERERS, "encounter": N_MEETINGS},
        "gap_with_reception_s": round(weighed[0]["gap"], 3),
        "gap_with_reception_cpu_s": round(weighed[1]["gap"], 3),
        "peak_mib": round(own_peak_mib()),
        "runs": options.runs,
    }
    finish("detectors", report, keep=not options.quick)


def summary(seconds: dict, cpu: dict, theirs: dict | None, ours_few: dict) -> dict:
    """Seconds and how many times longer each peer takes, by detector."""
    ratio = {
        peer: {kind: round(s[peer] / s["ours"], 2) for kind, s in seconds.items()}
        for peer in ("duckdb", "polars")
    }
    slower = theirs and {
        kind: round((theirs["build_s"] + theirs[f"{kind}_s"]) / s) for kind, s in ours_few.items()
    }
    return {
        "seconds": {k: {n: round(v, 3) for n, v in s.items()} for k, s in seconds.items()},
        "cpu_seconds": {k: {n: round(v, 3) for n, v in s.items()} for k, s in cpu.items()},
        "ratio_duckdb": ratio["duckdb"],
        "ratio_polars": ratio["polars"],
        "ratio_movingpandas": slower,
    }


if __name__ == "__main__":
    main()
