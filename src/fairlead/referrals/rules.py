"""What each kind of referral needs before it may leave, as `kinds.toml` says."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib import resources
from typing import Any

from fairlead.schema.errors import ConfigError
from fairlead.schema.referrals import ReferralKind

HOUR_US = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Rule:
    """What one kind of referral needs; `per_day` counts what has left to all recipients."""

    title: str
    asks: str
    approvals: int
    roles: frozenset[str]
    valid_h: int
    per_day: int
    reason: str

    @property
    def valid_us(self) -> int:
        return self.valid_h * HOUR_US


Rules = Mapping[ReferralKind, Rule]


def default_rules() -> Rules:
    """The rules that are shipped."""
    text = resources.files("fairlead.referrals").joinpath("kinds.toml").read_text("utf-8")
    return read_rules(text, "kinds.toml")


def read_rules(text: str, where: str) -> Rules:
    """Rules from TOML, each kind once. Raises ConfigError for what is missing or unsafe."""
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = f"`{where}` is not TOML: {error}"
        raise ConfigError(message, help="compare it with the shipped kinds.toml") from error
    known = {kind.value for kind in ReferralKind}
    if given.keys() != known:
        message = f"`{where}` must say what each of {', '.join(sorted(known))} needs"
        raise ConfigError(message, help="compare it with the shipped kinds.toml")
    return {ReferralKind(name): _rule(name, values, where) for name, values in given.items()}


def _rule(name: str, values: Mapping[str, Any], where: str) -> Rule:
    wanted = {f.name for f in fields(Rule)}
    if not isinstance(values, dict) or values.keys() != wanted:
        message = f"[{name}] in `{where}` must have {', '.join(sorted(wanted))}"
        raise ConfigError(message, help="compare it with the shipped kinds.toml")
    for field in ("approvals", "valid_h", "per_day"):
        if type(values[field]) is not int or values[field] < 1:
            message = f"`{field}` of [{name}] in `{where}` must be a whole number from 1 on"
            raise ConfigError(message, help="nothing leaves without a person")
    if not values["roles"] or not all(isinstance(r, str) for r in values["roles"]):
        message = f"`roles` of [{name}] in `{where}` must name who may approve"
        raise ConfigError(message, help='for example roles = ["reviewer"]')
    given: dict[str, Any] = {**values, "roles": frozenset(values["roles"])}
    return Rule(**given)
