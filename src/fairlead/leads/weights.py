"""The weights file as values, checked once."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from fairlead.schema.errors import ConfigError

OTHER = "other_behaviour"
_NEEDED = (OTHER, "listed", "listed_later", "partner_listed", "partner_listed_later")
_NEEDED_INNOCENTS = ("listing_ended", "listing_undated")


@dataclass(frozen=True, slots=True)
class Group:
    """Factors that tell one story: together they add at most `cap`."""

    name: str
    title: str
    cap: float
    reason: str


@dataclass(frozen=True, slots=True)
class Weight:
    """A factor that speaks for a lead. The name is the event's kind, or `listed` and the like."""

    name: str
    group: str
    log_odds: float
    title: str
    reason: str


@dataclass(frozen=True, slots=True)
class Innocent:
    """An explanation: of behaviours with `probability`, or of the vessel with `log_odds` < 0.

    From one behaviour it takes away at most `at_most`."""

    name: str
    reason: str
    probability: float = 0.0
    explains: tuple[str, ...] = ()
    log_odds: float = 0.0
    at_most: float = math.inf
    ship_types: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Weights:
    """All that the scorer `scorer` multiplies and adds. `prior` is in log-odds."""

    scorer: str
    context: tuple[str, ...]
    prior: float
    prior_reason: str
    groups: tuple[Group, ...]
    factors: tuple[Weight, ...]
    innocents: tuple[Innocent, ...]
    reliability: tuple[tuple[str, float], ...]
    credibility: tuple[tuple[int, float], ...]

    def factor(self, name: str) -> Weight:
        """The weight of that name, or the one of behaviour nobody has weighed."""
        by_name = {w.name: w for w in self.factors}
        return by_name.get(name, by_name[OTHER])

    def group(self, name: str) -> Group:
        return next(g for g in self.groups if g.name == name)

    def innocent(self, name: str) -> Innocent:
        return next(i for i in self.innocents if i.name == name)

    def trust(self, reliability: str, credibility: int) -> float:
        """What a claim of that standing is worth, 0 to 1; the least known standing if unknown."""
        least_r = min(v for _, v in self.reliability)
        least_c = min(v for _, v in self.credibility)
        of_source = dict(self.reliability).get(reliability, least_r)
        return of_source * dict(self.credibility).get(credibility, least_c)


def read_weights(text: str, name: str = "weights") -> Weights:
    """Weights from the text of a weights file.

    Raises ConfigError for a missing table, a factor of an unknown group, a weight of the wrong
    sign, or an explanation of a factor that does not exist.
    """
    try:
        value = tomllib.loads(text)
        weights = _weights(value)
    except tomllib.TOMLDecodeError as error:
        message = f"{name}: {error}"
        raise ConfigError(message, help="correct the TOML") from error
    except (KeyError, TypeError, ValueError) as error:
        message = f"{name}: {type(error).__name__.lower()} {error}"
        raise ConfigError(message, help="compare with the weights file that comes along") from error
    _check(weights, name)
    return weights


@cache
def default_weights() -> Weights:
    """The weights file that comes along, leads/weights.toml."""
    return read_weights(files("fairlead.leads").joinpath("weights.toml").read_text("utf-8"))


def _weights(value: Mapping[str, Any]) -> Weights:
    trust = value["trust"]
    return Weights(
        scorer=str(value["scorer"]),
        context=tuple(value["context"]),
        prior=float(value["prior"]["log_odds"]),
        prior_reason=str(value["prior"]["reason"]),
        groups=tuple(Group(name=k, **v) for k, v in value["group"].items()),
        factors=tuple(Weight(name=k, **v) for k, v in value["factor"].items()),
        innocents=tuple(_innocent(k, v) for k, v in value["innocent"].items()),
        reliability=tuple(sorted((k, float(v)) for k, v in trust["reliability"].items())),
        credibility=tuple(sorted((int(k), float(v)) for k, v in trust["credibility"].items())),
    )


def _innocent(name: str, value: Mapping[str, Any]) -> Innocent:
    return Innocent(
        name=name,
        reason=str(value["reason"]),
        probability=float(value.get("probability", 0.0)),
        explains=tuple(value.get("explains", ())),
        log_odds=float(value.get("log_odds", 0.0)),
        at_most=float(value.get("at_most", math.inf)),
        ship_types=tuple(value.get("ship_types", ())),
    )


def _check(weights: Weights, name: str) -> None:
    groups = {g.name for g in weights.groups}
    factors = {w.name for w in weights.factors}
    faults = [f"factor `{w.name}` is in no group" for w in weights.factors if w.group not in groups]
    faults += [f"factor `{w.name}` is negative" for w in weights.factors if w.log_odds < 0]
    faults += [f"cap of `{g.name}` is negative" for g in weights.groups if g.cap < 0]
    faults += [f"factor `{w}` is missing" for w in _NEEDED if w not in factors]
    innocents = {i.name for i in weights.innocents}
    faults += [f"innocent `{i}` is missing" for i in _NEEDED_INNOCENTS if i not in innocents]
    for innocent in weights.innocents:
        if not 0 <= innocent.probability <= 1 or innocent.log_odds > 0 or innocent.at_most < 0:
            faults.append(f"innocent `{innocent.name}` would accuse")
        unknown = set(innocent.explains) - factors
        faults += [f"innocent `{innocent.name}` explains unknown `{u}`" for u in sorted(unknown)]
    if faults:
        message = f"{name}: {faults[0]}"
        raise ConfigError(message, help="groups and factors are named in the same file")
