"""Rows of events, links and identities that a case needs, everything else filled in."""

import json

import pyarrow as pa

from fairlead.schema.ids import canonical_json
from fairlead.schema.tables import IDENTITIES, LINKS, PARTNERS, VESSEL_EVENTS

HOUR = 3_600_000_000
DAY = 24 * HOUR
T0 = 20_000 * DAY
"""A midnight at which a 48-hour window starts."""


def event(id, kind="gap", start_h=1.0, end_h=None, mmsi=211000001, known_h=None, **more):
    start_us = T0 + int(start_h * HOUR)
    end_us = None if end_h is None else T0 + int(end_h * HOUR)
    known_us = T0 + int(known_h * HOUR) if known_h is not None else (end_us or start_us + HOUR)
    row = {
        "mmsi": mmsi,
        "track_id": 7,
        "partner_mmsi": None,
        "partner_track_id": None,
        "event_id": id,
        "kind": kind,
        "version": 1,
        "parameters": "{}",
        "time_us": known_us,
        "start_us": start_us,
        "end_us": end_us,
        "lat_deg": 54.0,
        "lon_deg": 10.0,
        "confidence": 0.9,
        "detail": f"It did {kind}.",
        "measures": {},
        "evidence": [1, 2],
    } | more
    row["measures"] = canonical_json(row["measures"])
    return row


def link(id="link-a", probability=0.99, known_h=0.5, mmsi=211000001, **claim):
    listing = {"name": "claim", "log_odds": 0.0, "detail": "A list names it.", "evidence": []}
    listing |= {"reliability": "A", "credibility": 2} | claim
    return {
        "link_id": id,
        "mmsi": mmsi,
        "time_us": T0 + int(known_h * HOUR),
        "claim_id": "claim-a",
        "claim_source": "ofac-sdn",
        "probability": probability,
        "factors": json.dumps([listing]),
        "detail": "A list names it, and it sends the listed IMO number.",
        "evidence": [3],
    }


def identity(field, value, first_h=0.25, mmsi=211000001, observation_id=4):
    return {
        "identity_id": f"{mmsi}/{field}/{value}",
        "mmsi": mmsi,
        "field": field,
        "value": value,
        "first_seen_us": T0 + int(first_h * HOUR),
        "last_seen_us": T0 + int(first_h * HOUR),
        "n_seen": 1,
        "source": "sea",
        "first_observation_id": observation_id,
        "last_observation_id": observation_id,
        "disagrees": False,
    }


def partner(event_id, fact="ship_type", value="50", known_h=1.0, mmsi=211000001, **more):
    return {
        "mmsi": mmsi,
        "time_us": T0 + int(known_h * HOUR),
        "event_id": event_id,
        "partner_mmsi": 211000002,
        "fact": fact,
        "value": value,
        "probability": None,
        "detail": None,
        "evidence": [5],
    } | more


def tables(events=(), links=(), identities=(), partners=()):
    return {
        table: pa.Table.from_pylist(list(rows), schema=table.columns)
        for table, rows in (
            (VESSEL_EVENTS, events),
            (LINKS, links),
            (IDENTITIES, identities),
            (PARTNERS, partners),
        )
    }
