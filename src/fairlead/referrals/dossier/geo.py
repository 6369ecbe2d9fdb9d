"""The places of a referral as GeoJSON (RFC 7946): its events and the observations under them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from fairlead.referrals.envelope import Envelope


def as_geojson(envelope: Envelope) -> bytes:
    """One feature a place; what has no position is no feature. Properties are the content's own."""
    content = envelope.value
    features = [
        *_features("event", content["events"]),
        *_features("observation", content["observations"]),
        *_features("evidence", content["evidence"]),
    ]
    collection = {
        "type": "FeatureCollection",
        "features": features,
        "referral_id": content["referral_id"],
        "digest": envelope.digest,
    }
    return json.dumps(collection, sort_keys=True, ensure_ascii=True).encode()


def _features(what: str, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [row["lon_deg"], row["lat_deg"]]},
            "properties": {
                "what": what,
                **{k: v for k, v in row.items() if k not in ("lat_deg", "lon_deg")},
            },
        }
        for row in rows
        if row["lat_deg"] is not None and row["lon_deg"] is not None
    ]
