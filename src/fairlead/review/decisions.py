"""What people said of leads: kept with the version they were shown, added and never changed.

A decision binds to the digest of exactly what its reviewer saw. A lead that has changed since has
another digest, and asks for a new decision.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

from fairlead.schema.decisions import SILENCING, Decision, Verdict
from fairlead.schema.errors import RefusedError
from fairlead.schema.ids import canonical_json
from fairlead.schema.ledger import Ledger, LedgerKind
from fairlead.schema.store import Row, Store, Transaction, forbid_changes

REASON_MOST = 2000

TABLES = (
    "CREATE TABLE IF NOT EXISTS shown_leads ("
    " digest TEXT PRIMARY KEY, lead_id TEXT NOT NULL, mmsi BIGINT NOT NULL, body TEXT NOT NULL,"
    " inputs TEXT NOT NULL, first_shown_us BIGINT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS shown_leads_by_lead ON shown_leads (lead_id, first_shown_us)",
    "CREATE TABLE IF NOT EXISTS decisions ("
    " seq BIGINT PRIMARY KEY, decision_id TEXT NOT NULL UNIQUE, lead_id TEXT NOT NULL,"
    " digest TEXT NOT NULL, mmsi BIGINT NOT NULL, verdict TEXT NOT NULL, reviewer TEXT NOT NULL,"
    " reason TEXT NOT NULL, decided_us BIGINT NOT NULL, behaviour_until_us BIGINT NOT NULL,"
    " snooze_until_us BIGINT, leaf BIGINT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS decisions_by_lead ON decisions (lead_id, seq)",
    *forbid_changes("shown_leads"),
    *forbid_changes("decisions"),
)
_COLUMNS = (
    "lead_id, digest, mmsi, verdict, reviewer, reason, decided_us, behaviour_until_us,"
    " snooze_until_us"
)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a lead stands with its reviewers: `open`, `approved`, `rejected`, `need_more` or
    `snoozed`, and whether what they judged has changed since."""

    state: str
    changed: bool
    decision: Decision | None


_STATES = {
    Verdict.APPROVE: "approved",
    Verdict.REJECT: "rejected",
    Verdict.NEED_MORE: "need_more",
    Verdict.SNOOZE: "snoozed",
    Verdict.REOPEN: "open",
}
STATES = tuple(_STATES.values())


