"""`fairlead verify`: the whole ledger again, one proof, or a dossier, without asking anybody.

Nothing is written and nothing is fetched. Exit code 6 says that what was checked is broken.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairlead.app import config
from fairlead.app.report import Paper
from fairlead.app.words import count, iso, plain
from fairlead.engines.control import FILE_NAME, SqliteStore
from fairlead.review.ledger import FOLDER_NAME
from fairlead.review.ledger.broken import EXIT_BROKEN, BrokenError
from fairlead.review.ledger.notes import COSIGNATURE, VerifierKey
from fairlead.review.ledger.proofs import Proved, check_bundle, read_bundle
from fairlead.review.ledger.report import BROKEN, CHECKS, Report
from fairlead.review.ledger.stored import TABLES
from fairlead.review.ledger.verify import Acts, Outside, verify_ledger
from fairlead.schema.errors import ConfigError, SourceError
from fairlead.schema.ledger import LedgerKind

if TYPE_CHECKING:
    from fairlead.app.dossier import Checked

_ACTS = (
    Acts("decisions", ("decision",), "reviewer", "decided_us", every=True),
    Acts(
        "referral_acts",
        tuple(kind.value for kind in LedgerKind if kind.startswith("referral_")),
        "actor",
        "at_us",
    ),
)


def main(given: argparse.Namespace) -> dict[str, Any]:
    keys = [key for text in given.vkey or () for key in _keys(text)]
    ours = [key for key in keys if key.kind != COSIGNATURE]
    witnesses = [key for key in keys if key.kind == COSIGNATURE]
    if given.dossier:
        return _dossier(given, ours, witnesses)
    if given.proof:
        return _one_proof(given, ours, witnesses)
    settings = config.load(config.path_of(given.config), config.flags(given))
    report = _whole_ledger(settings.workspace, given, ours, witnesses)
    if not given.json:
        _print_report(Paper(), report, settings.workspace)
    answer = report.as_dict()
    return answer if report.is_intact else {**answer, "exit_code": EXIT_BROKEN}


def _whole_ledger(
    workspace: Path,
    given: argparse.Namespace,
    ours: Sequence[VerifierKey],
    witnesses: Sequence[VerifierKey],
) -> Report:
    folder = workspace / FOLDER_NAME
    has_begun = folder.exists()
    if not (workspace / FILE_NAME).exists():
        raise _no_ledger(workspace, has_begun=has_begun)
    store = SqliteStore(workspace)
    try:
        bad_fences = store.unlike(TABLES)
        if not _has_tables(store, "ledger_entries", "ledger_nodes", "ledger_checkpoints"):
            raise _no_ledger(workspace, has_begun=has_begun)
        outside = Outside(
            vkeys=ours,
            witnesses=witnesses,
            held={str(path): _text_of(Path(path)) for path in given.checkpoint or ()},
            mirrors=[Path(path) for path in given.witness or ()],
            bad_fences=bad_fences,
            leads=_leads(workspace),
            acts=[acts for acts in _ACTS if _has_tables(store, acts.table)],
        )
        with store.read() as view:
            return verify_ledger(view, folder, outside)
    finally:
        store.close()


def _has_tables(store: SqliteStore, *names: str) -> bool:
    marks = ", ".join("?" * len(names))
    sql = f"SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN ({marks})"
    with store.read() as view:
        return view.query(sql, names)[0][0] == len(names)


def _no_ledger(workspace: Path, *, has_begun: bool) -> Exception:
    if has_begun:
        message = f"the ledger's database in `{workspace}` is gone, but checkpoints were signed"
        return BrokenError(message, help="copy the folder as it is, then put the database back")
    message = f"no ledger in `{workspace}`"
    return ConfigError(message, help="pass `--workspace DIR`; it begins with `fairlead console`")


def _leads(workspace: Path) -> dict[str, tuple[str, str]]:
    """Of each lead that is there the digest it carries and the one its content has."""
    if not (workspace / "control.sqlite").exists():
        return {}
    from fairlead.app.flow import INLETS
    from fairlead.engines.embedded import EmbeddedEngine
    from fairlead.leads.lead import digest_of
    from fairlead.schema.tables import LEADS

    engine = EmbeddedEngine(workspace, inlets=INLETS, writable=False)
    try:
        rows = engine.scan(LEADS).to_pylist()
    finally:
        engine.close()
    return {row["lead_id"]: (row["digest"], digest_of(row)) for row in rows}


def _text_of(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        message = f"`{path}` cannot be read: {error.strerror}"
        raise SourceError(message, help="check the path") from error
    except UnicodeDecodeError as error:
        message = f"`{path}` is not text"
        raise SourceError(message, help="give the file as it was handed out") from error


def _keys(text: str) -> list[VerifierKey]:
    """A verifier key, or a file with one on each line."""
    if Path(text).is_file():
        return [VerifierKey.parse(line) for line in _text_of(Path(text)).splitlines()]
    return [VerifierKey.parse(text)]


def _one_proof(
    given: argparse.Namespace, ours: Sequence[VerifierKey], witnesses: Sequence[VerifierKey]
) -> dict[str, Any]:
    bundle = read_bundle(_text_of(Path(given.proof)))
    proved = check_bundle(bundle, trusted=tuple(ours), witnesses=tuple(witnesses))
    entry = proved.entry
    if not given.json:
        _print_proof(Paper(), proved, is_known=bool(ours))
    return {
        "ok": True,
        "entry": proved.index,
        "kind": entry.kind,
        "time_us": entry.time_us,
        "actor": entry.actor,
        "body": entry.body,
        "size": proved.signed.checkpoint.size,
        "origin": proved.signed.checkpoint.origin,
        "vkey": str(proved.vkey),
        "vkey_was_given": bool(ours),
        "cosigned_by": [str(key) for key in proved.cosigners],
    }


def _dossier(
    given: argparse.Namespace, ours: Sequence[VerifierKey], witnesses: Sequence[VerifierKey]
) -> dict[str, Any]:
    from fairlead.app.dossier import check_dossier

    checked = check_dossier(_text_of(Path(given.dossier)), ours, witnesses)
    if not given.json:
        _print_dossier(Paper(), checked, is_known=bool(ours))
    return {
        "ok": True,
        "referral_id": checked.content["referral_id"],
        "digest": checked.digest,
        "author": checked.content["author"],
        "approved_by": [a.account_id for a in checked.approvals],
        "by_password": list(checked.by_password),
        "signed_at": list(checked.signed_at),
        "entries": [p.index for p in checked.proofs],
        "vkey": str(checked.proofs[0].vkey),
        "vkey_was_given": bool(ours),
    }


def _print_dossier(paper: Paper, checked: Checked, *, is_known: bool) -> None:
    content, proof = checked.content, checked.proofs[0]
    paper.line(f"HOLDS   {plain(content['title'])} {plain(content['referral_id'])}", "bold")
    paper.line(f"  to {plain(content['recipient']['name'])}, frozen {iso(content['frozen_us'])}")
    paper.line(f"  SHA-256 of exactly what left: {checked.digest}")
    paper.line(f"  written by {plain(content['author'])}, who does not count; approved by")
    for approval in checked.approvals:
        how = plain(approval.method)
        paper.line(f"    {plain(approval.account_id)}, {iso(approval.made_us)}, {how}")
    for origin in checked.signed_at:
        paper.line(f"  passkeys signed it on {plain(origin)}, each signature is valid")
    if checked.by_password:
        paper.line("  a password leaves no signature: of those the ledger alone tells")
    n = count(len(checked.proofs), "entry", "entries")
    paper.line(f"  the ledger {proof.signed.checkpoint.origin} holds it in {n}, signed by")
    paper.line(f"  {proof.vkey}")
    if not is_known:
        paper.line()
        paper.line("  The key came with the dossier. Compare it with the one the sender published,")
        paper.line("  or pass that one with `--vkey`: anybody can make a key.")


def _print_proof(paper: Paper, proved: Proved, *, is_known: bool) -> None:
    entry, head = proved.entry, proved.signed.checkpoint
    paper.line(f"PROVED  entry {proved.index:,} is in the ledger {head.origin}", "bold")
    paper.line(f"  {entry.kind} by {entry.actor}, {iso(entry.time_us)}")
    for line in json.dumps(entry.body, indent=2, ensure_ascii=False, sort_keys=True).split("\n"):
        paper.line(f"  {line}", "dim")
    paper.line(f"  under a checkpoint over {count(head.size, 'entry', 'entries')}, signed by")
    paper.line(f"  {proved.vkey}")
    for witness in proved.cosigners:
        paper.line(f"  and by the witness {witness.name}")
    if not is_known:
        paper.line()
        paper.line("  The key came with the proof. Compare it with the one the ledger's owner")
        paper.line("  published, or pass that one with `--vkey`: anybody can make a key.")


def _print_report(paper: Paper, report: Report, workspace: Path) -> None:
    by_check: dict[str, list] = {}
    for finding in report.findings:
        by_check.setdefault(finding.check, []).append(finding)
    paper.line(_headline(report, workspace), "bold")
    paper.line()
    for check, fine in CHECKS.items():
        for finding in by_check.get(check, []):
            more = f" (and {finding.n - 1:,} more like it)" if finding.n > 1 else ""
            mark = "BROKEN" if finding.severity == BROKEN else "look  "
            paper.line(f"  {mark}  {finding.what}{more}", "bold" if mark == "BROKEN" else "")
        if check == "held" and not report.n_held:
            paper.line("  -       no copy held elsewhere was given: `--checkpoint`, `--witness`")
        elif check not in by_check:
            paper.line(f"  ok      {fine}" + _how_many(check, report))
    paper.line()
    for name, size in report.cosigned.items():
        paper.line(f"  the witness {name} has cosigned the first {size:,} entries")
    for number, vkey in enumerate(report.vkeys):
        paper.line(f"  {'key ' if not number else 'then'}  {vkey}", "dim")
    if not report.is_intact:
        for line in _TO_DO:
            paper.line(line)


def _how_many(check: str, report: Report) -> str:
    if check != "leads":
        return ""
    changed = report.n_shown - report.n_unchanged
    return f" ({report.n_unchanged:,} compared, {changed:,} gone or changed since)"


def _headline(report: Report, workspace: Path) -> str:
    whole = count(report.n_entries, "entry", "entries")
    signed = count(report.n_checkpoints, "checkpoint")
    if report.is_intact:
        span = ""
        if report.first_us is not None:
            span = f", {iso(report.first_us)} to {iso(report.last_us)}"
        return f"INTACT  the ledger in {workspace}: {whole}, {signed}{span}"
    first = report.first_broken
    where = "" if first is None else f", first at entry {first:,}"
    return f"BROKEN  the ledger in {workspace}{where} ({whole}, {signed})"


_TO_DO = (
    "",
    "  What to do: nothing is lost by waiting. Send, approve and delete nothing.",
    "  1. Stop Fairlead and copy the whole workspace, as it is, to another disk.",
    "  2. Run `fairlead verify` on your newest backup, with `--checkpoint` and a checkpoint that",
    "     somebody else has kept (a witness, a partner, a dossier that was sent).",
    "  3. Tell whoever answers for the ledger; they compare the two copies at the entry above.",
    "  docs/how-to/check-a-ledger.md says what each line means.",
)
