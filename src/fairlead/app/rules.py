"""Settings of detectors and factors as rules: changed by a named person, with an end.

A rule that has run out no longer counts: the settings below it do, until someone renews it. What
was changed is kept, row by row, with its entry in the ledger.
"""

from __future__ import annotations

import dataclasses
import json
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fairlead.app.config import Settings
from fairlead.app.flow import INLETS, Flow
from fairlead.engines.embedded import EmbeddedEngine
from fairlead.events import detector_class, detector_kinds
from fairlead.leads.queue import compare
from fairlead.leads.step import Leads
from fairlead.leads.weights import Weights
from fairlead.schema.errors import RefusedError
from fairlead.schema.ids import canonical_json
from fairlead.schema.ledger import Ledger, LedgerKind
from fairlead.schema.store import Store, forbid_changes
from fairlead.schema.tables import CLAIMS, LEADS

TABLES = (
    "CREATE TABLE IF NOT EXISTS rule_changes ("
    " seq BIGINT PRIMARY KEY, rule_id TEXT NOT NULL, kept TEXT NOT NULL, expires_us BIGINT,"
    " reason TEXT NOT NULL, changed_by TEXT NOT NULL, changed_us BIGINT NOT NULL,"
    " leaf BIGINT NOT NULL)",
    *forbid_changes("rule_changes"),
)
UNITS = {
    **{"s": "s", "h": "h", "kn": "kn", "m": "m", "nm": "nm", "deg": "deg", "us": "us"},
    **{"share": "share", "us2": "us", "km": "km", "min": ""},
}
DAY_US = 86_400_000_000
_PLAIN = (int, float, bool, str)


@dataclass(frozen=True, slots=True)
class Field:
    """One setting: `type` is int, float, bool or text; `minimum` is None where there is none."""

    name: str
    type: str
    unit: str
    value: Any
    default: Any
    minimum: float | None
    doc: str


@dataclass(frozen=True, slots=True)
class Rule:
    """The settings of a detector (`detector:gap`) or a factor (`factor:gap`) as they stand.

    `version` counts the changes. `is_expired` says that a change has run out and waits to be
    renewed.
    """

    rule_id: str
    target: str
    doc: str
    fields: tuple[Field, ...]
    expires_us: int | None
    is_expired: bool
    changed_by: str | None
    changed_us: int | None
    reason: str | None
    version: int


@dataclass(frozen=True, slots=True)
class Change:
    rule_id: str
    kept: Mapping[str, Any]
    expires_us: int | None
    reason: str
    changed_by: str
    changed_us: int


