"""What a dossier says, section by section, before it becomes a page or a paper.

Everything in it is text made safe to show; whoever draws it escapes for its own format besides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fairlead.referrals.envelope import Envelope
from fairlead.schema.text import iso, plain

EVIDENCE_MOST = 200
"""Observations printed; the JSON has all of them, and the section says so."""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, sentences, and a grid of rows under its head (both may be empty)."""

    title: str
    sentences: tuple[str, ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def story(envelope: Envelope) -> list[Section]:
    """The sections in reading order: what is asked, of which vessel, why, why not, how to check."""
    content = envelope.value
    return [
        _what(content),
        _vessel(content),
        *_grounds(content),
        _events(content),
        _listings(content),
        _observations(content),
        *_evidence(content),
        _approvals(envelope),
        _checking(envelope),
    ]


def _what(content: Mapping[str, Any]) -> Section:
    lead = content["lead"]
    sentences = [
        f"To {plain(content['recipient']['name'])}. Frozen {iso(content['frozen_us'])}.",
        plain(content["note"]) or "No note from the author.",
    ]
    if lead["title"] is not None:
        chance = round(100 * lead["probability"])
        sentences.append(
            f"{plain(lead['title'])}. Held to be worth acting on with {chance} %, "
            f"by scorer {lead['scorer']}."
        )
    if content["withheld"]:
        sentences.append(
            "Some grounds may not be shared with this recipient. They are not in this dossier, and "
            "no score is given because the score rests on them."
        )
    sentences.append(f"Behaviour from {iso(lead['start_us'])} to {iso(lead['end_us'])}.")
    sentences.append(content["caveat"])
    return Section(content["title"], tuple(sentences))


def _vessel(content: Mapping[str, Any]) -> Section:
    vessel = content["vessel"]
    rows = tuple(
        (word, plain(vessel[name]))
        for word, name in (
            ("MMSI", "mmsi"),
            ("Name as sent", "name"),
            ("Call sign as sent", "callsign"),
            ("IMO number as sent", "imo"),
            ("Flag by MMSI", "flag"),
        )
        if vessel[name] not in (None, "")
    )
    return Section("Vessel", (), ("What", "Value"), rows)


def _grounds(content: Mapping[str, Any]) -> list[Section]:
    speaking = [g for g in content["grounds"] if g["log_odds"] > 0]
    against = [g for g in content["grounds"] if g["log_odds"] <= 0]
    head = ("Weight", "Ground")
    return [
        Section("What speaks for it", (), head, tuple(_ground(g) for g in speaking)),
        Section(
            "What speaks against it",
            () if against else ("Nothing that was looked for.",),
            head if against else (),
            tuple(_ground(g) for g in against),
        ),
    ]


def _ground(ground: Mapping[str, Any]) -> tuple[str, str]:
    return f"{ground['log_odds']:+.2f}", plain(ground["detail"])


def _events(content: Mapping[str, Any]) -> Section:
    rows = tuple(
        (
            event["kind"].replace("_", " "),
            iso(event["start_us"]),
            iso(event["end_us"]) or "goes on",
            _place(event),
            plain(event["detail"]),
        )
        for event in content["events"]
    )
    return Section("Events", (), ("Kind", "From", "To", "Place", "What"), rows)


def _listings(content: Mapping[str, Any]) -> Section:
    rows = tuple(
        (
            plain(link["claim_source"]),
            plain(link["program"] or ""),
            f"{100 * link['probability']:.0f} %",
            plain(link["detail"]),
        )
        for link in content["links"]
    )
    if not rows:
        return Section("Lists", ("The vessel matched no list that was read.",))
    return Section("Lists", (), ("List", "Programme", "Same vessel", "What"), rows)


def _observations(content: Mapping[str, Any]) -> Section:
    rows = content["observations"]
    shown = rows[:EVIDENCE_MOST]
    said = f"{len(shown)} of {len(rows)} observations; the JSON file has all of them."
    return Section(
        "Observations",
        (said,),
        ("Time", "Position", "Knots", "Course", "Source and line"),
        tuple(_observation(row) for row in shown),
    )


def _observation(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        iso(row["time_us"]),
        _place(row),
        "" if row["speed_kn"] is None else f"{row['speed_kn']:.1f}",
        "" if row["course_deg"] is None else f"{row['course_deg']:.0f}",
        f"{plain(row['source'])} line {row['line']}",
    )


def _evidence(content: Mapping[str, Any]) -> list[Section]:
    rows = tuple(
        (plain(e["kind"]), iso(e["time_us"]), _place(e), plain(e["detail"]), e["sha256"] or "")
        for e in content["evidence"]
    )
    if not rows:
        return []
    head = ("Kind", "Time", "Place", "What", "SHA-256")
    return [Section("Photographs and reports", (), head, rows)]


def _place(row: Mapping[str, Any]) -> str:
    lat, lon = row["lat_deg"], row["lon_deg"]
    if lat is None or lon is None:
        return ""
    return f"{abs(lat):.4f} {'NS'[lat < 0]} {abs(lon):.4f} {'EW'[lon < 0]}"


def _approvals(envelope: Envelope) -> Section:
    rows = tuple(
        (
            plain(a["account_id"]),
            a["method"],
            iso(a["made_us"]),
            iso(a["expires_us"]),
            plain(a["purpose"]),
        )
        for a in envelope.approvals
    )
    if not rows:
        return Section("Approvals", ("Nobody has approved this yet. It may not leave.",))
    head = ("Reviewer", "How", "Signed", "Holds until", "Purpose")
    return Section("Approvals", ("Each signed the digest below.",), head, rows)


def _checking(envelope: Envelope) -> Section:
    content = envelope.value
    return Section(
        "How to check this",
        (
            f"SHA-256 of exactly what left: {envelope.digest}",
            "It is the digest of the file ending in .content.json, and of the text `content` in "
            "the JSON file. Each approval is over that digest. The proofs in the JSON file show "
            "that drafting, freezing and each approval stand in a Merkle tree (RFC 9162) under a "
            "signed checkpoint (C2SP).",
            f"fairlead verify --dossier {content['referral_id']}.json",
        ),
        ("Decision on the lead", "Verdict", "By", "At"),
        tuple(
            (d["decision_id"], d["verdict"], plain(d["reviewer"]), iso(d["decided_us"]))
            for d in content["decisions"]
        ),
    )


def track_of(envelope: Envelope) -> list[tuple[float, float]]:
    """Longitude and latitude of the observations in order of time, longitudes unwrapped."""
    rows: Sequence[Mapping[str, Any]] = envelope.value["observations"]
    placed = [r for r in rows if r["lat_deg"] is not None and r["lon_deg"] is not None]
    placed.sort(key=lambda r: r["time_us"])
    way: list[tuple[float, float]] = []
    for row in placed:
        lon = float(row["lon_deg"])
        if way:
            lon += 360.0 * round((way[-1][0] - lon) / 360.0)
        way.append((lon, float(row["lat_deg"])))
    return way
