"""A referral as files a person can read, a court can keep and an outsider can check."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fairlead.referrals.dossier.geo import as_geojson
from fairlead.referrals.dossier.page import as_html
from fairlead.referrals.dossier.paper import as_pdf
from fairlead.referrals.envelope import Envelope

FORMATS: Mapping[str, Callable[[Envelope], bytes]] = {
    "json": Envelope.as_json,
    "html": as_html,
    "pdf": as_pdf,
    "geojson": as_geojson,
}


def dossier(envelope: Envelope) -> dict[str, bytes]:
    """Every file of the dossier, by name. The same envelope gives the same bytes."""
    stem = envelope.value["referral_id"]
    files = {f"{stem}.{ending}": draw(envelope) for ending, draw in FORMATS.items()}
    files[f"{stem}.content.json"] = envelope.content
    return files
