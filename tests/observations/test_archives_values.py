"""Numbers and times out of text, against Python's own reading."""

import datetime as dt
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.observations.archives.values import (
    DAY_FIRST,
    EPOCH_MS,
    EPOCH_S,
    GIVEN,
    MISSING,
    MONTH_FIRST,
    UNREADABLE,
    numbers,
    times,
)


def places(cells):
    encoded = [c.encode() for c in cells]
    text = np.frombuffer(b"|".join([*encoded, b"|"]), np.uint8)
    lengths = np.array([len(c) for c in encoded])
    begins = np.concatenate(([0], np.cumsum(lengths + 1)[:-1])).astype(np.int32)
    return text, begins, (begins + lengths).astype(np.int32)


def number(cell):
    values, status = numbers(*places([cell]), ord("."))
    return values[0], status[0]


def instant(cell, style=DAY_FIRST):
    values, status = times(*places([cell]), style)
    return (values[0] if status[0] == GIVEN else None), status[0]


@settings(max_examples=300, deadline=None)
@given(st.decimals(-(10**7), 10**7, allow_nan=False, places=7))
def test_numbers_of_fifteen_digits_are_exact(value):
    assert number(str(value))[0] == float(value)


@settings(max_examples=300, deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e200, max_value=1e200))
def test_any_float_is_read_to_the_last_places(value):
    got, status = number(repr(value))
    assert status == GIVEN
    assert got == pytest.approx(value, rel=1e-13, abs=1e-300)


@settings(max_examples=300, deadline=None)
@given(st.text("0123456789.+-eE xnaN", max_size=12))
def test_text_is_a_number_when_python_says_so(cell):
    cell = cell.strip()
    try:
        value = float(cell)
    except ValueError:
        value = None
    got, status = number(cell)
    if value is None:
        assert status != GIVEN
    elif status == GIVEN:
        assert got == pytest.approx(value, rel=1e-13, nan_ok=True)
    else:
        assert math.isnan(value) or len(cell.lower().partition("e")[2]) > 3


@pytest.mark.parametrize("cell", ["", "  ", "NaN", "None", "null", "N/A", "Unknown", "-", "@@@"])
def test_words_for_nothing(cell):
    assert number(cell)[1] == MISSING
    assert instant(cell)[1] == MISSING


@pytest.mark.parametrize("cell", ["five", "1.2.3", "--1", "1,5", "0x1A", "1e", "12 13", "\x00"])
def test_what_is_no_number(cell):
    assert number(cell)[1] == UNREADABLE


DAY = 1_704_067_200_000_000
TIMES = [
    ("2024-01-01T00:00:00", DAY),
    ("2024-01-01 00:00:00Z", DAY),
    ("2024-01-01T02:00:00+02:00", DAY),
    ("2023-12-31 19:00:00 -0500", DAY),
    ("2024-01-01 00:00:01.25", DAY + 1_250_000),
    ("2024-01-01 00:00:00.123456789 +0000 UTC", DAY + 123_456),
    ("2024/01/01 00:00", DAY),
    ("2024-01-01", DAY),
    ("20240101_000000", DAY),
    ("20240101T000000Z", DAY),
    ("20240101000000", DAY),
    ("01/01/2024 00:00:00", DAY),
    ("1.1.2024 0:00", DAY),
    ("1704067200", DAY),
    ("1704067200.5", DAY + 500_000),
    ("1704067200123", DAY + 123_000),
    ("1704067200123456", DAY + 123_456),
    ("1704067200123456789", DAY + 123_456),
]


@pytest.mark.parametrize(("cell", "expected"), TIMES)
def test_times(cell, expected):
    assert instant(cell) == (expected, GIVEN)


def test_times_where_the_form_leaves_a_choice():
    assert instant("02/01/2024 00:00")[0] == DAY + 86_400_000_000
    assert instant("01/02/2024 00:00", MONTH_FIRST)[0] == DAY + 86_400_000_000
    assert instant("13/02/2024 00:00", MONTH_FIRST)[1] == UNREADABLE
    assert instant("1704067200123", EPOCH_MS)[0] == DAY + 123_000
    assert instant("60", EPOCH_S)[0] == 60_000_000


@pytest.mark.parametrize(
    "cell",
    ["2024-02-30T00:00:00", "2023-02-29 00:00:00", "2024-13-01", "2024-01-01T24:00:00",
     "2024-01-01T00:60:00", "2024-01-01T00:00:00 later", "01/2024", "noon", "-5", "1e9",
     "99/99/2024 00:00", "2024-01-01T0"],
)  # fmt: skip
def test_what_is_no_time(cell):
    assert instant(cell)[1] == UNREADABLE


@settings(max_examples=300, deadline=None)
@given(
    st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2199, 12, 31)),  # noqa: DTZ001
    st.sampled_from(["%Y-%m-%dT%H:%M:%S", "%d/%m/%Y %H:%M:%S", "%Y%m%d_%H%M%S", "%Y-%m-%d %H:%M"]),
)
def test_any_instant_is_read_back(instant_, form):
    cell = instant_.strftime(form)
    expected = dt.datetime.strptime(cell, form).replace(tzinfo=dt.UTC)
    assert instant(cell)[0] == round(expected.timestamp() * 1e6)
