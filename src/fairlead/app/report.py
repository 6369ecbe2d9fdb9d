"""What a run prints: what came in, what was refused, and the leads with their reasons."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from fairlead.app.words import count, iso, plain

MOST_FACTORS = 6
WIDEST = 110


class Paper:
    """Standard output with bold and dim text where the terminal shows them."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(highlight=False, markup=False, soft_wrap=True)
        self.width = min(WIDEST, self._console.width if sys.stdout.isatty() else WIDEST)

    def line(self, text: str = "", style: str = "") -> None:
        self._console.print(plain(text), style=style)


def print_summary(answer: Mapping[str, Any], *, quiet: bool) -> None:
    """Counts and leads, unless a program asked for JSON only."""
    if quiet:
        return
    paper = Paper()
    print_counts(paper, answer["tables"], answer["rejects"], answer["n_late"])
    print_leads(paper, answer["leads"], answer["cut"])


def print_counts(
    paper: Paper, tables: Mapping[str, int], rejects: Mapping[str, int], n_late: int
) -> None:
    """One line per stage, then what was refused by reason."""
    shown = [count(tables[name], *nouns) for name, *nouns in _STAGES if tables.get(name)]
    waiting = tables.get("reports", 0)
    nothing = (
        f"{count(waiting, 'report')}, none of them settled yet: event time is not past them"
        if waiting
        else "no positions and no static reports"
    )
    paper.line(", ".join(shown) if shown else nothing, "dim")
    if rejects:
        reasons = ", ".join(
            f"{n:,} {reason}"
            for reason, n in sorted(rejects.items(), key=lambda item: (-item[1], item[0]))
        )
        paper.line(f"refused {sum(rejects.values()):,}: {reasons}", "dim")
    if n_late:
        paper.line(
            f"{count(n_late, 'row')} came late: that time was settled again with them; what "
            "changed is in `fairlead show revisions`",
            "dim",
        )


_STAGES = (
    ("observations", "observation"),
    ("statics", "static report"),
    ("tracks", "track"),
    ("set_aside", "set aside", "set aside"),
    ("events", "event"),
)


def print_leads(paper: Paper, leads: Sequence[Mapping[str, Any]], cut: Mapping[str, Any]) -> None:
    """The ranked leads, each with its reasons for and against, and what the budget cut."""
    paper.line()
    if not leads:
        paper.line("no leads", "bold")
    told: dict[str, tuple[int, int]] = {}
    for rank, lead in enumerate(leads, 1):
        same = {told[e]: None for e in lead["events"] if e in told}
        _print_lead(paper, rank, lead, tuple(same))
        told |= {e: (rank, lead["mmsi"]) for e in lead["events"] if e not in told}
    priors = {f["detail"]: f["log_odds"] for lead in leads for f in _factors(lead, prior=True)}
    for detail, log_odds in priors.items():
        paper.line(f"Each lead starts at {log_odds:+.1f}: {detail}.".replace("-", "−"), "dim")
    if cut.get("n"):
        best = f", the best at {cut['best_probability']:.0%}" if cut.get("best_probability") else ""
        paper.line(
            f"{count(cut['n'], 'more lead')} cut by the budget{best}: "
            "`--at-most N` shows more, `fairlead show leads` shows all"
        )
    if cut.get("n_below"):
        paper.line(
            f"{count(cut['n_below'], 'lead')} below {cut['probability_min']:.0%} left out: "
            "`fairlead show leads` has them",
            "dim",
        )
    if cut.get("n_silenced"):
        paper.line(
            f"{count(cut['n_silenced'], 'lead')} kept silent: decided on, and nothing new since",
            "dim",
        )


