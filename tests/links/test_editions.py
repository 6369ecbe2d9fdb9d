"""Editions of a list: what is added, changed, ended and comes back."""

import pyarrow as pa
import pytest

from fairlead.links.watchlists.editions import amended
from fairlead.schema.tables import CLAIMS

DAY_US = 86_400_000_000
MAY, JUNE, JULY = (DAY_US * d for d in (20_200, 20_231, 20_261))


def claims(*names, edition_us=MAY, source="ofac-sdn", **more):
    rows = [
        {
            "claim_id": f"claim-{source}-{name}",
            "source": source,
            "reliability": "A",
            "credibility": 2,
            "recorded_us": edition_us,
            "names": [name],
            "detail": f"A list names {name}.",
            "raw_offset": 1,
        }
        | more
        for name in names
    ]
    return pa.Table.from_pylist(rows, schema=CLAIMS.columns)


def told(change):
    return {r["names"][0]: (r["until_us"], r["recorded_us"]) for r in change.claims.to_pylist()}


def after(known, change):
    rows = {r["claim_id"]: r for r in [*known.to_pylist(), *change.claims.to_pylist()]}
    return pa.Table.from_pylist(list(rows.values()), schema=CLAIMS.columns)


def test_the_first_edition_is_all_new():
    change = amended(CLAIMS.empty(), claims("A", "B"))
    assert told(change) == {"A": (None, MAY), "B": (None, MAY)}
    assert change.n_ended == {}


def test_what_a_newer_edition_lacks_ends_with_it():
    known = claims("A", "B", "C")
    change = amended(known, claims("A", "B", "D", edition_us=JUNE))
    assert told(change) == {"C": (JUNE, MAY), "D": (None, JUNE)}
    assert change.n_ended == {"ofac-sdn": 1}
    (ended,) = [r for r in change.claims.to_pylist() if r["until_us"]]
    assert ended["detail"] == "A list names C. No longer on the list in its edition of 2025-05-23."


def test_reading_the_same_edition_again_changes_nothing():
    known = claims("A", "B", "C")
    newer = claims("A", "B", edition_us=JUNE)
    now = after(known, amended(known, newer))
    assert amended(now, newer).claims.num_rows == 0


def test_what_comes_back_has_no_end_again():
    known = claims("A", "B", "C")
    now = after(known, amended(known, claims("A", "B", edition_us=JUNE)))
    change = amended(now, claims("A", "B", "C", edition_us=JULY))
    assert told(change) == {"C": (None, MAY)}


def test_what_only_an_older_edition_has_ended_with_the_newer():
    change = amended(claims("A", edition_us=JUNE), claims("A", "B"))
    assert told(change) == {"B": (JUNE, MAY)}


def test_other_lists_stay_as_they_are():
    known = pa.concat_tables([claims("A"), claims("B", source="iuu")])
    assert amended(known, claims("A", edition_us=JUNE)).claims.num_rows == 0


def test_an_excerpt_ends_nothing():
    change = amended(claims(*"ABCDE"), claims("A", edition_us=JUNE))
    assert (change.claims.num_rows, change.excerpts) == (0, ("ofac-sdn",))


@pytest.mark.parametrize(("until_us", "kept"), [(MAY, None), (JULY, JUNE)])
def test_an_end_that_the_list_gives_stands_where_it_is_earlier(until_us, kept):
    known = pa.concat_tables([claims("A", "B"), claims("C", until_us=until_us)])
    change = amended(known, claims("A", "B", edition_us=JUNE))
    assert {n: t[0] for n, t in told(change).items()} == ({"C": kept} if kept else {})
