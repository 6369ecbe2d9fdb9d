"""An entry's one right spelling, and what is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.review.ledger.broken import BrokenError
from fairlead.review.ledger.entries import ENTRY_BYTES_MAX, Entry
from fairlead.schema.errors import ConflictError
from fairlead.schema.ledger import LedgerKind

GOOD = b'{"actor":"acct-1","body":{"n":1},"kind":"decision","time_us":5,"v":1}'
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=10,
)


def test_a_leaf_is_canonical_json_with_five_fields():
    entry = Entry.make("decision", 5, "acct-1", {"n": 1})
    assert entry.raw == GOOD
    assert Entry.parse(GOOD) == entry


@given(st.sampled_from(list(LedgerKind)), st.integers(0, 2**53 - 1), TEXT)
def test_what_is_made_can_be_read(kind, time_us, actor):
    entry = Entry.make(kind, time_us, actor, {})
    assert Entry.parse(entry.raw) == entry
    assert type(entry.kind) is str


@given(st.dictionaries(TEXT, VALUES, max_size=5))
def test_every_body_that_is_taken_is_read_again(body):
    entry = Entry.make("export", 0, "a", body)
    again = Entry.parse(entry.raw)
    assert Entry.make("export", 0, "a", again.body).raw == entry.raw


def test_an_unknown_kind_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="gossip"):
        Entry.make("gossip", 0, "a", {})


def nested(n):
    value = []
    for _ in range(n):
        value = [value]
    return value


@pytest.mark.parametrize(
    "body",
    [
        {"n": 2**53},
        {"n": float("nan")},
        {"n": b"bytes"},
        {1: "key"},
        {"n": "\ud800"},
        {"\ud800": 1},
        {"n": nested(5000)},
    ],
)
def test_what_has_no_canonical_json_is_refused(body):
    with pytest.raises(ConflictError, match="no canonical JSON"):
        Entry.make("export", 0, "a", body)


def test_an_entry_fits_a_bundle():
    room = ENTRY_BYTES_MAX - len(Entry.make("export", 0, "a", {"x": ""}).raw)
    assert len(Entry.make("export", 0, "a", {"x": "y" * room}).raw) == 65_535
    with pytest.raises(ConflictError, match="65,536 bytes"):
        Entry.make("export", 0, "a", {"x": "y" * (room + 1)})


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "no canonical JSON"),
        (b"\xff", "no canonical JSON"),
        (b"[" * 100_000, "no canonical JSON"),
        (GOOD.replace(b":5", b":NaN"), "no canonical JSON"),
        (GOOD.replace(b":5", b":" + b"9" * 400), "no canonical JSON"),
        (GOOD + b" ", "not in canonical form"),
        (GOOD.replace(b":5", b":-0"), "not in canonical form"),
        (GOOD.replace(b":5", b":5.0"), "not in canonical form"),
        (GOOD.replace(b'"n":1', b'"n":1,"n":1'), "not in canonical form"),
        (GOOD.replace(b'"n":1', b'"n":1,"b":1'), "not in canonical form"),
        (b"5", "no ledger entry"),
        (b"[]", "no ledger entry"),
        (GOOD.replace(b'"v":1', b'"v":2'), "no ledger entry"),
        (GOOD.replace(b'"v":1', b'"v":true'), "no ledger entry"),
        (GOOD.replace(b',"v":1', b""), "no ledger entry"),
        (GOOD.replace(b'"v":1', b'"v":1,"w":1'), "no ledger entry"),
        (GOOD.replace(b"decision", b"gossip"), "no ledger entry"),
        (GOOD.replace(b'"acct-1"', b"1"), "no ledger entry"),
        (GOOD.replace(b'{"n":1}', b"[]"), "no ledger entry"),
        (GOOD.replace(b":5", b":5.5"), "no ledger entry"),
        (GOOD.replace(b":5", b":true"), "no ledger entry"),
    ],
)
def test_what_nobody_would_have_written_is_refused(raw, said):
    with pytest.raises(BrokenError, match=said):
        Entry.parse(raw)


@pytest.mark.parametrize("value", [2.0**53, 9.5e15, 1e20, -1e20, 1e21, 5e-324, -0.0])
def test_large_doubles_look_whole_in_canonical_json(value):
    raw = Entry.make("export", 0, "a", {"x": value}).raw
    assert json.loads(raw)["body"]["x"] == value
    assert Entry.parse(raw).body["x"] == value
