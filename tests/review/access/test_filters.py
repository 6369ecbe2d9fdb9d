"""A filter says of each row what the policies say of it: as a mask, in SQLite and in DuckDB."""

import sqlite3
import tempfile
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.review.access.markings import TLP
from fairlead.review.access.policy import Policy, row
from fairlead.review.access.predicates import LIST_AS_TEXT, markings_text
from fairlead.review.access.principal import Principal
from fairlead.schema.errors import ConfigError

MARKS = [*TLP, "source:a", "source:b", "rel:fra", "community:fisheries"]
SOURCES = ["", "a", "b", "sat-1", "sat-2-x", "Sat-1", "x-sat", "s*t"]
KINDS = ["", "gap", "encounter"]

ROWS = st.lists(
    st.tuples(
        st.lists(st.sampled_from(MARKS), max_size=4),
        st.sampled_from(SOURCES),
        st.sampled_from(KINDS),
    ),
    max_size=12,
)
PEOPLE = st.builds(
    lambda roles, marks, method: Principal("acct-me", roles, marks, 0, method),
    st.frozensets(st.sampled_from(["viewer", "analyst", "reviewer", "service"])),
    st.frozensets(st.sampled_from(MARKS)),
    st.sampled_from(["passkey", "token"]),
)


def quoted(texts):
    return "[" + ", ".join(f'"{text}"' for text in texts) + "]"


ATOMS = st.one_of(
    st.just("principal.markings.containsAll(resource.markings)"),
    st.just("resource.markings.containsAll(principal.markings)"),
    st.just("principal.markings.containsAny(resource.markings)"),
    st.just("resource.markings.isEmpty()"),
    st.just("resource.markings == principal.markings"),
    st.just('principal.roles.contains("viewer")'),
    st.just('principal.method != "token"'),
    st.sampled_from(MARKS).map(lambda m: f'resource.markings.contains("{m}")'),
    st.lists(st.sampled_from(MARKS), min_size=1, max_size=3).map(
        lambda marks: f"resource.markings.containsAny({quoted(marks)})"
    ),
    st.lists(st.sampled_from(MARKS), min_size=1, max_size=3).map(
        lambda marks: f"{quoted(marks)} == resource.markings"
    ),
    st.sampled_from(KINDS).map(lambda kind: f'resource.kind == "{kind}"'),
    st.sampled_from(KINDS).map(lambda kind: f'"{kind}" != resource.kind'),
    st.lists(st.sampled_from(SOURCES), min_size=1, max_size=3).map(
        lambda names: f"{quoted(names)}.contains(resource.source)"
    ),
    st.sampled_from(
        ["sat-*", "*sat", "*a*", "s*1", "*", "sat-1", "sat-1*1", r"s\*t", "*t-*x", "**"]
    ).map(lambda shape: f'resource.source like "{shape}"'),
)
QUERIES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda p: f"({p[0]} && {p[1]})"),
        st.tuples(inner, inner).map(lambda p: f"({p[0]} || {p[1]})"),
        inner.map(lambda p: f"!({p})"),
        st.tuples(inner, inner, inner).map(lambda p: f"(if {p[0]} then {p[1]} else {p[2]})"),
    ),
    max_leaves=4,
)
BEYOND = st.sampled_from(
    [
        "resource.source == resource.kind",
        'resource.source like "*a*t*"',
        "[resource.kind].containsAny([resource.source])",
        "resource.markings.contains(resource.kind)",
        "resource.markings == [resource.kind]",
        '[resource.kind, "gap"].contains(resource.source)',
    ]
)


def policies(conditions):
    texts = []
    for number, (effect, word, condition) in enumerate(conditions):
        texts.append(
            f'@id("p{number}") {effect} (principal, action == Action::"see", resource is Row) '
            f"{word} {{ {condition} }};"
        )
    with tempfile.TemporaryDirectory() as folder:
        for shipped in ("see", "judge", "refer", "manage"):
            (Path(folder) / f"{shipped}.cedar").write_text("")
        (Path(folder) / "own.cedar").write_text("\n".join(texts))
        policy = Policy(Path(folder))
    assert policy.problem == ""
    return policy


def conditions(of):
    return st.lists(
        st.tuples(
            st.sampled_from(["permit", "permit", "forbid"]), st.sampled_from(["when", "unless"]), of
        ),
        min_size=1,
        max_size=4,
    )


def table(rows):
    marks, sources, kinds = zip(*rows, strict=True) if rows else ([], [], [])
    return pa.table(
        {
            "markings": pa.array(list(marks), pa.list_(pa.string())),
            "source": pa.array(list(sources), pa.string()),
            "kind": pa.array(list(kinds), pa.string()),
        }
    )


