"""The laws that every step obeys, tested on all of them over one simulated sea."""

import dataclasses
import random

import pyarrow as pa
import pytest

from fairlead.app.flow import every_step
from fairlead.schema.span import Span
from fairlead.schema.step import WAKE, Batch, Step
from tests.laws.drive import drive, extent, settled

STEPS = {step.kind: step for step in every_step()}
KINDS = sorted(STEPS)
CARRIED_PER_KEY = 20_000


def rows_of(world, step):
    return world.inputs(step)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_where_time_is_cut_changes_nothing(world, kind, seed):
    step, rows = STEPS[kind], rows_of(world, STEPS[kind])
    whole = extent(rows)
    chance = random.Random(seed)
    cuts = [chance.randrange(whole.since_us, whole.until_us) for _ in range(4 * seed)]
    assert settled(drive(step, rows, cuts)) == settled(drive(step, rows))


@pytest.mark.parametrize("kind", KINDS)
def test_how_keys_are_split_changes_nothing(world, kind):
    step, rows = STEPS[kind], rows_of(world, STEPS[kind])
    assert settled(drive(step, rows, n_groups=3)) == settled(drive(step, rows))


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_in_which_rows_are_handed_over_changes_nothing(world, kind):
    step, rows = STEPS[kind], rows_of(world, STEPS[kind])
    if kind.startswith("decode"):
        pytest.skip("a stream of bytes has the order it has")
    chance = random.Random(7)
    shuffled = {}
    for table, part in rows.items():
        order = list(range(part.num_rows))
        chance.shuffle(order)
        shuffled[table] = part.take(pa.array(order, pa.int64()))
    assert settled(drive(step, shuffled)) == settled(drive(step, rows))


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_emitted_twice(world, kind):
    step, rows = STEPS[kind], rows_of(world, STEPS[kind])
    whole = extent(rows)
    middle = (whole.since_us + whole.until_us) // 2
    for table, out in drive(step, rows, [middle]).items():
        packed = [repr(row) for row in out.to_pylist()]
        assert len(packed) == len(set(packed)), (kind, table.name)


@pytest.mark.parametrize("kind", KINDS)
def test_empty_input_gives_empty_output(kind):
    step = STEPS[kind]
    carried, out = step.step(step.carries.empty(), Batch(), Span(0, 1))
    assert carried.num_rows == 0
    assert all(rows.num_rows == 0 for rows in out.values())


@pytest.mark.parametrize("kind", KINDS)
def test_evidence_is_there_and_was_seen(world, kind):
    step = STEPS[kind]
    seen = set()
    for name in ("observations", "statics"):
        if name in world.tables:
            seen |= set(world.tables[name][1]["observation_id"].to_pylist())
    for table, rows in drive(step, rows_of(world, step)).items():
        if "evidence" not in rows.column_names:
            continue
        for row in rows.to_pylist():
            assert row["evidence"], (kind, row)
            assert set(row["evidence"]) <= seen, (kind, table.name)


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_is_frozen_and_says_what_it_is(kind):
    step = STEPS[kind]
    assert isinstance(step, Step)
    assert dataclasses.is_dataclass(step)
    assert type(step).__dataclass_params__.frozen
    assert type(step).__doc__
    for table in step.reads:
        assert step.key in table.columns.names, (kind, table.name)
    assert step.key in step.carries.columns.names
    if WAKE in step.carries.columns.names:
        assert pa.types.is_int64(step.carries.columns.field(WAKE).type)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_carried_stays_bounded(world, kind):
    step, rows = STEPS[kind], rows_of(world, STEPS[kind])
    whole = extent(rows)
    carried = step.carries.empty()
    batch = Batch({t: r for t, r in rows.items()})
    from fairlead.engines.rows import sorted_rows

    batch = Batch({t: sorted_rows(r, (step.key, t.time, *t.ids)) for t, r in rows.items()})
    kept, _ = step.step(carried, batch, Span(whole.since_us, whole.until_us))
    if kept.num_rows:
        most = max(row["counts"] for row in kept[step.key].value_counts().to_pylist())
        assert most <= CARRIED_PER_KEY, kind
