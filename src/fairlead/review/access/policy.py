"""What may be done, by Cedar policies in files that people can read.

Nothing is allowed unless a policy permits it, and one that forbids outweighs all that permit. A
file that cannot be read, or does not fit the schema, denies everything until it is mended.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import cedarpy
import numpy as np
import pyarrow as pa

from fairlead.review.access.predicates import (
    Always,
    Predicate,
    Rows,
    both,
    either,
    unless,
)
from fairlead.review.access.principal import ACTIONS, Principal
from fairlead.review.access.refusals import refusal
from fairlead.review.access.residuals import Untold, predicate_of
from fairlead.schema.errors import ConfigError
from fairlead.schema.ids import digest
from fairlead.schema.ledger import Ledger, LedgerKind

_ROW = "row"
ROW_ACTIONS = ("see", "export", "decide", "author_referral", "upload_evidence")
"""What may be asked of a row."""


@dataclass(frozen=True, slots=True)
class Resource:
    """What is asked about: a `Row`, a `Referral` or the `System`, with its attributes."""

    type: str
    id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


SYSTEM = Resource("System", "installation")


def row(*, markings: Iterable[str], source: str = "", kind: str = "") -> Resource:
    """A row that is shown. Rows have no names in policies: only what is on them counts."""
    return Resource("Row", _ROW, {"markings": sorted(markings), "source": source, "kind": kind})


def referral(referral_id: str, *, author: str, kind: str, markings: Iterable[str]) -> Resource:
    """A referral; `author` is an account id."""
    return Resource(
        "Referral",
        referral_id,
        {
            "author": {"__entity": {"type": "Account", "id": author}},
            "kind": kind,
            "markings": sorted(markings),
        },
    )


@dataclass(frozen=True, slots=True)
class Verdict:
    """`policy_ids` are those that decided; none means that no policy permits it."""

    allowed: bool
    policy_ids: tuple[str, ...]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class PolicyText:
    """One policy as it stands. `effect` is `permit` or `forbid`."""

    policy_id: str
    effect: str
    file: str
    text: str


@dataclass(frozen=True, slots=True)
class RowFilter:
    """Which rows a person may see (or export, ...): the policies with the person filled in.

    A row without markings is never among them. `policy_ids` are those that may have a say.
    """

    predicate: Predicate | None
    policy_ids: tuple[str, ...]
    _ask: Any = field(repr=False, compare=False, default=None)

    def mask(self, rows: pa.Table) -> np.ndarray:
        """bool, one per row. Columns: `markings` (list of text), and `source`, `kind` if any."""
        if "markings" not in rows.column_names:
            return np.zeros(rows.num_rows, bool)
        prepared = Rows(rows)
        if self.predicate is None:
            return self._asked(prepared) & prepared.is_marked
        return self.predicate.mask(prepared) & prepared.is_marked

    def sql(self, columns: Mapping[str, str] | None = None) -> tuple[str, list[object]]:
        """A condition with question marks, and their values.

        `columns` says what stands for `markings`, `source` and `kind` in the query: a column, or
        an expression of text (see `predicates`). Raises ConfigError for a policy that is no query.
        """
        if self.predicate is None:
            message = f"no query says what {', '.join(self.policy_ids)} ask of a row"
            raise ConfigError(message, help="filter by mask, or put the policy in other words")
        named = {"markings": "markings", "source": "source", "kind": "kind", **(columns or {})}
        values: list[object] = []
        condition = self.predicate.sql(named, values)
        return f"({named['markings']} IS NOT NULL AND {condition})", values

    def _asked(self, rows: Rows) -> np.ndarray:
        """By asking Cedar itself, once for each distinct kind of row."""
        marks: list[set[str]] = [set() for _ in range(rows.n)]
        for parent, mark in zip(rows.parents, rows.marks.to_pylist(), strict=True):
            marks[parent].add(mark or "")
        sources, kinds = (rows.text(name).to_pylist() for name in ("source", "kind"))
        keys = list(zip(map(frozenset, marks), sources, kinds, strict=True))
        answers = {
            key: self._ask(row(markings=key[0], source=key[1], kind=key[2])) for key in set(keys)
        }
        return np.array([answers[key] for key in keys], bool)


class Policy:
    """The shipped policies, with those of `folder` added; one of the same file name replaces.

    `problem` says what is wrong, and is empty when all is well.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.problem = ""
        self._texts: list[PolicyText] = []
        self._effects: dict[str, str] = {}
        self._files: dict[str, str] = {}
        try:
            self._files, schema = _read(folder)
            self._schema = cedarpy.Schema.from_str(schema)
            self._texts = [text for name in self._files for text in _texts(name, self._files[name])]
            _must_be_named_once(self._texts)
            everything = "\n".join(self._files.values())
            _must_fit(everything, schema)
            self._set = cedarpy.PolicySet.from_str(everything)
            self._effects = {text.policy_id: text.effect for text in self._texts}
        except (ConfigError, OSError, ValueError) as error:
            self.problem = str(error)

    def texts(self) -> list[PolicyText]:
        """Every policy as it stands, by file."""
        return list(self._texts)

    @property
    def digest(self) -> str:
        """Of everything that decides."""
        return digest([self._files, self.problem])

    def allowed(self, principal: Principal, action: str, resource: Resource) -> Verdict:
        """Whether, and by which policies. What cannot be evaluated is denied."""
        if self.problem or action not in ACTIONS:
            return Verdict(False, (), self.problem or f"there is no action `{action[:40]}`")
        entities = [_person(principal), _entity(resource, resource.attributes)]
        result = cedarpy.is_authorized(
            _request(principal, action, resource),
            self._set,
            json.dumps(entities),
            self._schema,
        )
        errors = result.diagnostics.errors
        ids = tuple(sorted(result.diagnostics.id_annotations_by_reason.values()))
        if errors:
            return Verdict(False, ids, "; ".join(map(str, errors)))
        return Verdict(result.allowed, ids)

    def demand(
        self,
        principal: Principal,
        action: str,
        resource: Resource,
        *,
        ledger: Ledger,
        now_us: int,
    ) -> Verdict:
        """`allowed`, or RefusedError `denied` and an entry in the ledger."""
        verdict = self.allowed(principal, action, resource)
        if not verdict.allowed:
            body = {"act": action[:40], "reason": "denied", "policies": list(verdict.policy_ids)}
            ledger.append_now(LedgerKind.REFUSED, now_us, principal.account_id, body)
            raise refusal(reason="denied")
        return verdict

    def row_filter(self, principal: Principal, action: str) -> RowFilter:
        """Partial evaluation: the person is known, the row is not."""
        if self.problem or action not in ROW_ACTIONS:
            return RowFilter(Always(False), ())
        unknown = {
            name: {"__extn": {"fn": "unknown", "arg": name}}
            for name in ("markings", "source", "kind")
        }
        any_row = Resource("Row", _ROW)
        result = cedarpy.is_authorized_partial(
            _request(principal, action, any_row),
            self._set,
            json.dumps([_person(principal), _entity(any_row, unknown)]),
            self._schema,
        )
        ids = tuple(
            sorted(result.diagnostics.id_annotations_by_reason[policy] for policy in _say(result))
        )
        try:
            return RowFilter(self._left(result), ids)
        except Untold:
            return RowFilter(
                None, ids, lambda resource: self.allowed(principal, action, resource).allowed
            )

    def _left(self, result: cedarpy.PartialAuthzResult) -> Predicate:
        if result.diagnostics.errors:
            raise Untold
        permits, forbids = [], []
        for policy in sorted(result.residuals.values(), key=lambda p: p["annotations"]["id"]):
            (permits if policy["effect"] == "permit" else forbids).append(predicate_of(policy))
        return both(either(*permits), unless(either(*forbids)))


