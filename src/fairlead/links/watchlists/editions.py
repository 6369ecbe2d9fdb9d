"""Editions of a list: what a newer one no longer has, was withdrawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from fairlead.links.watchlists.claims import day_of
from fairlead.schema.tables import CLAIMS

EXCERPT_SHARE = 0.5
"""A file with less than this share of the entries known of its list is an excerpt, or a download
that broke off: it adds and changes claims, and ends none."""

_OF_THE_FILE = ("recorded_us", "raw_offset")


@dataclass(frozen=True, slots=True)
class Amended:
    """Claims to write, new and changed, and by list how many were ended and which are excerpts."""

    claims: pa.Table
    n_ended: dict[str, int] = field(default_factory=dict)
    excerpts: tuple[str, ...] = ()


def amended(known: pa.Table, given: pa.Table) -> Amended:
    """What the lists just read change in the claims known; both are rows of CLAIMS.

    A claim keeps the date of the first edition that has it. One that a newer edition of its list
    lacks ends with that edition; one that only an older edition has, ended with the newest known.
    A claim that comes back has no end again. Lists that were not read stay as they are.
    """
    before, after = _by_source(known), _by_source(given)
    rows: list[dict[str, Any]] = []
    n_ended: dict[str, int] = {}
    excerpts = []
    for source, fresh in sorted(after.items()):
        old = before.get(source, {})
        edition_us = max(r["recorded_us"] for r in fresh.values())
        newest_us = max((r["recorded_us"] for r in old.values()), default=edition_us)
        if edition_us < newest_us:
            added = [r for i, r in fresh.items() if i not in old]
            rows += [_ended(r, newest_us) for r in added]
            n_ended[source] = len(added)
            continue
        rows += [r for i, r in fresh.items() if i not in old]
        changed = (r | {"recorded_us": old[i]["recorded_us"]} for i, r in fresh.items() if i in old)
        rows += [r for r in changed if _content(r) != _content(old[r["claim_id"]])]
        standing = [r for r in old.values() if _stands(r, edition_us)]
        if edition_us > newest_us and len(fresh) < EXCERPT_SHARE * len(standing):
            excerpts.append(source)
        elif edition_us > newest_us:
            gone = [r for r in standing if r["claim_id"] not in fresh]
            rows += [_ended(r, edition_us) for r in gone]
            n_ended[source] = len(gone)
    claims = pa.Table.from_pylist(rows, schema=CLAIMS.columns)
    return Amended(claims, {s: n for s, n in n_ended.items() if n}, tuple(excerpts))


def _by_source(claims: pa.Table) -> dict[str, dict[str, dict[str, Any]]]:
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for row in CLAIMS.conform(claims).to_pylist():
        found.setdefault(row["source"], {})[row["claim_id"]] = row
    return found


def _stands(row: dict[str, Any], at_us: int) -> bool:
    return row["until_us"] is None or row["until_us"] > at_us


def _ended(row: dict[str, Any], edition_us: int) -> dict[str, Any]:
    if not _stands(row, edition_us):
        return row
    detail = f"{row['detail']} No longer on the list in its edition of {day_of(edition_us)}."
    return row | {"until_us": edition_us, "detail": detail}


def _content(row: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in row.items() if k not in _OF_THE_FILE}
