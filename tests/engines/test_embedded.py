"""The embedded engine keeps its promises to steps, whatever order rows come in."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fairlead.engines.embedded import EmbeddedEngine
from fairlead.schema.errors import EngineError
from fairlead.schema.span import Span
from fairlead.schema.step import Batch
from fairlead.schema.table import Table, column

SEEN = Table(
    name="seen",
    doc="test inlet",
    columns=pa.schema(
        [
            column("ship", pa.int64(), "key"),
            column("time_us", pa.int64(), "time"),
            column("n", pa.int64(), "tie breaker"),
        ]
    ),
    key="ship",
    time="time_us",
    ids=("n",),
)
PAIRS = Table(
    name="pairs",
    doc="test output: each row with the one before it",
    columns=pa.schema(
        [
            column("ship", pa.int64(), "key"),
            column("time_us", pa.int64(), "time"),
            column("n", pa.int64(), "row"),
            column("before", pa.int64(), "row before"),
        ]
    ),
    key="ship",
    time="time_us",
    ids=("n",),
)
QUIET = Table(
    name="quiet",
    doc="test output: a ship silent for two hours",
    columns=pa.schema(
        [
            column("ship", pa.int64(), "key"),
            column("time_us", pa.int64(), "when known"),
            column("last_n", pa.int64(), "last row"),
        ]
    ),
    key="ship",
    time="time_us",
    ids=("last_n",),
    upserted=True,
)
LAST = Table(
    name="last",
    doc="carried",
    columns=pa.schema([*SEEN.columns, column("wake_us", pa.int64(), "due")]),
    key="ship",
    time="time_us",
    ids=("n",),
)
HOUR = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Follow:
    kind: ClassVar[str] = "follow"
    version: ClassVar[int] = 1
    key: ClassVar[str] = "ship"
    reads: ClassVar[tuple[Table, ...]] = (SEEN,)
    writes: ClassVar[tuple[Table, ...]] = (PAIRS,)
    carries: ClassVar[Table] = SEEN

    def step(self, carried, batch, span):
        rows = carried.to_pylist() + batch[SEEN].to_pylist()
        assert all(span.since_us <= r["time_us"] < span.until_us for r in batch[SEEN].to_pylist())
        last = {r["ship"]: r for r in carried.to_pylist()}
        out = []
        for row in rows[carried.num_rows :]:
            before = last.get(row["ship"])
            out.append({**row, "before": before["n"] if before else None})
            last[row["ship"]] = row
        kept = (
            SEEN.columns.empty_table()
            if not last
            else pa.Table.from_pylist(list(last.values()), schema=SEEN.columns)
        )
        return kept, Batch({PAIRS: pa.Table.from_pylist(out, schema=PAIRS.columns)})


@dataclass(frozen=True, slots=True)
class Quiet:
    kind: ClassVar[str] = "quiet"
    version: ClassVar[int] = 1
    key: ClassVar[str] = "ship"
    reads: ClassVar[tuple[Table, ...]] = (PAIRS,)
    writes: ClassVar[tuple[Table, ...]] = (QUIET,)
    carries: ClassVar[Table] = LAST

    def step(self, carried, batch, span):
        last = {r["ship"]: r for r in carried.to_pylist()}
        out = []

        def expire(ship, until_us):
            row = last.get(ship)
            if row and row["wake_us"] is not None and row["wake_us"] < until_us:
                out.append({"ship": ship, "time_us": row["wake_us"], "last_n": row["n"]})
                last[ship] = {**row, "wake_us": None}

        for row in batch[PAIRS].to_pylist():
            expire(row["ship"], row["time_us"])
            last[row["ship"]] = {
                "ship": row["ship"],
                "time_us": row["time_us"],
                "n": row["n"],
                "wake_us": row["time_us"] + 2 * HOUR,
            }
        for ship in list(last):
            expire(ship, span.until_us)
        return (
            pa.Table.from_pylist(list(last.values()), schema=LAST.columns),
            Batch({QUIET: pa.Table.from_pylist(out, schema=QUIET.columns)}),
        )


def seen(*rows):
    ships, hours, ns = zip(*rows, strict=True)
    times = [int(h * HOUR) for h in hours]
    return SEEN.rows({"ship": np.array(ships), "time_us": np.array(times), "n": np.array(ns)})


def tables(engine):
    return {t.name: sorted(map(str, engine.scan(t).to_pylist())) for t in (PAIRS, QUIET)}


def run_whole(folder, rows):
    engine = EmbeddedEngine(folder, inlets=[SEEN])
    engine.append({SEEN: rows})
    engine.run([Follow(), Quiet()])
    found = tables(engine)
    engine.close()
    return found


rows_of_ships = st.lists(
    st.tuples(st.integers(1, 3), st.integers(0, 60)), min_size=1, max_size=25
).map(lambda pairs: [(ship, hour, n) for n, (ship, hour) in enumerate(pairs)])


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=rows_of_ships, data=st.data())
def test_late_rows_and_stops_give_the_tables_of_an_undisturbed_run(tmp_path_factory, rows, data):
    """Rows in any order over several runs, each closed at its end, change nothing."""
    expected = run_whole(tmp_path_factory.mktemp("whole"), seen(*rows))
    folder = tmp_path_factory.mktemp("parts")
    order = data.draw(st.permutations(rows))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(rows)), max_size=3)))
    for part in np.split(np.arange(len(order)), cuts):
        engine = EmbeddedEngine(folder, inlets=[SEEN])
        if len(part):
            engine.append({SEEN: seen(*[order[i] for i in part])})
        engine.run([Follow(), Quiet()])
        found = tables(engine)
        engine.close()
    assert found == expected


def test_silence_at_the_end_of_a_recording_is_not_silence_of_a_ship(tmp_path):
    found = run_whole(tmp_path, seen((1, 0, 0), (2, 0, 1), (2, 5, 2)))
    assert [row for row in found["quiet"]] == [
        str({"ship": 1, "time_us": 2 * HOUR, "last_n": 0}),
        str({"ship": 2, "time_us": 2 * HOUR, "last_n": 1}),
    ]


def test_late_rows_are_counted(tmp_path):
    engine = EmbeddedEngine(tmp_path, inlets=[SEEN])
    engine.append({SEEN: seen((1, 10, 0))})
    engine.run([Follow(), Quiet()])
    engine.append({SEEN: seen((1, 2, 1), (1, 20, 2))})
    assert engine.workspace.counts() == {"late_rows": 1}
    engine.close()


def test_a_second_writer_is_told_of_the_first(tmp_path):
    first = EmbeddedEngine(tmp_path, inlets=[SEEN])
    with pytest.raises(EngineError, match=r"process \d+ is writing"):
        EmbeddedEngine(tmp_path, inlets=[SEEN])
    first.close()


def test_a_reader_of_nothing_is_told_what_to_do(tmp_path):
    with pytest.raises(EngineError, match="no workspace") as caught:
        EmbeddedEngine(tmp_path / "none", inlets=[SEEN], writable=False)
    assert "fairlead run" in caught.value.help


def test_a_workspace_of_another_schema_is_left_alone(tmp_path):
    engine = EmbeddedEngine(tmp_path, inlets=[SEEN])
    engine.workspace.control.execute("UPDATE meta SET value = '0' WHERE key = 'schema'")
    engine.close()
    with pytest.raises(EngineError, match="schema version 0"):
        EmbeddedEngine(tmp_path, inlets=[SEEN])


def test_files_of_an_uncommitted_write_are_cleared(tmp_path):
    engine = EmbeddedEngine(tmp_path, inlets=[SEEN])
    engine.append({SEEN: seen((1, 1, 0))})
    engine.workspace.write(SEEN, seen((1, 1, 1)))
    engine.close()
    again = EmbeddedEngine(tmp_path, inlets=[SEEN])
    assert len(list(tmp_path.glob("seen/*/*.parquet"))) == 1
    assert again.scan(SEEN).num_rows == 1
    again.close()


def test_a_span_cuts_in_order():
    assert Span(0, 10).cut(5, 5, 20, 0) == [Span(0, 5), Span(5, 10)]