def one_by_one(policy, principal, rows):
    return [
        policy.allowed(principal, "see", row(markings=set(m), source=s, kind=k)).allowed
        for m, s, k in rows
    ]


def in_sqlite(found, rows):
    where, values = found.sql()
    with sqlite3.connect(":memory:") as database:
        database.execute("CREATE TABLE seen (n, markings, source, kind)")
        for n, (marks, source, kind) in enumerate(rows):
            text = markings_text(marks)
            database.execute("INSERT INTO seen VALUES (?, ?, ?, ?)", (n, text, source, kind))
        ids = {n for (n,) in database.execute(f"SELECT n FROM seen WHERE {where}", values)}
    database.close()
    return [n in ids for n in range(len(rows))]


def in_duckdb(found, rows):
    columns = {"markings": LIST_AS_TEXT.format("marks")}
    where, values = found.sql(columns)
    seen = table(rows).rename_columns(["marks", "source", "kind"])
    seen = seen.append_column("n", pa.array(range(len(rows)), pa.int64()))
    with duckdb.connect() as database:
        database.register("seen", seen)
        ids = database.execute(f"SELECT n FROM seen WHERE {where}", values).fetchall()
    return [(n,) in ids for n in range(len(rows))]


@settings(max_examples=100)
@given(PEOPLE, ROWS, st.sampled_from(["see", "export", "decide", "author_referral"]))
def test_the_shipped_policies_filter_as_they_allow(principal, rows, action):
    policy = SHIPPED
    found = policy.row_filter(principal, action)
    expected = [
        policy.allowed(principal, action, row(markings=set(m), source=s, kind=k)).allowed
        for m, s, k in rows
    ]
    assert found.mask(table(rows)).tolist() == expected
    assert in_sqlite(found, rows) == expected


SHIPPED = Policy()


@settings(max_examples=80)
@given(PEOPLE, ROWS, conditions(QUERIES))
def test_any_policies_filter_as_they_allow(principal, rows, written):
    policy = policies(written)
    found = policy.row_filter(principal, "see")
    expected = one_by_one(policy, principal, rows)
    assert found.mask(table(rows)).tolist() == expected
    assert in_sqlite(found, rows) == expected


@settings(max_examples=15)
@given(PEOPLE, ROWS, conditions(QUERIES))
def test_duckdb_answers_the_same_over_lists(principal, rows, written):
    policy = policies(written)
    found = policy.row_filter(principal, "see")
    assert in_duckdb(found, rows) == one_by_one(policy, principal, rows)


@settings(max_examples=30)
@given(PEOPLE, ROWS, conditions(st.one_of(QUERIES, BEYOND)))
def test_what_no_query_can_say_is_asked_of_cedar_itself(principal, rows, written):
    policy = policies(written)
    found = policy.row_filter(principal, "see")
    assert found.mask(table(rows)).tolist() == one_by_one(policy, principal, rows)


@pytest.mark.parametrize(
    "condition",
    ["resource.source == resource.kind", 'resource.source like "*a*t*"'],
)
def test_what_no_query_can_say_is_no_query(condition):
    found = policies([("permit", "when", condition)]).row_filter(me(), "see")
    with pytest.raises(ConfigError):
        found.sql()


def me(*marks):
    return Principal("acct-me", frozenset({"viewer"}), frozenset(marks), 0, "passkey")


def test_a_row_without_markings_is_shown_to_nobody():
    rows = pa.table(
        {"markings": pa.array([None, [], [None], ["tlp:clear", None]], pa.list_(pa.string()))}
    )
    everything = policies([("permit", "when", "true")])
    for found in (
        SHIPPED.row_filter(me(*TLP), "see"),
        everything.row_filter(me(), "see"),
        policies([("permit", "when", "resource.kind == resource.source")]).row_filter(me(), "see"),
    ):
        assert found.mask(rows).tolist() == [False, True, False, False]
        assert not found.mask(pa.table({"source": ["a"]})).any()
        assert found.mask(rows.slice(0, 0)).tolist() == []
    where, values = SHIPPED.row_filter(me(*TLP), "see").sql(
        {"markings": LIST_AS_TEXT.format("markings")}
    )
    with duckdb.connect() as database:
        database.register("seen", rows)
        n_shown = database.execute(f"SELECT count(*) FROM seen WHERE {where}", values).fetchone()
    assert n_shown == (1,)
    where, values = everything.row_filter(me(), "see").sql()
    with sqlite3.connect(":memory:") as database:
        database.execute("CREATE TABLE seen (markings, source, kind)")
        database.execute("INSERT INTO seen VALUES (NULL, 'a', 'b')")
        assert database.execute(f"SELECT * FROM seen WHERE {where}", values).fetchall() == []
    database.close()


