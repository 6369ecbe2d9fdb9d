"""The chain under an answer: lead to events and links to observations to a place in a source."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from fairlead.leads.lead import digest_of
from fairlead.leads.queue import factors_of
from fairlead.schema.errors import ConfigError
from fairlead.schema.table import Table
from fairlead.schema.tables import CLAIMS, EVENTS, LEADS, LINKS, OBSERVATIONS, STATICS

Row = Mapping[str, Any]
Lookup = Callable[[Table, Sequence[Any]], Iterable[Row]]
"""Rows of a table by its (first) id column, the last version of each; unknown ids give none."""

_OBSERVED = ("observation_id", "mmsi", "time_us", "source", "raw_offset", "line", "stations")


def chain_of_lead(lead_id: str, lookup: Lookup) -> dict[str, Any]:
    """A tree of plain values under a lead.

    `digest_holds` says whether the digest is that of what is shown. Each factor has `under`: the
    event or link it speaks of. Observations have `source`, `raw_offset` and `line`; one that is no
    longer there has only its id and `missing: True`. Raises ConfigError for an unknown lead.
    """
    lead = _one(LEADS, lead_id, lookup)
    events = {e["event_id"]: e for e in lookup(EVENTS, list(lead["events"]))}
    links = {x["link_id"]: x for x in lookup(LINKS, list(lead["links"]))}
    under = {k: _event(e, lookup) for k, e in events.items()}
    under |= {k: _link(x, lookup) for k, x in links.items()}
    factors = [
        {**factor.as_dict(), "observations": _observations(factor.evidence, lookup)}
        for factor in factors_of(lead)
    ]
    return {
        "what": "lead",
        **{k: v for k, v in lead.items() if k != "factors"},
        "digest_holds": digest_of(lead) == lead["digest"],
        "factors": factors,
        "under": [under.get(i, {"id": i, "missing": True}) for i in (*events, *links)],
    }


def chain_of_event(event_id: str, lookup: Lookup) -> dict[str, Any]:
    """The same under an event. Raises ConfigError for an unknown one."""
    return _event(_one(EVENTS, event_id, lookup), lookup)


def chain_of_link(link_id: str, lookup: Lookup) -> dict[str, Any]:
    """The same under a link, with the claim. Raises ConfigError for an unknown one."""
    return _link(_one(LINKS, link_id, lookup), lookup)


def _one(table: Table, id: str, lookup: Lookup) -> Row:
    found = next(iter(lookup(table, [id])), None)
    if found is None:
        message = f"no row `{id}` in {table.name}"
        raise ConfigError(message, help=f"`fairlead show {table.name}` lists them")
    return found


def _event(event: Row, lookup: Lookup) -> dict[str, Any]:
    observations = _observations(event["evidence"], lookup)
    return {"what": "event", **event, "observations": observations}


def _link(link: Row, lookup: Lookup) -> dict[str, Any]:
    return {
        "what": "link",
        **link,
        "claim": next(iter(lookup(CLAIMS, [link["claim_id"]])), None),
        "observations": _observations(link["evidence"], lookup),
    }


def _observations(ids: Sequence[int], lookup: Lookup) -> list[dict[str, Any]]:
    """Each observation with its place in a source, in the order given."""
    wanted = list(dict.fromkeys(ids))
    found: dict[int, dict[str, Any]] = {}
    for table in (OBSERVATIONS, STATICS):
        still = [i for i in wanted if i not in found]
        for row in lookup(table, still) if still else ():
            kept = {name: row[name] for name in _OBSERVED}
            found[row["observation_id"]] = {"table": table.name, **kept}
    return [found.get(i, {"observation_id": i, "missing": True}) for i in wanted]
