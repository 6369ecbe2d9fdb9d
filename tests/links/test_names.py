"""Ship names made comparable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.links.names import compact, comparable_name, edits_between, likeness, one_less

NAMES = st.text(st.characters(codec="utf-8"), max_size=25)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("M/V Chon Myong 1", "CHON MYONG 1"),
        ("MV LABIKO II", "LABIKO 2"),
        ("F/V ALBORAN III", "ALBORAN 3"),
        ("SHUN CHANG NO. 3", "SHUN CHANG 3"),
        ("Tong San No.02", "TONG SAN 2"),
        ("Ryesonggang-1", "RYESONGGANG 1"),
        ("Rungra2", "RUNGRA 2"),
        ("AL'AMIR MUHAMMAD", "ALAMIR MUHAMMAD"),
        ("CAFÉ  NOIR@@@@", "CAFE NOIR"),
        ("КАПИТАН ЩЕМИЛКИН", "KAPITAN SHCHEMILKIN"),
        ("ØRESUND", "ORESUND"),
        ("VI", "VI"),
        ("海达705", "705"),
        ("", ""),
        ("ＦＵＬＬ　ＷＩＤＴＨ", "FULL WIDTH"),
    ],
)
def test_plain_names(text, plain):
    assert comparable_name(text) == plain


@pytest.mark.parametrize(
    ("said", "listed", "edits"),
    [
        ("GREY HERON", "GREY HERON", 0),
        ("GREYHERON", "GREY HERON", 0),
        ("GREY HERRON", "GREY HERON", 1),
        ("GERY HERON", "GREY HERON", 1),
        ("ARTAVIL", "ARTAVL", 1),
        ("DOVE", "DOVA", None),
        ("TONG SAN 2", "TONG SAN 3", None),
        ("PETREL 8", "PETREL 18", None),
        ("GREY HERON", "WHITE STORK", None),
        ("", "GREY HERON", None),
    ],
)
def test_likeness(said, listed, edits):
    found = likeness(comparable_name(said), comparable_name(listed))
    assert (found.edits if found else None) == edits


@pytest.mark.parametrize(
    ("a", "b", "n"),
    [("", "", 0), ("AB", "BA", 1), ("ABC", "AC", 1), ("ABC", "ABD", 1), ("KITTEN", "SITTING", 3)],
)
def test_edits(a, b, n):
    assert edits_between(a, b, 9) == n


@given(NAMES)
def test_a_plain_name_is_plain(text):
    plain = comparable_name(text)
    assert plain == " ".join(plain.split())
    assert all(c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 " for c in plain)


@given(NAMES, NAMES)
def test_likeness_has_no_direction(a, b):
    one, other = (
        likeness(comparable_name(a), comparable_name(b)),
        likeness(comparable_name(b), comparable_name(a)),
    )
    assert (one.edits if one else None) == (other.edits if other else None)


@given(st.text("ABCDE", min_size=5, max_size=12), st.data())
def test_one_typing_error_is_found_by_a_shared_key(name, data):
    i = data.draw(st.integers(0, len(name) - 2))
    typed = data.draw(
        st.sampled_from(
            [
                name[:i] + "X" + name[i + 1 :],
                name[:i] + name[i + 1 :],
                name[:i] + "X" + name[i:],
                name[:i] + name[i + 1] + name[i] + name[i + 2 :],
            ]
        )
    )
    assert set(one_less(name)) & set(one_less(typed))
    assert edits_between(compact(name), compact(typed)) <= 1
