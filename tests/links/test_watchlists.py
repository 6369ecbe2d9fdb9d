"""Watch lists become claims; what may be about a person does not get through."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.links.watchlists import read_watchlist
from fairlead.links.watchlists.claims import day_us
from fairlead.links.watchlists.eu import names_in
from fairlead.links.watchlists.records import taken_apart
from fairlead.schema.errors import SourceError
from fairlead.schema.tables import CLAIMS
from tests.data import shared_data
from tests.links.lists import ALIASES, EU, IUU, OFAC, OTHER, SHADOW, write

NOW = 1_790_000_000_000_000


def read(folder, **texts):
    found = read_watchlist(write(folder, **texts), NOW)
    assert found.claims.schema.equals(CLAIMS.columns)
    return found


def test_ofac(tmp_path):
    found = read(tmp_path, ofac_vessels__csv=OFAC, ofac_vessel_aliases__csv=ALIASES)
    heron, wrong = found.claims.to_pylist()
    assert heron["names"] == ["GREY HERON", "LAUGHING GULL", "OLD HERON"]
    assert heron["imo"] == 9187629
    assert heron["mmsis"] == [572469210]
    assert heron["callsigns"] == ["T2EU4"]
    assert heron["flags"] == ["IR", "MT", "TV"]
    assert heron["program"] == "IRAN, IFSR"
    assert (heron["reliability"], heron["credibility"]) == ("A", 2)
    assert heron["recorded_us"] == NOW
    assert wrong["imo"] is None
    assert found.counts == {
        "bad_imo": 1,
        "dropped_person_field": 2,
        "refused_not_a_vessel": 1,
        "refused_person": 1,
    }


def test_ofac_as_published_without_a_header(tmp_path):
    published = "\n".join(OFAC.splitlines()[1:]).replace(",,", ",-0- ,").replace(",,", ",-0- ,")
    found = read(tmp_path, sdn__csv=published + "\n\x1a")
    assert found.claims["imo"].to_pylist() == [9187629, None]


def test_eu(tmp_path):
    found = read(tmp_path, eu__csv=EU)
    heron, loon = found.claims.to_pylist()
    assert heron["names"] == ["GREY HERON", "NIGHT HERON", "Bittern", "Egret"]
    assert heron["since_us"] == day_us("2026-04-24")
    assert loon["until_us"] == day_us("2027-07-22")
    assert (loon["mmsis"], loon["flags"], loon["imo"]) == ([613003596], ["CM"], None)
    assert found.counts == {"dropped_person_field": 2, "refused_person": 1}


def test_iuu(tmp_path):
    found = read(tmp_path, iuu__csv=IUU)
    petrel, alfa = found.claims.to_pylist()
    assert petrel["names"] == ["PETREL 8", "海燕8", "YI HONG 06"]
    assert petrel["callsigns"] == ["4SF5344", "CPA226"]
    assert (petrel["imo"], petrel["mmsis"], petrel["flags"]) == (9187629, [312864000], ["VC"])
    assert petrel["vessel_type"] == "Fishing Vessel"
    assert (petrel["credibility"], alfa["credibility"]) == (2, 4)
    assert found.counts == {"dropped_person_field": 1}


def test_shadow_fleet(tmp_path):
    found = read(tmp_path, shadow__json=SHADOW)
    (heron,) = found.claims.to_pylist()
    assert heron["names"] == ["Grey Heron"]
    assert (heron["flags"], heron["mmsis"]) == (["PA", "RU"], [620233000])
    assert (heron["reliability"], heron["credibility"]) == ("C", 2)
    assert found.counts == {"bad_mmsi": 1, "dropped_person_field": 1, "refused_no_identity": 1}


def test_a_list_of_any_layout_whose_columns_have_plain_names(tmp_path):
    found = read(tmp_path, harbour__csv=OTHER)
    (heron,) = found.claims.to_pylist()
    assert (heron["imo"], heron["mmsis"], heron["flags"]) == (9187629, [572469210], ["IR"])
    assert (heron["reliability"], heron["credibility"]) == ("F", 6)
    assert found.counts == {"dropped_person_field": 2}


def test_no_person_gets_through(tmp_path):
    texts = {
        "a__csv": OFAC,
        "b__csv": EU,
        "c__csv": IUU,
        "d__json": SHADOW,
        "e__csv": OTHER,
    }
    kept = json.dumps(read(tmp_path, **texts).claims.to_pylist(), ensure_ascii=False).upper()
    for word in ("JANE", "JOHN", "DOE", "PASSPORT", "STREET"):
        assert word not in kept, word


def test_reading_again_gives_the_same_ids_whatever_the_edition(tmp_path):
    folder = write(tmp_path, a__csv=OFAC)
    first, later = read_watchlist(folder, 1), read_watchlist(folder, 2)
    assert first.claims["claim_id"] == later.claims["claim_id"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "empty file"),
        (b"\x89PNG\x00\x00", "binary data"),
        (b"a,b\n1,2\n", "not recognised as a watch list; its columns are a, b"),
        (b"{]", "not readable as JSON"),
        (b"[1, 2]", "JSON without objects"),
    ],
)
def test_what_is_not_a_list_is_an_error_that_helps(tmp_path, text, said):
    path = tmp_path / "list.csv"
    path.write_bytes(text)
    with pytest.raises(SourceError, match=said) as error:
        read_watchlist(path, NOW)
    assert error.value.help
    assert read_watchlist(tmp_path, NOW).claims.num_rows == 0


def test_nothing_found_is_an_error(tmp_path):
    with pytest.raises(SourceError, match="no watch list found"):
        read_watchlist(tmp_path / "*.csv", NOW)


def test_a_glob(tmp_path):
    write(tmp_path, a__csv=OFAC, b__csv=EU, c__json=SHADOW)
    assert len(read_watchlist(str(tmp_path / "*.csv"), NOW).layouts) == 2


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252"])
def test_encodings(tmp_path, encoding):
    text = OTHER.replace("GREY HERON", "CAFÉ NOIR")
    (tmp_path / "x.csv").write_bytes(text.encode(encoding))
    assert read_watchlist(tmp_path, NOW).claims["names"].to_pylist() == [["CAFÉ NOIR"]]


@pytest.mark.parametrize(
    "hostile",
    [
        "'; DROP TABLE claims; --",
        "<script>alert(1)</script>",
        "=cmd|' /C calc'!A0",
        "\u202eEVIL",
        "A" * 5000,
    ],
)
def test_hostile_names_stay_text(tmp_path, hostile):
    rows = [{"name": hostile, "imo": "9187629", "mmsi": 572469210}]
    (tmp_path / "x.json").write_text(json.dumps(rows))
    (claim,) = read_watchlist(tmp_path, NOW).claims.to_pylist()
    assert claim["names"] == [hostile[:120]]
    assert hostile[:120] in claim["detail"]


@given(st.binary(max_size=400))
def test_any_bytes_are_records_or_a_source_error(payload):
    try:
        records = taken_apart(payload, "x")
    except SourceError:
        return
    assert list(records.rows()) is not None


KEYS = (
    *("ent_num", "name", "sdn_type", "remarks", "alt_name", "imoNumber", "programKey", "mmsi"),
    *("vessel_name", "ircs", "listing_rfmos", "names", "imo", "sanctions_origin", "flag", "type"),
    *("reason", "startDate", "schema", "callsign", "is_currently_listed"),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


@given(st.lists(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=12), max_size=4))
def test_any_values_in_known_fields_are_claims_or_counted(tmp_path_factory, items):
    path = tmp_path_factory.mktemp("list") / "list.json"
    path.write_text(json.dumps(items))
    try:
        found = read_watchlist(path, NOW)
    except SourceError:
        return
    if "OFAC aliases" in found.layouts.values():
        return
    refused = sum(n for reason, n in found.counts.items() if reason.startswith("refused"))
    assert found.claims.num_rows + refused == len(items)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-08-07", "2026-08-07"),
        ("7.8.2026", "2026-08-07"),
        ("07/08/2026", "2026-08-07"),
        ("20260807", "2026-08-07"),
        ("2026-08-07T11:22:33", "2026-08-07"),
        ("31.2.2026", None),
        ("soon", None),
    ],
)
def test_dates(text, day):
    assert day_us(text) == (day_us(day) if day else None)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("STORM (ex KRITI VIGOR)", ["STORM", "KRITI VIGOR"]),
        ("Chong Bong (Greenlight) (Blue Nouvelle)", ["Chong Bong", "Greenlight", "Blue Nouvelle"]),
        ("Plain", ["Plain"]),
    ],
)
def test_names_within_names(text, names):
    assert names_in(text) == names


def test_the_real_lists():
    found = read_watchlist(shared_data("watchlists"), NOW)
    by_source = {
        row["values"]: row["counts"] for row in found.claims["source"].value_counts().to_pylist()
    }
    assert by_source == {"ofac-sdn": 406, "eu-listed": 751, "iuu": 369, "shadow-fleet": 1990}
    assert set(found.layouts.values()) == {
        "OFAC SDN",
        "OFAC aliases",
        "EU listed vessels",
        "combined IUU list",
        "shadow fleet",
    }
    assert "bad_imo" not in found.counts
    assert "unknown_flag" not in found.counts