def _print_lead(
    paper: Paper, rank: int, lead: Mapping[str, Any], same: Sequence[tuple[int, int]] = ()
) -> None:
    """A lead with its reasons; `same` are rank and vessel of those above that share an event."""
    paper.line(f"{rank:>2} {lead['probability']:>5.0%}  {lead['title']}", "bold")
    where = f", near {place(lead)}" if lead["lat_deg"] is not None else ""
    when = period(lead["start_us"], lead["end_us"])
    paper.line(f"{_INDENT}{when}{where}, {lead['lead_id']}", "dim")
    for is_own, side in ((True, "another part of its time"), (False, "the other vessel's side")):
        ranks = [str(above) for above, mmsi in same if (mmsi == lead["mmsi"]) == is_own]
        if ranks:
            others = " and ".join(ranks)
            paper.line(f"{_INDENT}tells of the same as {others}, from {side}", "dim")
    factors = [f for f in _factors(lead) if abs(f["log_odds"]) >= LEAST_WEIGHT]
    caps = [f for f in factors if f["name"] == "cap"]
    grounds = [f for f in factors if f["name"] != "cap"]
    for factor in grounds[:MOST_FACTORS]:
        _print_factor(paper, factor)
    if len(grounds) > MOST_FACTORS:
        n_more = count(len(grounds) - MOST_FACTORS, "smaller factor")
        paper.line(f"{_INDENT}       and {n_more}", "dim")
    for factor in caps:
        _print_factor(paper, factor)
    paper.line()


def _print_factor(paper: Paper, factor: Mapping[str, Any]) -> None:
    weight = factor["log_odds"]
    sign = "+" if weight >= 0 else "−"
    for number, line in enumerate(wrapped(factor["detail"], paper.width - len(_INDENT) - 7)):
        head = f"{sign}{abs(weight):4.1f}  " if number == 0 else " " * 7
        paper.line(f"{_INDENT}{head}{line}", "" if weight >= 0 else "dim")


def _factors(lead: Mapping[str, Any], *, prior: bool = False) -> list[dict[str, Any]]:
    return [f for f in json.loads(lead["factors"]) if (f["name"] == "prior") == prior]


_INDENT = " " * 10
LEAST_WEIGHT = 0.05


def wrapped(text: str, width: int) -> list[str]:
    """Lines of at most `width` characters, at least one."""
    return textwrap.wrap(plain(text), max(40, width)) or [""]


def place(lead: Mapping[str, Any]) -> str:
    """`49.320 N 7.380 W`, as the sentences write it."""
    lat, lon = lead["lat_deg"], lead["lon_deg"]
    return f"{abs(lat):.3f} {'NS'[lat < 0]} {abs(lon):.3f} {'EW'[lon < 0]}"


def period(start_us: int, end_us: int) -> str:
    """`2025-10-14 13:50 to 23:27 UTC`, with the second date where it is another day."""
    start, end = iso(start_us)[:16].replace("T", " "), iso(end_us)[:16].replace("T", " ")
    if start == end:
        return f"{start} UTC"
    return f"{start} to {end[11:] if start[:10] == end[:10] else end} UTC"


def tell(message: str) -> None:
    """A line for a person on standard error, where it is in no program's way."""
    print(plain(message), file=sys.stderr, flush=True)


def print_dry_run(answer: Mapping[str, Any]) -> None:
    """What changed settings would have said: leads by name, events by kind, and who is shown."""
    paper = Paper()
    leads, shown = answer["leads"], answer["shown"]
    for change in ("added", "removed", "changed"):
        rows = leads.get(change, [])
        paper.line(f"{change}: {count(len(rows), 'lead')}", "bold")
        for row in rows:
            why = f"  ({row['why']})" if row.get("why") else ""
            paper.line(f"  {row['probability']:4.0%}  {row['title']}{why}")
    now, would_be = answer["events"]["now"], answer["events"]["would_be"]
    for kind in sorted({*now, *would_be}):
        before, after = now.get(kind, 0), would_be.get(kind, 0)
        if before != after:
            paper.line(f"  {kind}: {count(before, 'event')} now, {after:,} then")
    paper.line(
        f"shown to the watch: {shown['now']:,} now ({_budget(answer['budget']['now'])}), "
        f"{shown['would_be']:,} then ({_budget(answer['budget']['would_be'])})",
        "bold",
    )
    for key, words in (("no_longer", "no longer"), ("newly", "newly")):
        for row in shown[key]:
            paper.line(f"  {words}: {row['probability']:4.0%}  {row['title']}")


def _budget(budget: Mapping[str, int]) -> str:
    return f"at most {budget['at_most']} in {budget['watch_h']} h"
