"""The chain from a lead down to the place of its observations in a source."""

import pyarrow as pa
import pytest

from fairlead.leads.step import Leads
from fairlead.leads.why import chain_of_event, chain_of_lead, chain_of_link
from fairlead.schema.errors import ConfigError
from fairlead.schema.tables import CLAIMS, EVENTS, LEADS, LINKS, OBSERVATIONS, STATICS
from tests.leads.drive import drive, settled
from tests.leads.rows import event, link, tables


def store():
    """Tables of one lead as a lookup: the rows of a table by their first id column."""
    happened, listed = event("e1"), link()
    lead = settled(LEADS, drive(Leads(), tables([happened], [listed]))[1][LEADS])[0]
    of_the_event = {k: happened.get(k) for k in EVENTS.columns.names}
    observed = {"mmsi": 211000001, "time_us": 5, "source": "a.nmea", "stations": "r1"}
    rows = {
        LEADS: [lead],
        EVENTS: [of_the_event],
        LINKS: [listed],
        CLAIMS: [{"claim_id": "claim-a", "source": "ofac-sdn", "raw_offset": 12}],
        OBSERVATIONS: [{"observation_id": 1, "raw_offset": 480, "line": 9, **observed}],
        STATICS: [{"observation_id": 3, "raw_offset": 640, "line": 11, **observed}],
    }

    def lookup(table, ids):
        return [row for row in rows[table] if row[table.ids[0]] in ids]

    return lead, lookup


def test_a_lead_leads_back_to_lines():
    lead, lookup = store()
    tree = chain_of_lead(lead["lead_id"], lookup)
    assert tree["digest_holds"]
    gap, listing = tree["under"]
    assert gap["event_id"] == "e1"
    assert gap["observations"][0]["line"] == 9
    assert gap["observations"][0]["raw_offset"] == 480
    assert gap["observations"][1] == {"observation_id": 2, "missing": True}
    assert listing["claim"]["raw_offset"] == 12
    assert listing["observations"][0]["table"] == "statics"
    spoken = {f["name"]: f for f in tree["factors"]}
    assert spoken["gap"]["observations"][0]["source"] == "a.nmea"


def test_events_and_links_have_chains_of_their_own():
    _, lookup = store()
    assert chain_of_event("e1", lookup)["observations"][0]["line"] == 9
    assert chain_of_link("link-a", lookup)["claim"]["source"] == "ofac-sdn"


def test_a_lead_that_was_tampered_with_is_told():
    lead, lookup = store()
    lead["title"] = "nothing to see"
    assert not chain_of_lead(lead["lead_id"], lookup)["digest_holds"]


@pytest.mark.parametrize("chain", [chain_of_lead, chain_of_event, chain_of_link])
def test_an_unknown_id_is_an_error(chain):
    _, lookup = store()
    with pytest.raises(ConfigError, match="no row `nobody`"):
        chain("nobody", lookup)


def test_the_rows_are_rows_of_leads():
    lead, _ = store()
    assert pa.Table.from_pylist([lead], schema=LEADS.columns).num_rows == 1
