"""Everything about a ledger that can be checked without asking anybody.

Recomputes the tree from the entries, holds every checkpoint ever signed against it, and whatever
copies others hold. It writes nothing and reads no clock.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fairlead.review.ledger.broken import BrokenError
from fairlead.review.ledger.chain import Chain
from fairlead.review.ledger.history import History, Signed
from fairlead.review.ledger.notes import Handover, VerifierKey
from fairlead.review.ledger.recompute import Recomputed, recompute
from fairlead.review.ledger.report import FLAGGED, Report
from fairlead.review.ledger.stored import read_tile
from fairlead.review.ledger.tiles import WIDTH, tiles_of, unbundle
from fairlead.schema.store import Transaction


@dataclass(frozen=True, slots=True)
class Acts:
    """A table of acts whose rows name their leaf in `leaf`: each must be an entry of one of the
    kinds, by the same account at the same time. With `every`, each such entry must have a row."""

    table: str
    kinds: Sequence[str]
    actor: str
    time: str
    every: bool = False


@dataclass(frozen=True, slots=True)
class Outside:
    """What the database itself cannot tell.

    `vkeys`: keys that the verifier trusts; without one, the folder's first key is believed.
    `witnesses`: keys whose cosignatures are looked for.
    `held`: checkpoints kept by others, by name. `mirrors`: folders of witnesses with the
    checkpoint and tiles that they copied. `bad_fences`: definitions that are not as they must be.
    `leads`: of each lead that is still there the digest it carries and the one it has. `acts`:
    tables that must say what the ledger says.
    """

    vkeys: Sequence[VerifierKey] = ()
    witnesses: Sequence[VerifierKey] = ()
    held: Mapping[str, str] = field(default_factory=dict)
    mirrors: Sequence[Path] = ()
    bad_fences: Sequence[str] = ()
    leads: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    acts: Sequence[Acts] = ()


def verify_ledger(view: Transaction, folder: Path, outside: Outside) -> Report:
    """Check the ledger in `view` whose key and checkpoints are in `folder`.

    Raises BrokenError where what was given from outside is not what it is said to be: a mirror
    without a checkpoint, or a file that is none.
    """
    report = Report()
    for fence in outside.bad_fences:
        what = f"the database's definition `{fence}` is missing, was changed or was added"
        report.find("fences", "fence", what)
    chain = Chain(folder, report)
    own = _own_checkpoints(view, folder, chain, outside.witnesses, report)
    chain.must_reach(outside.vkeys)
    held = {name: Signed.parse(written) for name, written in outside.held.items()}
    for mirror in outside.mirrors:
        held[f"{mirror}/checkpoint"] = _checkpoint_of(mirror)
    sizes = [size for _, size, _ in own] + [s.checkpoint.size for s in held.values()]
    found = recompute(view, sizes, report)
    for line, size, root in own:
        _check(size, root, f"line {line} of the checkpoints", found, report, "checkpoints")
    for name, signed in held.items():
        why = chain.refuses(signed)
        if why:
            report.find("held", "signature", f"`{name}` does not count: {why}")
        else:
            head = signed.checkpoint
            _check(head.size, head.root, f"`{name}`", found, report, "held")
    for mirror in outside.mirrors:
        _compare_mirror(mirror, held[f"{mirror}/checkpoint"], view, found, report)
    _check_shown(found, outside.leads, report)
    for acts in outside.acts:
        _check_acts(acts, view, report)
    report.n_held = len(held)
    report.n_checkpoints = len(own)
    report.n_signed = max((size for _, size, _ in own), default=0)
    report.vkeys = [str(key) for key in chain.keys]
    if report.n_signed < report.n_entries:
        n = report.n_entries - report.n_signed
        what = f"the last {n:,} entries are under no checkpoint yet"
        report.find("checkpoints", "unsigned", what, severity=FLAGGED)
    return report


def _own_checkpoints(
    view: Transaction,
    folder: Path,
    chain: Chain,
    witnesses: Sequence[VerifierKey],
    report: Report,
) -> list[tuple[int, int, bytes]]:
    """Line, size and root of those in the file that count; each that the database remembers must
    be among its lines."""
    own = []
    known = set()
    for number, what in History(folder).lines():
        if what is None:
            said = f"line {number} of the checkpoints is none, as a crash while writing leaves it"
            report.find("checkpoints", "line", said, severity=FLAGGED)
        elif isinstance(what, Handover):
            chain.hand_over(what, number)
        else:
            known.add(_digest(what.written))
            if chain.extend(what):
                own.append((number, what.checkpoint.size, what.checkpoint.root))
                _note_witnesses(what, witnesses, report)
    for size, written in view.query("SELECT size, checkpoint FROM ledger_checkpoints"):
        if _digest(str(written)) not in known:
            said = f"the file of checkpoints lacks the one of {size} entries, which was signed"
            report.find("checkpoints", "lacks", said)
    return own


def _digest(written: str) -> bytes:
    """In place of the note itself: there may be millions."""
    return hashlib.sha256(written.encode()).digest()


def _check(
    size: int, root: bytes, name: str, found: Recomputed, report: Report, check: str
) -> None:
    """Whether the tree that was signed is ours."""
    if size > found.n_entries:
        first, last = found.n_entries, size - 1
        gone = f"entry {first} is" if first == last else f"entries {first} to {last} are"
        what = f"{gone} gone: {name} was signed over {size}"
        report.find(check, "gone", what, index=found.n_entries)
    elif size not in found.roots:
        report.find(check, "gap", f"{name} cannot be compared: entries before it are gone")
    elif found.roots[size] != root:
        what = f"the first {size} entries are not those that {name} was signed over"
        report.find(check, "root", what)


def _note_witnesses(signed: Signed, witnesses: Sequence[VerifierKey], report: Report) -> None:
    try:
        signers = signed.note.signers(witnesses)
    except BrokenError as error:
        what = f"line {signed.line} of the checkpoints: {error.message}"
        report.find("checkpoints", "cosignature", what)
        return
    for key in signers:
        report.cosigned[key.name] = signed.checkpoint.size


def _checkpoint_of(mirror: Path) -> Signed:
    try:
        return Signed.parse((mirror / "checkpoint").read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        message = f"`{mirror}` has no readable file `checkpoint`"
        raise BrokenError(message, help="name the folder that holds `checkpoint` and `tile`") from (
            error
        )


def _compare_mirror(
    mirror: Path, signed: Signed, view: Transaction, found: Recomputed, report: Report
) -> None:
    """Every tile and bundle the mirror must have, byte by byte against the database's."""
    n_files = 0
    for tile in tiles_of(min(signed.checkpoint.size, found.n_entries)):
        path = mirror / tile.path
        if not path.is_file():
            continue
        n_files += 1
        ours, theirs = read_tile(view, tile), path.read_bytes()
        if ours == theirs:
            continue
        what = f"`{tile.path}` in `{mirror}` differs from the ledger"
        index = None
        if tile.level is None and ours is not None:
            index = tile.number * WIDTH + _first_difference(ours, theirs)
            what += f", first in entry {index}"
        report.find("held", f"tile {tile.level is None}", what, index=index)
    if not n_files and found.n_entries:
        what = f"`{mirror}` has a checkpoint but no tiles: only its checkpoint was compared"
        report.find("held", "no tiles", what, severity=FLAGGED)


