"""The chain under an answer, with the bytes at its end, and how it is printed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from fairlead.app.report import Paper
from fairlead.app.words import iso
from fairlead.engines.embedded import EmbeddedEngine
from fairlead.leads import why
from fairlead.schema.errors import ConfigError
from fairlead.schema.tables import OBSERVATIONS, STATICS

SHOWN_PER_PART = 4


class Chain:
    """Looks up the rows of one workspace; each observation gets its raw record."""

    def __init__(self, engine: EmbeddedEngine) -> None:
        self._engine = engine

    def under(self, id: str) -> dict[str, Any]:
        """The tree under a lead, event, link or observation.

        Raises ConfigError for an unknown id.
        """
        if id.startswith("lead-"):
            tree = why.chain_of_lead(id, self._engine.lookup)
        elif id.startswith("link-"):
            tree = why.chain_of_link(id, self._engine.lookup)
        elif id.lstrip("-").isdigit():
            tree = self._observation(int(id))
        else:
            tree = why.chain_of_event(id, self._engine.lookup)
        for observation in _observations(tree):
            self._add_raw(observation)
        return tree

    def _observation(self, id: int) -> dict[str, Any]:
        for table in (OBSERVATIONS, STATICS):
            rows = self._engine.lookup(table, [id])
            if rows:
                return {"what": "observation", "table": table.name, **rows[0]}
        message = f"no observation `{id}`"
        raise ConfigError(message, help="`fairlead show observations` lists them")

    def _add_raw(self, observation: dict[str, Any]) -> None:
        if observation.get("missing"):
            return
        raw = self._engine.raw_record(
            observation["source"], observation["raw_offset"], observation["line"]
        )
        observation["raw"] = None if raw is None else raw.decode("utf-8", "backslashreplace")


def _observations(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        if "raw_offset" in tree and "observation_id" in tree:
            yield tree
        for value in tree.values():
            yield from _observations(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _observations(value)


def print_chain(tree: dict[str, Any]) -> None:
    """The tree for a person: sentences first, then where each was seen, then the bytes."""
    paper = Paper()
    if tree["what"] == "lead":
        _print_lead(paper, tree)
    elif tree["what"] == "observation":
        _print_observation(paper, tree, "")
    else:
        _print_part(paper, tree, "")


def _print_lead(paper: Paper, lead: dict[str, Any]) -> None:
    paper.line(f"{lead['probability']:.0%}  {lead['title']}", "bold")
    holds = "holds" if lead["digest_holds"] else "DOES NOT HOLD"
    paper.line(
        f"{lead['lead_id']}  scorer {lead['scorer']}  digest {lead['digest'][:16]} {holds}", "dim"
    )
    for factor in lead["factors"]:
        paper.line()
        paper.line(f"{factor['log_odds']:+.1f}  {factor['name']}: {factor['detail']}")
        _print_observations(paper, factor["observations"], "      ")
    for part in lead["under"]:
        paper.line()
        _print_part(paper, part, "")


def _print_part(paper: Paper, part: dict[str, Any], indent: str) -> None:
    if part.get("missing"):
        paper.line(f"{indent}{part['id']}: no longer there")
        return
    if part["what"] == "event":
        paper.line(
            f"{indent}event {part['event_id']}  {part['kind']} version {part['version']}  "
            f"confidence {part['confidence']:.2f}",
            "bold",
        )
        paper.line(f"{indent}  {part['detail']}")
        paper.line(f"{indent}  measured {_flat(part['measures'])}", "dim")
        paper.line(f"{indent}  settings {_flat(part['parameters'])}", "dim")
    else:
        paper.line(f"{indent}link {part['link_id']}  probability {part['probability']:.2f}", "bold")
        paper.line(f"{indent}  {part['detail']}")
        for factor in json.loads(part["factors"]):
            paper.line(f"{indent}  {factor['log_odds']:+.1f}  {factor['detail']}", "dim")
        claim = part.get("claim")
        if claim:
            paper.line(
                f"{indent}  claim {claim['claim_id']} of {claim['source']}, reliability "
                f"{claim['reliability']}, credibility {claim['credibility']}: "
                f"{claim['detail']}",
                "dim",
            )
    _print_observations(paper, part["observations"], indent + "  ")


def _print_observations(paper: Paper, rows: list[dict[str, Any]], indent: str) -> None:
    shown = rows if len(rows) <= SHOWN_PER_PART else [*rows[:2], *rows[-2:]]
    for number, row in enumerate(shown):
        if len(rows) > SHOWN_PER_PART and number == 2:
            paper.line(f"{indent}... {len(rows) - SHOWN_PER_PART} more: `--json` has all", "dim")
        _print_observation(paper, row, indent)


def _print_observation(paper: Paper, row: dict[str, Any], indent: str) -> None:
    if row.get("missing"):
        paper.line(f"{indent}observation {row['observation_id']}: no longer there")
        return
    heard = f" heard by {row['stations']}" if row.get("stations") else ""
    paper.line(
        f"{indent}{iso(row['time_us'])}  MMSI {row['mmsi']}{heard}  {row['source']}:{row['line']}",
        "dim",
    )
    for line in (row.get("raw") or "raw bytes not found").splitlines():
        paper.line(f"{indent}  {line}", "dim")


def _flat(packed: str) -> str:
    return ", ".join(f"{k} {_short(v)}" for k, v in sorted(json.loads(packed).items()))


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return value if isinstance(value, str) else json.dumps(value)
