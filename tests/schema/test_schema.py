"""Tables refuse what they do not hold; identifiers depend on content alone; rows come in order."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.schema.errors import ConfigError, FairleadError
from fairlead.schema.ids import content_id, digest, row_ids
from fairlead.schema.span import Span
from fairlead.schema.step import Batch, in_order, key_starts, last_of_key
from fairlead.schema.table import Table, code, column
from fairlead.schema.tables import EVENTS, NAV_STATUSES, TRACK_POINTS

TOY = Table(
    name="toy",
    doc="test",
    columns=pa.schema(
        [
            column("ship", pa.int64(), "key", required=True),
            column("time_us", pa.int64(), "time", required=True),
            column("n", pa.int64(), "tie breaker", required=True),
            column("state", pa.int8(), "coded", codes=("lit", "dark")),
        ]
    ),
    key="ship",
    time="time_us",
    ids=("n",),
)


def test_columns_not_given_are_null_and_required_ones_are_asked_for():
    rows = TOY.rows({"ship": [1], "time_us": [2], "n": [3]})
    assert rows["state"].to_pylist() == [None]
    with pytest.raises(ConfigError, match="needs column `n`"):
        TOY.rows({"ship": [1], "time_us": [2]})
    with pytest.raises(ConfigError, match="no column"):
        TOY.rows({"shop": [1]})


def test_a_table_lacking_its_own_key_cannot_be_declared():
    with pytest.raises(ConfigError, match="lacks its own columns"):
        Table("x", "test", TOY.columns, key="nothing", time="time_us", ids=("n",))


def test_codes_have_names():
    assert TOY.codes("state") == ("lit", "dark")
    assert TOY.codes("n") == ()
    assert NAV_STATUSES[code(NAV_STATUSES, "moored")] == "moored"
    assert TRACK_POINTS.codes("nav_status") == NAV_STATUSES


def test_conform_orders_columns():
    rows = TOY.rows({"ship": [1], "time_us": [2], "n": [3]})
    shuffled = rows.select(["n", "state", "time_us", "ship"])
    assert TOY.conform(shuffled).equals(rows)


def test_a_batch_reads_empty_where_nothing_came():
    assert Batch()[EVENTS].num_rows == 0
    assert EVENTS not in Batch()


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 99)), max_size=30))
def test_in_order_is_a_total_order_whatever_came_first(rows):
    rows = sorted(set(rows), key=lambda r: r[2])
    arrays = np.array(rows, np.int64).reshape(-1, 3)
    table = TOY.rows({"ship": arrays[:, 0], "time_us": arrays[:, 1], "n": arrays[:, 2]})
    sorted_one = in_order(TOY, "ship", table.slice(3), table.slice(0, 3))
    expected = sorted(rows)
    found = list(zip(*(sorted_one[c].to_pylist() for c in ("ship", "time_us", "n")), strict=True))
    assert found == expected


def test_runs_of_keys():
    keys = np.array([5, 5, 7, 9, 9])
    assert key_starts(keys).tolist() == [0, 2, 3, 5]
    assert last_of_key(keys).tolist() == [False, True, True, False, True]
    assert key_starts(np.zeros(0)).tolist() == [0]


def test_row_ids_depend_on_content_order_and_nothing_else():
    a, b = np.array([1, 2, 3]), np.array([4, 5, 6])
    assert row_ids(a, b).tolist() == row_ids(a.copy(), b.astype(np.int32)).tolist()
    assert row_ids(a, b).tolist() != row_ids(b, a).tolist()
    assert (row_ids(a, b) >= 0).all()
    many = row_ids(np.arange(200_000), np.zeros(200_000, np.int64))
    assert len(np.unique(many)) == 200_000


def test_ids_of_things_are_stable():
    assert content_id("gap", 1, "x") == content_id("gap", 1, "x")
    assert content_id("gap", 1, "x") != content_id("gap", 1, "y")
    assert digest({"b": 1, "a": 2}) == digest({"a": 2, "b": 1})


def test_a_span_cannot_end_before_it_starts():
    with pytest.raises(ValueError, match="ends before"):
        Span(2, 1)


def test_errors_carry_help_and_a_stable_exit_code():
    error = ConfigError("x is wrong", help="do y")
    assert isinstance(error, FairleadError)
    assert (error.message, error.help, error.exit_code) == ("x is wrong", "do y", 2)