def _first_difference(ours: bytes, theirs: bytes) -> int:
    """The number, within a bundle, of the first entry that is not the same."""
    try:
        other = unbundle(theirs)
    except BrokenError:
        other = []
    own = unbundle(ours)
    same = [a == b for a, b in zip(own, other, strict=False)]
    return same.index(False) if False in same else len(same)


def _check_acts(acts: Acts, view: Transaction, report: Report) -> None:
    """The entries' columns were held against their bytes before, so that SQL can compare."""
    marks = ", ".join("?" * len(acts.kinds))
    for (leaf,) in view.query(
        f"SELECT a.leaf FROM {acts.table} a LEFT JOIN ledger_entries e ON e.leaf_index = a.leaf "
        f"AND e.kind IN ({marks}) AND e.actor = a.{acts.actor} AND e.time_us = a.{acts.time} "
        "WHERE e.leaf_index IS NULL ORDER BY a.leaf",
        acts.kinds,
    ):
        what = f"a row of `{acts.table}` says it is entry {leaf}, but that entry says otherwise"
        report.find("acts", f"{acts.table} row", what)
    if not acts.every:
        return
    for (index,) in view.query(
        f"SELECT e.leaf_index FROM ledger_entries e LEFT JOIN {acts.table} a "
        f"ON a.leaf = e.leaf_index WHERE e.kind IN ({marks}) AND a.leaf IS NULL "
        "ORDER BY e.leaf_index",
        acts.kinds,
    ):
        what = f"the row of `{acts.table}` that entry {index} is about is gone"
        report.find("acts", f"{acts.table} gone", what, index=index)


def _check_shown(found: Recomputed, leads: Mapping[str, tuple[str, str]], report: Report) -> None:
    """A lead that still carries the digest it was shown with must still have that content."""
    for index, lead_id, digest in found.shown:
        report.n_shown += 1
        carried, has = leads.get(lead_id, ("", ""))
        if not carried or carried != digest:
            continue
        report.n_unchanged += 1
        if has != carried:
            what = f"lead `{lead_id}` is not what entry {index} says was shown"
            report.find("leads", "digest", what, index=index)