def test_missing_and_empty_columns_are_the_same():
    gaps = policies([("permit", "when", 'resource.kind == ""')]).row_filter(me(), "see")
    marks = pa.array([[], []], pa.list_(pa.string()))
    assert gaps.mask(pa.table({"markings": marks})).tolist() == [True, True]
    kinds = pa.array([None, "gap"], pa.string())
    assert gaps.mask(pa.table({"markings": marks, "kind": kinds})).tolist() == [True, False]


def test_columns_of_other_shapes_are_read():
    found = SHIPPED.row_filter(me("source:a"), "see")
    marks = pa.chunked_array(
        [
            pa.array([["source:a"], ["source:b"]], pa.large_list(pa.large_string())),
            pa.array([[], ["source:a", "tlp:green"]], pa.large_list(pa.large_string())),
        ]
    )
    sources = pa.chunked_array([["a"], ["b", "a", "b"]]).dictionary_encode()
    rows = pa.table({"markings": marks, "source": sources})
    assert found.mask(rows).tolist() == [True, False, True, False]
    assert found.mask(rows.slice(1, 2)).tolist() == [False, True]
    assert found.mask(rows).dtype == np.bool_


@pytest.mark.parametrize("action", ["manage_accounts", "approve_referral", "launch"])
def test_what_is_not_asked_of_rows_lets_none_through(action):
    found = SHIPPED.row_filter(me(*TLP), action)
    assert not found.mask(table([(["tlp:clear"], "", "")])).any()
    assert found.policy_ids == ()


def test_a_filter_names_the_policies_that_have_a_say():
    assert SHIPPED.row_filter(me(), "see").policy_ids == (
        *("no-row-beyond-markings", "see-what-you-hold"),
    )
    assert SHIPPED.row_filter(me(), "export").policy_ids == ("no-row-beyond-markings",)


def test_the_usual_filter_is_a_short_query():
    assert SHIPPED.row_filter(me("tlp:green", "source:a"), "see").sql() == (
        "(markings IS NOT NULL AND replace(replace(replace(markings, ?, ''), ?, ''), ?, '') = '')",
        ["|source:a|", "|tlp:clear|", "|tlp:green|"],
    )
    assert SHIPPED.row_filter(me(), "export").sql() == ("(markings IS NOT NULL AND 1 = 0)", [])


@pytest.mark.parametrize("mark", ["", "a|b", "|"])
def test_what_cannot_be_a_marking_is_in_no_text_and_found_in_none(mark):
    with pytest.raises(ConfigError, match="cannot be a marking"):
        markings_text([mark])
    for condition in (
        f'resource.markings.contains("{mark}")',
        f'["{mark}"].containsAll(resource.markings) && !resource.markings.isEmpty()',
    ):
        found = policies([("permit", "when", condition)]).row_filter(me(), "see")
        assert in_sqlite(found, [(["source:a"], "", ""), ([], "", "")]) == [False, False]


def test_markings_are_written_once_and_in_order():
    assert markings_text(["tlp:green", "source:a", "tlp:green"]) == "|source:a||tlp:green|"
    assert markings_text([]) == ""


@pytest.mark.parametrize(
    ("shape", "fitting"),
    [
        ("sat-*", ["sat-1", "sat-2-x"]),
        ("*sat", ["x-sat"]),
        ("*a*", ["a", "sat-1", "sat-2-x", "Sat-1", "x-sat"]),
        ("s*t-*x", ["sat-2-x"]),
        ("sat-1*1", []),
        (r"s\*t", ["s*t"]),
        ("*", SOURCES),
    ],
)
def test_patterns_fit_in_a_query_as_they_do_in_a_mask(shape, fitting):
    found = policies([("permit", "when", f'resource.source like "{shape}"')])
    rows = [([], source, "") for source in SOURCES]
    expected = [source in fitting for source in SOURCES]
    assert found.row_filter(me(), "see").mask(table(rows)).tolist() == expected
    assert in_sqlite(found.row_filter(me(), "see"), rows) == expected


def test_a_choice_of_kinds_is_a_query():
    found = policies([("permit", "when", '["gap", "stop"].contains(resource.kind)')])
    rows = [([], "", kind) for kind in KINDS]
    assert in_sqlite(found.row_filter(me(), "see"), rows) == [False, True, False]