def _say(result: cedarpy.PartialAuthzResult) -> list[str]:
    found = result.diagnostics
    return sorted({*found.may_be_determining, *found.reasons})


def _read(folder: Path | None) -> tuple[dict[str, str], str]:
    shipped = files("fairlead.review") / "policies"
    found = {
        entry.name: entry.read_text("utf-8")
        for entry in shipped.iterdir()
        if entry.name.endswith(".cedar")
    }
    if folder is not None:
        if not folder.is_dir():
            message = f"`{folder}` is no folder of policies"
            raise ConfigError(message, help="make it, or leave the setting out")
        found |= {path.name: path.read_text("utf-8") for path in folder.glob("*.cedar")}
    schema = (shipped / "access.cedarschema").read_text("utf-8")
    return dict(sorted(found.items())), schema


def _texts(file: str, text: str) -> list[PolicyText]:
    try:
        parsed = json.loads(cedarpy.policies_to_json_str(text))
    except ValueError as error:
        message = f"`{file}` is no Cedar policy: {error}"
        raise ConfigError(message, help="mend the file; until then everything is denied") from None
    if parsed.get("templates") or parsed.get("templateLinks"):
        message = f"`{file}` has a template, which nothing fills in"
        raise ConfigError(message, help="write the policy out")
    texts = []
    for policy in parsed["staticPolicies"].values():
        name = (policy.get("annotations") or {}).get("id")
        if not name:
            message = f"`{file}` has a policy without a name"
            raise ConfigError(message, help='put `@id("what-it-does")` above it')
        one = json.dumps(
            {"staticPolicies": {"policy0": policy}, "templates": {}, "templateLinks": []}
        )
        written = cedarpy.policies_from_json_str(one)
        texts.append(PolicyText(name, policy["effect"], file, written))
    return sorted(texts, key=lambda t: t.policy_id)


def _must_be_named_once(texts: list[PolicyText]) -> None:
    names = [text.policy_id for text in texts]
    for text in texts:
        if names.count(text.policy_id) > 1:
            message = f"`{text.file}` has a policy `{text.policy_id}`, which another one is called"
            raise ConfigError(message, help="give each a name of its own")


def _must_fit(policies: str, schema: str) -> None:
    checked = cedarpy.validate_policies(policies, schema)
    if not checked.validation_passed:
        names = checked.id_annotations_by_policy_id
        said = "; ".join(f"`{names.get(e.policy_id, '?')}`: {e.error}" for e in checked.errors)
        message = f"policies do not fit the schema: {said}"
        raise ConfigError(message, help="mend them; until then everything is denied")


def _request(principal: Principal, action: str, resource: Resource) -> dict[str, Any]:
    return {
        "principal": _uid("Account", principal.account_id),
        "action": _uid("Action", action),
        "resource": _uid(resource.type, resource.id),
        "context": {},
    }


def _uid(kind: str, name: str) -> str:
    """As Cedar writes it. Ids are made here, from letters that need no escape."""
    return f"{kind}::{json.dumps(name)}"


def _person(principal: Principal) -> dict[str, Any]:
    attributes = {
        "roles": sorted(principal.roles),
        "markings": sorted(principal.markings),
        "method": principal.method,
    }
    return _entity(Resource("Account", principal.account_id), attributes)


def _entity(resource: Resource, attributes: Mapping[str, Any]) -> dict[str, Any]:
    uid = {"type": resource.type, "id": resource.id}
    return {"uid": uid, "attrs": dict(attributes), "parents": []}