class Decisions:
    """The decisions of one store. Rows of LEADS come in as mappings with all columns."""

    def __init__(self, store: Store, ledger: Ledger) -> None:
        self._store = store
        self._ledger = ledger
        store.define(TABLES)

    def show(
        self, lead: Mapping[str, Any], *, inputs: Mapping[str, Any], actor: str, now_us: int
    ) -> int:
        """Keep the version that a person is shown for decision; its leaf in the ledger.

        `inputs` are digests of what the lead was made from, and versions of steps and models.
        """
        body = _body(lead)
        with self._store.write() as out:
            if not out.query("SELECT 1 FROM shown_leads WHERE digest = ?", (lead["digest"],)):
                out.execute(
                    "INSERT INTO shown_leads VALUES (?, ?, ?, ?, ?, ?)",
                    (
                        *(lead["digest"], lead["lead_id"], int(lead["mmsi"])),
                        *(canonical_json(body), canonical_json(inputs), now_us),
                    ),
                )
            entry = {"lead_id": lead["lead_id"], "digest": lead["digest"], "inputs": dict(inputs)}
            return self._ledger.append(out, LedgerKind.LEAD_SHOWN, now_us, actor, entry)

    def decide(
        self,
        lead: Mapping[str, Any],
        *,
        digest: str,
        verdict: Verdict,
        reviewer: str,
        reason: str,
        now_us: int,
        snooze_until_us: int | None = None,
    ) -> Decision:
        """Keep a reviewer's word on the lead as it stands.

        The same word sent twice running is kept once. Raises RefusedError `changed` when the
        digest is not that of the lead as it stands, `not_shown` when that version was never shown
        for decision, `no_reason`, `reason_too_long` or `bad_snooze`; each refusal is in the ledger.
        """
        decision = Decision(
            lead_id=lead["lead_id"],
            digest=digest,
            mmsi=int(lead["mmsi"]),
            verdict=verdict,
            reviewer=reviewer,
            reason=reason.strip(),
            decided_us=now_us,
            behaviour_until_us=int(lead["end_us"]),
            snooze_until_us=snooze_until_us,
        )
        try:
            _check(decision, str(lead["digest"]))
            with self._store.write() as out:
                return self._keep(out, decision)
        except RefusedError as refusal:
            body = {"act": "decide", "lead_id": decision.lead_id, "reason": refusal.reason}
            self._ledger.append_now(LedgerKind.REFUSED, now_us, reviewer, body)
            raise

    def _keep(self, out: Transaction, decision: Decision) -> Decision:
        last = out.query(
            f"SELECT {_COLUMNS} FROM decisions WHERE lead_id = ? ORDER BY seq DESC LIMIT 1",
            (decision.lead_id,),
        )
        if last and _is_same_word(_decision(last[0]), decision):
            return _decision(last[0])
        if not out.query("SELECT 1 FROM shown_leads WHERE digest = ?", (decision.digest,)):
            message = f"this version of {decision.lead_id} was never shown for decision"
            raise RefusedError(message, reason="not_shown", help="open the lead, then decide")
        leaf = self._ledger.append(
            out, LedgerKind.DECISION, decision.decided_us, decision.reviewer, decision.as_dict()
        )
        seq = out.query("SELECT coalesce(max(seq), -1) + 1 FROM decisions")[0][0]
        kept = decision.as_dict()
        values = (seq, kept.pop("decision_id"), *kept.values(), leaf)
        marks = ", ".join("?" * len(values))
        out.execute(
            f"INSERT INTO decisions (seq, decision_id, {_COLUMNS}, leaf) VALUES ({marks})",
            values,
        )
        return decision

    def of(self, lead_id: str, *, whole: bool = False) -> list[Decision]:
        """Every word on a lead, oldest first, each held against its leaf in the ledger; with
        `whole` also the other way, so that a word that was deleted is missed.

        Raises RefusedError `tampered` for a row that the ledger does not know.
        """
        with self._store.read() as view:
            rows = view.query(
                f"SELECT {_COLUMNS}, leaf FROM decisions WHERE lead_id = ? ORDER BY seq", (lead_id,)
            )
            words = [self._held(view, row) for row in rows]
            leaves = [row[-1] for row in rows]
            is_whole = leaves == sorted(set(leaves))
            if whole:
                is_whole = leaves == [
                    index
                    for index, entry in self._ledger.entries_of(view, [LedgerKind.DECISION])
                    if entry["body"]["lead_id"] == lead_id
                ]
        if not is_whole:
            raise _tampered(lead_id)
        return words

    def _held(self, view: Transaction, row: Row) -> Decision:
        """The word in a row, when the ledger says the same of it."""
        *columns, leaf = row
        entry = self._ledger.entry(view, leaf) if isinstance(leaf, int) else None
        try:
            word = _decision(tuple(columns))
        except ValueError:
            raise _tampered(columns[0]) from None
        said = {"kind": LedgerKind.DECISION, "actor": word.reviewer, "time_us": word.decided_us}
        wanted = {**said, "body": word.as_dict()}
        if entry is None or any(entry.get(name) != value for name, value in wanted.items()):
            raise _tampered(word.lead_id)
        return word

    def every(self) -> list[Decision]:
        """Every word on every lead, oldest first."""
        with self._store.read() as view:
            rows = view.query(f"SELECT {_COLUMNS} FROM decisions ORDER BY seq")
        return [_decision(row) for row in rows]

    def versions(self, lead_id: str) -> list[dict[str, Any]]:
        """The versions of a lead that were shown for decision, oldest first."""
        with self._store.read() as view:
            rows = view.query(
                "SELECT digest, body, inputs, first_shown_us FROM shown_leads"
                " WHERE lead_id = ? ORDER BY first_shown_us, digest",
                (lead_id,),
            )
        return [
            {
                "digest": digest,
                "lead": json.loads(body),
                "inputs": json.loads(inputs),
                "first_shown_us": first_us,
            }
            for digest, body, inputs, first_us in rows
        ]


def _tampered(lead_id: str) -> RefusedError:
    message = f"the decisions on {lead_id} are not what the ledger says they are"
    return RefusedError(message, reason="tampered", help="run `fairlead verify`")


def _body(lead: Mapping[str, Any]) -> dict[str, Any]:
    body = dict(lead)
    if isinstance(body.get("factors"), str):
        body["factors"] = json.loads(body["factors"])
    return body