class Rules:
    """The rules of one workspace, over the settings it was started with."""

    def __init__(self, store: Store, ledger: Ledger, settings: Settings, flow: Flow) -> None:
        self._store = store
        self._ledger = ledger
        self._settings = settings
        self.flow = flow
        store.define(TABLES)

    def changes(self) -> dict[str, list[Change]]:
        """Every change of each rule, oldest first."""
        with self._store.read() as view:
            rows = view.query(
                "SELECT rule_id, kept, expires_us, reason, changed_by, changed_us"
                " FROM rule_changes ORDER BY seq"
            )
        found: dict[str, list[Change]] = {}
        for rule_id, kept, *rest in rows:
            found.setdefault(rule_id, []).append(Change(rule_id, json.loads(kept), *rest))
        return found

    def every(self, now_us: int) -> list[Rule]:
        changes = self.changes()
        forms = self._forms()
        return [_rule(i, *form, changes.get(i, []), now_us) for i, form in forms.items()]

    def one(self, rule_id: str, now_us: int) -> Rule:
        """Raises RefusedError `unknown_rule`."""
        for rule in self.every(now_us):
            if rule.rule_id == rule_id:
                return rule
        message = "there is no such rule"
        raise RefusedError(message, reason="unknown_rule", help="/rules lists them")

    def change(
        self,
        rule_id: str,
        values: Mapping[str, Any],
        *,
        expires_us: int,
        reason: str,
        by: str,
        now_us: int,
    ) -> Rule:
        """Raises RefusedError `unknown_rule`, `bad_values`, `no_reason` or `bad_end`."""
        rule = self.one(rule_id, now_us)
        kept = checked(rule, values)
        if not reason.strip():
            message = "a change of a rule needs its reason"
            raise RefusedError(message, reason="no_reason", help="say why")
        if expires_us <= now_us:
            message = "the rule would end before it begins"
            raise RefusedError(message, reason="bad_end", help="give an end that lies ahead")
        self._keep(Change(rule_id, kept, expires_us, reason.strip(), by, now_us))
        return self.one(rule_id, now_us)

    def renew(self, rule_id: str, *, expires_us: int, reason: str, by: str, now_us: int) -> Rule:
        """The last change again, to a later end. Raises RefusedError `never_changed`."""
        self.one(rule_id, now_us)
        held = self.changes().get(rule_id)
        if not held:
            message = "this rule was never changed: it has no end"
            raise RefusedError(message, reason="never_changed", help="change it first")
        return self.change(
            rule_id, held[-1].kept, expires_us=expires_us, reason=reason, by=by, now_us=now_us
        )

    def _keep(self, change: Change) -> None:
        with self._store.write() as out:
            body = {
                "rule_id": change.rule_id,
                "values": canonical_json(dict(change.kept)),
                "expires_us": str(change.expires_us),
                "reason": change.reason[:500],
            }
            leaf = self._ledger.append(
                out, LedgerKind.RULE_CHANGE, change.changed_us, change.changed_by, body
            )
            seq = out.query("SELECT coalesce(max(seq), -1) + 1 FROM rule_changes")[0][0]
            out.execute(
                "INSERT INTO rule_changes VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(seq, change.rule_id, canonical_json(dict(change.kept)), change.expires_us),
                    *(change.reason, change.changed_by, change.changed_us, leaf),
                ),
            )

    def in_force(self, now_us: int) -> dict[str, Mapping[str, Any]]:
        """By rule, the values of its last change while it has not run out."""
        last = {i: held[-1] for i, held in self.changes().items()}
        return {i: c.kept for i, c in last.items() if c.expires_us is None or c.expires_us > now_us}

    def flow_with(self, values: Mapping[str, Mapping[str, Any]]) -> Flow:
        """The flow with these values put into its detectors and factors."""
        steps = []
        for step in self.flow.after_tracks:
            changed = step
            given = values.get(f"detector:{step.kind}")
            if given:
                changed = replace(step, **given)  # ty: ignore[invalid-argument-type]
            if isinstance(changed, Leads):
                changed = replace(changed, weights=_weighed(changed.weights, values))
            steps.append(changed)
        return replace(self.flow, after_tracks=tuple(steps))

    def dry_run(
        self, values: Mapping[str, Mapping[str, Any]], days: int, now_us: int
    ) -> dict[str, Any]:
        """The last days of tracks once with the rules in force and once with changes on top.

        Both run over the same rows, so that what is different comes from the rules alone. Returns
        leads added, removed and changed. Raises RefusedError for a bad value.
        """
        standing = self.in_force(now_us)
        given = {i: checked(self.one(i, now_us), v) for i, v in values.items()}
        wanted = {**standing, **{i: {**standing.get(i, {}), **v} for i, v in given.items()}}
        now = EmbeddedEngine(self._settings.workspace, inlets=INLETS, writable=False)
        try:
            newest_us = now.workspace.control.execute("SELECT max(until_us) FROM segments")
            last_us = newest_us.fetchone()[0] or 0
            since_us = last_us - days * DAY_US
            before = _leads_of(now, self.flow_with(standing), since_us)
            after = _leads_of(now, self.flow_with(wanted), since_us)
        finally:
            now.close()
        return {**compare(before, after), "since_us": since_us, "until_us": last_us}

    def _forms(self) -> dict[str, tuple[str, str, Sequence[Field]]]:
        """Target, doc and fields of each rule, with the values of the settings below."""
        steps = {step.kind: step for step in self.flow.after_tracks}
        forms: dict[str, tuple[str, str, Sequence[Field]]] = {}
        for kind in detector_kinds():
            made = steps.get(kind)
            if made is not None:
                doc = (detector_class(kind).__doc__ or "").strip()
                forms[f"detector:{kind}"] = (kind, _first_line(doc), _fields_of(made, doc))
        weights = next(s.weights for s in self.flow.after_tracks if isinstance(s, Leads))
        for weight in weights.factors:
            field = Field(
                "log_odds", "float", "log odds", weight.log_odds, weight.log_odds, 0.0, ""
            )
            forms[f"factor:{weight.name}"] = (weight.name, weight.reason, (field,))
        return forms


