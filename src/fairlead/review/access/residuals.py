"""From what Cedar leaves of a policy, once the person is known, to a predicate over rows.

Cedar's partial evaluation is an experimental feature of it: what is not known here is not guessed.
`Untold` says so, and whoever filters asks Cedar itself for each distinct kind of row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fairlead.review.access.predicates import (
    TEXTS,
    Always,
    Among,
    Carries,
    Like,
    OneOf,
    Predicate,
    both,
    either,
    unless,
)


class Untold(Exception):  # noqa: N818  (a signal between two functions, not an error)
    """A residual says what a predicate cannot."""


def predicate_of(policy: Mapping[str, Any]) -> Predicate:
    """When this policy applies to a row. Raises Untold."""
    scopes = (policy[part].get("op") for part in ("principal", "action", "resource"))
    if any(op != "All" for op in scopes):
        raise Untold
    parts = []
    for condition in policy["conditions"]:
        part = _holds(condition["body"])
        parts.append(part if condition["kind"] == "when" else unless(part))
    return both(*parts)


def _holds(node: Mapping[str, Any]) -> Predicate:
    ((name, body),) = node.items()
    read = _READERS.get(name)
    if read is None:
        raise Untold
    return read(body)


def _value(body: Any) -> Predicate:
    if not isinstance(body, bool):
        raise Untold
    return Always(body)


def _and(body: Mapping[str, Any]) -> Predicate:
    return both(_holds(body["left"]), _holds(body["right"]))


def _or(body: Mapping[str, Any]) -> Predicate:
    return either(_holds(body["left"]), _holds(body["right"]))


def _not(body: Mapping[str, Any]) -> Predicate:
    return unless(_holds(body["arg"]))


def _if(body: Mapping[str, Any]) -> Predicate:
    test = _holds(body["if"])
    return either(both(test, _holds(body["then"])), both(unless(test), _holds(body["else"])))


def _equal(body: Mapping[str, Any]) -> Predicate:
    left, right = body["left"], body["right"]
    if _unknown(left) is None:
        left, right = right, left
    attribute = _unknown(left)
    if attribute == "markings":
        marks = _texts(right)
        return both(Among(marks), *(Carries(mark) for mark in sorted(marks)))
    if attribute in TEXTS:
        return OneOf(str(attribute), frozenset({_text(right)}))
    raise Untold


def _unequal(body: Mapping[str, Any]) -> Predicate:
    return unless(_equal(body))


def _contains(body: Mapping[str, Any]) -> Predicate:
    attribute = _unknown(body["right"])
    if attribute in TEXTS:
        return OneOf(str(attribute), _texts(body["left"]))
    if _unknown(body["left"]) == "markings":
        return Carries(_text(body["right"]))
    raise Untold


def _contains_all(body: Mapping[str, Any]) -> Predicate:
    if _unknown(body["right"]) == "markings":
        return Among(_texts(body["left"]))
    if _unknown(body["left"]) == "markings":
        return both(*(Carries(mark) for mark in sorted(_texts(body["right"]))))
    raise Untold


def _contains_any(body: Mapping[str, Any]) -> Predicate:
    left, right = body["left"], body["right"]
    if _unknown(left) != "markings":
        left, right = right, left
    if _unknown(left) != "markings":
        raise Untold
    return either(*(Carries(mark) for mark in sorted(_texts(right))))


def _is_empty(body: Mapping[str, Any]) -> Predicate:
    if _unknown(body["arg"]) != "markings":
        raise Untold
    return Among(frozenset())


def _like(body: Mapping[str, Any]) -> Predicate:
    attribute = _unknown(body["left"])
    if attribute not in TEXTS:
        raise Untold
    pieces = [""]
    for part in body["pattern"]:
        if part == "Wildcard":
            pieces.append("")
        else:
            pieces[-1] += part["Literal"]
    return Like(str(attribute), tuple(pieces))


def _unknown(node: Mapping[str, Any]) -> str | None:
    found = node.get("unknown")
    return found[0]["Value"] if found else None


def _text(node: Mapping[str, Any]) -> str:
    value = node.get("Value")
    if not isinstance(value, str):
        raise Untold
    return value


def _texts(node: Mapping[str, Any]) -> frozenset[str]:
    """A set's values, written as a set of literals or as a literal set."""
    if "Set" in node:
        return frozenset(_text(part) for part in node["Set"])
    value = node.get("Value")
    if not isinstance(value, list):
        raise Untold
    return frozenset(_text({"Value": part}) for part in value)


_READERS: dict[str, Callable[[Any], Predicate]] = {
    "Value": _value,
    "&&": _and,
    "||": _or,
    "!": _not,
    "if-then-else": _if,
    "==": _equal,
    "!=": _unequal,
    "contains": _contains,
    "containsAll": _contains_all,
    "containsAny": _contains_any,
    "isEmpty": _is_empty,
    "like": _like,
}