def _check(decision: Decision, current_digest: str) -> None:
    if decision.digest != current_digest:
        message = f"{decision.lead_id} has changed since it was shown"
        raise RefusedError(message, reason="changed", help="look at what changed, then decide")
    if not decision.reason:
        message = "a decision needs its reason"
        raise RefusedError(message, reason="no_reason", help="say why, for whoever reads it later")
    if len(decision.reason) > REASON_MOST:
        message = f"the reason has {len(decision.reason)} characters, at most {REASON_MOST} fit"
        raise RefusedError(message, reason="reason_too_long", help="shorten it")
    ends = decision.snooze_until_us
    snoozing = decision.verdict is Verdict.SNOOZE
    if snoozing != (ends is not None) or (ends is not None and ends <= decision.decided_us):
        message = "a snooze, and nothing else, has an end, and it lies ahead"
        raise RefusedError(message, reason="bad_snooze", help="give `snooze_until_us`")


def _decision(row: Row) -> Decision:
    lead_id, digest, mmsi, verdict, *rest = row
    return Decision(lead_id, digest, mmsi, Verdict(verdict), *rest)


def _is_same_word(one: Decision, other: Decision) -> bool:
    return replace(one, decided_us=other.decided_us) == other


def standing(lead: Mapping[str, Any], words: Iterable[Decision], now_us: int) -> Standing:
    """How the lead stands, by the last word on it; a snooze that has run out is no word."""
    last = None
    for word in words:
        last = word
    if last is None:
        return Standing("open", False, None)
    changed = last.digest != lead["digest"]
    ran_out = last.snooze_until_us is not None and last.snooze_until_us <= now_us
    state = "open" if ran_out else _STATES[last.verdict]
    return Standing(state, changed, last)


def handled_words(words: Iterable[Decision]) -> list[dict[str, Any]]:
    """What the queue keeps silent, for `leads.queue.silence`: oldest first, `reopen` undoes."""
    said = []
    for word in words:
        verdict = "handled" if word.verdict in SILENCING else "reopen"
        said.append(
            {
                "lead_id": word.lead_id,
                "mmsi": word.mmsi,
                "until_us": word.behaviour_until_us,
                "verdict": verdict,
            }
        )
    return said


def labels(words: Iterable[Decision]) -> list[dict[str, Any]]:
    """Approvals and rejections as labels: each reviewer's last word on each version of a lead.

    A word that its reviewer took back by `reopen` is no label.
    """
    last: dict[tuple[str, str, str], Decision] = {}
    for word in words:
        key = (word.lead_id, word.digest, word.reviewer)
        last.pop(key, None)
        if word.verdict in SILENCING:
            last[key] = word
    return [
        {
            "lead_id": word.lead_id,
            "digest": word.digest,
            "mmsi": word.mmsi,
            "label": word.verdict is Verdict.APPROVE,
            "reviewer": word.reviewer,
            "decided_us": word.decided_us,
        }
        for word in last.values()
    ]


def agreement(words: Iterable[Decision]) -> dict[str, Any]:
    """How far reviewers agree on versions that two or more of them judged.

    `alpha` is Krippendorff's for nominal values with missing ones (Krippendorff 2011): 1 is full
    agreement, 0 what chance gives; None where nobody disagrees because all said the same word, or
    nobody judged the same version. `disputed` lists the versions with both words.
    """
    judged: dict[tuple[str, str], dict[str, bool]] = {}
    for label in labels(words):
        of_version = judged.setdefault((label["lead_id"], label["digest"]), {})
        of_version[label["reviewer"]] = label["label"]
    shared = {key: votes for key, votes in judged.items() if len(votes) > 1}
    pairs = [(a, b) for votes in shared.values() for a, b in combinations(votes.values(), 2)]
    agreed = sum(a == b for a, b in pairs)
    return {
        "n_versions": len(shared),
        "n_pairs": len(pairs),
        "agreed": agreed / len(pairs) if pairs else None,
        "alpha": _alpha(list(shared.values())),
        "disputed": [
            {"lead_id": lead_id, "digest": digest, "votes": votes}
            for (lead_id, digest), votes in shared.items()
            if len(set(votes.values())) > 1
        ],
    }


def _alpha(units: list[dict[str, bool]]) -> float | None:
    n_yes = sum(sum(votes.values()) for votes in units)
    n = sum(len(votes) for votes in units)
    expected = 2 * n_yes * (n - n_yes)
    if not expected:
        return None
    observed = 0.0
    for votes in units:
        yes = sum(votes.values())
        observed += 2 * yes * (len(votes) - yes) / (len(votes) - 1)
    return 1.0 - (n - 1) * observed / expected
