"""Additive log-odds: factors with their sentences, explanations that take away, caps that hold.

The sum of the factors' `log_odds`, as shown, is the lead's `log_odds`: caps are factors of their
own with negative weight.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fairlead.leads.weights import Weights

DIGITS = 4
COUNTED = 6
"""Of factors with one name so many are added; the rest would add less than a fortieth."""


@dataclass(frozen=True, slots=True)
class Factor:
    """Why a lead scored. `of` is the event or link it speaks of, `since_us` when that began;
    evidence are observation ids."""

    name: str
    log_odds: float
    detail: str
    evidence: tuple[int, ...] = ()
    of: str = ""
    group: str = ""
    cap: float | None = None
    since_us: int | None = None

    def as_dict(self) -> dict[str, object]:
        return {
            "name": self.name,
            "log_odds": self.log_odds,
            "detail": self.detail,
            "evidence": list(self.evidence),
            "of": self.of,
            "group": self.group,
            "cap": self.cap,
            "since_us": self.since_us,
        }


@dataclass(frozen=True, slots=True)
class Explanation:
    """An innocent explanation of one ground, with the probability that it is the reason."""

    name: str
    probability: float
    detail: str
    evidence: tuple[int, ...] = ()
    at_most: float = math.inf
    """Takes away no more than this from one ground."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Something that speaks for a lead, certain to `certainty`, and what may explain it away."""

    name: str
    of: str
    certainty: float
    detail: str
    evidence: tuple[int, ...]
    explanations: tuple[Explanation, ...] = ()
    since_us: int | None = None
    worth: float = 1.0
    """Multiplies the weight: the standing of a claim."""


def softened(log_odds: float, share: float) -> float:
    """Log-odds that hold with probability `share` and are 0 otherwise: ln(1 - s + s e^x)."""
    return math.log1p(share * math.expm1(log_odds))


def probability_of(log_odds: float) -> float:
    return 1 / (1 + math.exp(-max(-700.0, min(700.0, log_odds))))


def add_up(
    grounds: Iterable[Ground], excuses: Iterable[Factor], weights: Weights
) -> tuple[list[Factor], float]:
    """All factors of a lead, strongest first and the prior last, and their sum.

    The order of `grounds` does not matter. Another explanation or excuse never raises the sum:
    each takes a ground's log-odds towards 0, the sum of ordered halves grows with each of its
    parts, and a cap cuts a larger sum to the same value.
    """
    found: list[Factor] = []
    by_group: dict[str, list[Factor]] = {}
    for named in _by_name(grounds, weights).values():
        for nth, (_, ground, parts) in enumerate(named[:COUNTED]):
            more = len(named) - COUNTED if nth == COUNTED - 1 else 0
            factors = _as_factors(ground, parts, 0.5**nth, weights, more)
            by_group.setdefault(factors[0].group, []).extend(factors)
    for name in sorted(by_group):
        found += by_group[name]
        found += _capped(by_group[name], name, weights)
    found += sorted(excuses, key=lambda f: f.name)
    prior = Factor("prior", round(weights.prior, DIGITS), weights.prior_reason)
    total = round(prior.log_odds + sum(f.log_odds for f in found), DIGITS)
    found.sort(key=lambda f: (-abs(f.log_odds), f.name, f.of, f.detail))
    return [*found, prior], total


def _by_name(
    grounds: Iterable[Ground], weights: Weights
) -> dict[str, list[tuple[float, Ground, list[float]]]]:
    """Grounds by the name of their weight, the one with most left after explanations first."""
    named: dict[str, list[tuple[float, Ground, list[float]]]] = {}
    for ground in grounds:
        parts = _parts(ground, weights)
        name = weights.factor(ground.name).name
        named.setdefault(name, []).append((round(parts[-1], 12), ground, parts))
    for group in named.values():
        group.sort(key=lambda g: (-g[0], g[1].of, g[1].detail))
    return dict(sorted(named.items()))


def _parts(ground: Ground, weights: Weights) -> list[float]:
    """The ground's log-odds after none, one, two... of its explanations, in order of name."""
    whole = softened(weights.factor(ground.name).log_odds * ground.worth, ground.certainty)
    left = [whole]
    for one in sorted(ground.explanations, key=lambda e: (e.name, e.detail)):
        left.append(max(softened(left[-1], 1 - one.probability), left[-1] - one.at_most))
    return left


def _as_factors(
    ground: Ground, parts: Sequence[float], share: float, weights: Weights, more: int
) -> list[Factor]:
    weight = weights.factor(ground.name)
    left = [round(part * share, DIGITS) for part in parts]
    detail = ground.detail + (f" And {more} more of the kind." if more else "")
    cap = weights.group(weight.group).cap
    own = Factor(
        ground.name,
        left[0],
        detail,
        ground.evidence,
        ground.of,
        weight.group,
        cap,
        ground.since_us,
    )
    explanations = sorted(ground.explanations, key=lambda e: (e.name, e.detail))
    taken = [
        Factor(
            one.name,
            round(after - before, DIGITS),
            one.detail,
            one.evidence,
            ground.of,
            weight.group,
        )
        for one, before, after in zip(explanations, left, left[1:], strict=False)
    ]
    return [own, *(f for f in taken if f.log_odds < 0)]


def _capped(factors: Sequence[Factor], name: str, weights: Weights) -> list[Factor]:
    group = weights.group(name)
    over = round(sum(f.log_odds for f in factors) - group.cap, DIGITS)
    if over <= 0:
        return []
    title = group.title[0].upper() + group.title[1:]
    counts = "count" if title.endswith("s") else "counts"
    detail = f"{title} {counts} for at most {group.cap:g} together, because {group.reason}."
    return [Factor("cap", -over, detail, group=name, cap=group.cap)]
