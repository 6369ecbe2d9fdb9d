"""The stop switch: anyone who may review pulls it alone; it takes two of them to let go again.

With a dead-man time the door also closes by itself when no reviewer has shown presence for so long.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any

from fairlead.schema.errors import RefusedError
from fairlead.schema.ids import canonical_json, digest
from fairlead.schema.ledger import Ledger, LedgerKind
from fairlead.schema.referrals import Reviewers, StepUp
from fairlead.schema.store import Store, Transaction, forbid_changes

ROLE = "reviewer"
PURPOSE = "release the stop switch"
RELEASES_NEEDED = 2
CLOCK_SLACK_US = 5_000_000
RELEASE_WITHIN_US = 30 * 60 * 1_000_000
_NOT_AS_WRITTEN = "the acts of the stop switch are not what the ledger says they are"

TABLES = (
    "CREATE TABLE IF NOT EXISTS stop_acts (seq BIGINT PRIMARY KEY, act TEXT NOT NULL,"
    " actor TEXT NOT NULL, at_us BIGINT NOT NULL, body TEXT NOT NULL, leaf BIGINT NOT NULL)",
    *forbid_changes("stop_acts"),
)


@dataclass(frozen=True, slots=True)
class StopState:
    """`digest` is what a release must approve: it names this pull and no other."""

    pulled: bool
    since_us: int | None = None
    by: str | None = None
    reason: str = ""
    digest: str | None = None
    releases: tuple[str, ...] = ()


class StopSwitch:
    """The switch of one store. `dead_man_us` of None never closes the door by itself."""

    def __init__(
        self, store: Store, ledger: Ledger, reviewers: Reviewers, dead_man_us: int | None = None
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._reviewers = reviewers
        self._dead_man_us = dead_man_us
        store.define(TABLES)

    def pull(self, *, actor: str, reason: str, now_us: int) -> StopState:
        """Close the door. Raises RefusedError `not_reviewer`; pulling twice is no fault."""
        with self._refusals("pull_stop", actor, now_us):
            with self._store.write() as out:
                self._must_review(actor, now_us)
                if not self._state(out).pulled:
                    self._write(out, "pull", actor, now_us, {"reason": reason.strip()[:2000]})
                state = self._state(out)
            self._ledger.checkpoint()
            return state

    def release(self, step_up: StepUp, *, now_us: int) -> StopState:
        """One of the yeses needed to open the door again.

        Raises RefusedError `not_pulled`, `not_reviewer`, `wrong_digest`, `wrong_purpose`,
        `expired`, `same_person`, and what `Reviewers.check` raises.
        """
        actor = step_up.account_id
        with self._refusals("release_stop", actor, now_us), self._store.write() as out:
            state = self._state(out, now_us)
            self._check_release(step_up, state, now_us)
            self._write(out, "release", actor, now_us, {"step_up": asdict(step_up)})
            return self._state(out, now_us)

    def show_presence(self, *, actor: str, now_us: int) -> None:
        """A reviewer is at the watch: winds the dead-man time up again."""
        with self._refusals("show_presence", actor, now_us), self._store.write() as out:
            self._must_review(actor, now_us)
            self._write(out, "presence", actor, now_us, {})

    def state(self, now_us: int) -> StopState:
        """Whether the door is closed, since when and by whom."""
        with self._store.read() as view:
            return self.state_in(view, now_us)

    def state_in(self, view: Transaction, now_us: int) -> StopState:
        """The same inside a caller's transaction: what the guard asks before anything leaves."""
        state = self._state(view, now_us)
        if state.pulled or self._dead_man_us is None:
            return state
        rows = view.query(
            "SELECT at_us, leaf FROM stop_acts WHERE act <> 'pull' ORDER BY seq DESC LIMIT 1"
        )
        last_us, leaf = rows[0] if rows else (0, -1)
        late_us = max(now_us, self._ledger.latest_us(view, leaf) or 0)
        if last_us <= now_us + CLOCK_SLACK_US and late_us - last_us <= self._dead_man_us:
            return state
        reason = "no reviewer has shown presence for the dead-man time"
        return StopState(True, last_us + self._dead_man_us, None, reason)

    def _must_review(self, actor: str, now_us: int) -> None:
        standing = self._reviewers.standing(actor, now_us)
        if not standing.is_active or ROLE not in standing.roles:
            message = f"{actor} is no reviewer"
            raise RefusedError(message, reason="not_reviewer", help="ask a reviewer")

    def _check_release(self, step_up: StepUp, state: StopState, now_us: int) -> None:
        if not state.pulled:
            message = "the stop switch is not pulled"
            raise RefusedError(message, reason="not_pulled", help="nothing needs releasing")
        self._must_review(step_up.account_id, now_us)
        reason = ""
        if step_up.digest != state.digest:
            reason = "wrong_digest"
        elif step_up.purpose != PURPOSE:
            reason = "wrong_purpose"
        elif not step_up.made_us - CLOCK_SLACK_US <= now_us < step_up.expires_us:
            reason = "expired"
        elif step_up.account_id in state.releases:
            reason = "same_person"
        if reason:
            message = "this does not release the stop switch"
            raise RefusedError(message, reason=reason, help="sign again, each reviewer once")
        self._reviewers.check(step_up)

    def _write(
        self, out: Transaction, act: str, actor: str, now_us: int, body: Mapping[str, Any]
    ) -> None:
        entry = {"act": act, **body}
        leaf = self._ledger.append(out, LedgerKind.STOP_SWITCH, now_us, actor, entry)
        seq = out.query("SELECT coalesce(max(seq), -1) + 1 FROM stop_acts")[0][0]
        out.execute(
            "INSERT INTO stop_acts VALUES (?, ?, ?, ?, ?, ?)",
            (seq, act, actor, now_us, canonical_json(body), leaf),
        )

    def _state(self, view: Transaction, now_us: int | None = None) -> StopState:
        """Folded from the acts; one that the ledger does not hold keeps the door closed."""
        state = StopState(False)
        given: dict[str, tuple[int, str]] = {}
        rows = view.query("SELECT act, actor, at_us, body, leaf FROM stop_acts ORDER BY seq")
        written = self._ledger.entries_of(view, [LedgerKind.STOP_SWITCH])
        if [index for index, _ in written] != [row[4] for row in rows]:
            return StopState(True, None, None, _NOT_AS_WRITTEN)
        entries = dict(written)
        last_pull = max((row[4] for row in rows if row[0] == "pull"), default=-1)
        for act, actor, at_us, text, leaf in rows:
            body, entry = _read(text), entries[leaf]
            wanted = (actor, at_us, {"act": act, **body})
            if (entry["actor"], entry["time_us"], entry["body"]) != wanted:
                return StopState(True, at_us, None, _NOT_AS_WRITTEN)
            if act == "pull":
                seal = digest(["stop", actor, at_us, leaf])
                state, given = StopState(True, at_us, actor, body["reason"], seal), {}
            elif act == "release" and state.pulled:
                if leaf > last_pull and not self._is_signed(body, actor, state):
                    continue
                given = _still_given(given, at_us)
                key = body["step_up"]["key"]
                if key not in (k for _, k in given.values()):
                    given[actor] = (at_us, key)
                if len(given) >= RELEASES_NEEDED:
                    state, given = StopState(False), {}
        return _with_releases(state, given, now_us)

    def _is_signed(self, body: Mapping[str, Any], actor: str, state: StopState) -> bool:
        """Whether a release of the pull that stands was signed for it, computed again: a row and an
        entry that somebody wrote past the program open nothing."""
        try:
            step_up = StepUp(**body["step_up"])
            self._reviewers.check(step_up)
        except (RefusedError, KeyError, TypeError):
            return False
        said = (step_up.account_id, step_up.digest, step_up.purpose)
        return said == (actor, state.digest, PURPOSE)

    @contextmanager
    def _refusals(self, act: str, actor: str, now_us: int) -> Generator[None]:
        try:
            yield
        except RefusedError as refusal:
            body = {"act": act, "reason": refusal.reason}
            self._ledger.append_now(LedgerKind.REFUSED, now_us, actor, body)
            raise


def _read(text: str) -> dict[str, Any]:
    """The body of an act; one that is no JSON is equal to no entry."""
    try:
        return dict(json.loads(text))
    except (ValueError, TypeError):
        return {"act": None}


def _still_given(given: Mapping[str, tuple[int, str]], now_us: int) -> dict[str, tuple[int, str]]:
    return {a: said for a, said in given.items() if now_us - said[0] <= RELEASE_WITHIN_US}


def _with_releases(
    state: StopState, given: Mapping[str, tuple[int, str]], now_us: int | None
) -> StopState:
    if not state.pulled or not given:
        return state
    fresh = given if now_us is None else _still_given(given, now_us)
    return replace(state, releases=tuple(sorted(fresh)))