def checked(rule: Rule, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values in their fields' types. Raises RefusedError `bad_values`."""
    fields = {f.name: f for f in rule.fields}
    kept: dict[str, Any] = {}
    for name, value in values.items():
        field = fields.get(name)
        if field is None:
            raise _bad(said=f"`{rule.rule_id}` has no setting `{name[:60]}`", known=fields)
        kept[name] = _typed(field, value)
    if not kept:
        raise _bad(said="nothing is changed", known=fields)
    return kept


def _typed(field: Field, value: Any) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = {
        "int": isinstance(value, int) and not isinstance(value, bool),
        "float": is_number and abs(value) < 1e12,
        "bool": isinstance(value, bool),
        "text": isinstance(value, str) and len(value) < 200,
    }[field.type]
    if not fits or (is_number and abs(value) > 1 << 53):
        raise _bad(said=f"`{field.name}` must be {field.type}")
    if field.minimum is not None and is_number and value < field.minimum:
        raise _bad(said=f"`{field.name}` must be at least {field.minimum:g}")
    return float(value) if field.type == "float" else value


def _bad(*, said: str, known: Iterable[str] = ()) -> RefusedError:
    return RefusedError(said, reason="bad_values", help=", ".join(known))


def _rule(
    rule_id: str,
    target: str,
    doc: str,
    fields: Sequence[Field],
    held: Sequence[Change],
    now_us: int,
) -> Rule:
    last = held[-1] if held else None
    expired = last is not None and last.expires_us is not None and last.expires_us <= now_us
    kept = {} if last is None or expired else last.kept
    return Rule(
        rule_id=rule_id,
        target=target,
        doc=doc,
        fields=tuple(replace(f, value=kept.get(f.name, f.value)) for f in fields),
        expires_us=None if last is None else last.expires_us,
        is_expired=expired,
        changed_by=None if last is None else last.changed_by,
        changed_us=None if last is None else last.changed_us,
        reason=None if last is None else last.reason,
        version=len(held),
    )


def _fields_of(step: Any, doc: str) -> list[Field]:
    found = []
    for field in dataclasses.fields(step):
        value = getattr(step, field.name)
        if not isinstance(value, _PLAIN):
            continue
        default = value if field.default is dataclasses.MISSING else field.default
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        kind = {bool: "bool", int: "int", float: "float", str: "text"}[type(value)]
        found.append(
            Field(
                field.name,
                kind,
                _unit(field.name) if is_number else "",
                value,
                default,
                0.0 if is_number else None,
                _said_of(field.name, doc),
            )
        )
    return found


def _unit(name: str) -> str:
    """The unit in a name: its last word that is one, `min` and `max` aside."""
    words = [w for w in name.split("_") if w not in ("min", "max")]
    return next((UNITS[w] for w in reversed(words) if UNITS.get(w)), "")


def _said_of(name: str, doc: str) -> str:
    """The sentence of a docstring that speaks of a field."""
    sentences = re.split(r"(?<=[.:])\s+", " ".join(doc.split()))
    return next((s for s in sentences if f"`{name}`" in s), "")


def _first_line(doc: str) -> str:
    return " ".join(doc.split("\n\n", maxsplit=1)[0].split())


def _weighed(weights: Weights, values: Mapping[str, Mapping[str, Any]]) -> Weights:
    factors = tuple(replace(w, **values.get(f"factor:{w.name}", {})) for w in weights.factors)
    return weights if factors == weights.factors else replace(weights, factors=factors)


def _leads_of(now: EmbeddedEngine, flow: Flow, since_us: int) -> Any:
    """The leads of the steps after tracks, run over what a workspace holds since an instant."""
    written = {table.name for step in flow.after_tracks for table in step.writes}
    reads = (table for step in flow.after_tracks for table in step.reads)
    inlets = {table.name: table for table in reads if table.name not in written}
    with tempfile.TemporaryDirectory(prefix="fairlead-dry-run-") as scratch:
        would = EmbeddedEngine(Path(scratch), inlets=list(inlets.values()))
        try:
            would.borrow(now, [*inlets.values(), CLAIMS], since_us)
            would.run(flow.after_tracks)
            return would.scan(LEADS)
        finally:
            would.close()
