"""How a message layout is written down: a table that reads like ITU-R M.1371-5.

A field names the first bit and the width as the standard prints them, counted from 0 at the start
of the message. Nothing is decoded by hand: the kernels of `extract` walk over these tables.
"""

from __future__ import annotations

from dataclasses import dataclass, field

NEVER = (1, 0)
"""An empty range: every value is available."""


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter: where its bits are, and how they become a value with a unit.

    `kind` is `uint`, `int`, `bool`, `text` (6-bit characters), `bytes`, `turn` (rate of turn),
    `sign` (of an int) or `eta`. The value is raw / `per_unit` + `plus`. Raw values, read as
    unsigned, from `na[0]` to `na[1]` mean not available and become null; `na_bits` says which
    bits are compared where these are not the field's own (the four dimensions are not available
    together).
    A text or bytes field of width 0 takes all that is left, of width -n all but the last n bits.
    A negative `first` counts from the end of the message.
    """

    name: str
    first: int
    width: int
    kind: str = "uint"
    per_unit: float = 1.0
    plus: float = 0.0
    na: tuple[int, int] = NEVER
    na_bits: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """The fields of one message type, or of one variant of it.

    `when` lists (first bit, width, lowest, highest) that pick the variant. `bits` are the lengths
    accepted, as (shortest, longest) ranges: senders fill up to a byte or a character, so that a
    few bits more than the standard's are accepted. Fields that a message does not reach are null.
    """

    name: str
    msg_type: int
    clause: str
    bits: tuple[tuple[int, int], ...]
    fields: tuple[Field, ...]
    when: tuple[tuple[int, int, int, int], ...] = field(default=())


def uint(name: str, first: int, width: int, na: int | tuple[int, int] | None = None) -> Field:
    return Field(name, first, width, "uint", na=_range(na))


def flag(name: str, first: int) -> Field:
    return Field(name, first, 1, "bool")


def text(name: str, first: int, width: int = 0) -> Field:
    return Field(name, first, width, "text")


def data(first: int, width: int = 0) -> Field:
    return Field("data", first, width, "bytes")


def scaled(
    name: str,
    first: int,
    width: int,
    per_unit: float,
    na: int | tuple[int, int] | None = None,
    *,
    plus: float = 0.0,
    signed: bool = False,
) -> Field:
    return Field(name, first, width, "int" if signed else "uint", per_unit, plus, _range(na))


def lon(first: int, width: int, per_degree: float, name: str = "lon_deg") -> Field:
    """Longitude, east positive; 181 degrees is not available."""
    return scaled(name, first, width, per_degree, int(181 * per_degree), signed=True)


def lat(first: int, width: int, per_degree: float, name: str = "lat_deg") -> Field:
    """Latitude, north positive; 91 degrees is not available."""
    return scaled(name, first, width, per_degree, int(91 * per_degree), signed=True)


def dimensions(first: int) -> tuple[Field, ...]:
    """Reference point for position (figure 41): all four zero is not available."""
    every = (first, 30)
    return (
        Field("to_bow_m", first, 9, na=(0, 0), na_bits=every),
        Field("to_stern_m", first + 9, 9, na=(0, 0), na_bits=every),
        Field("to_port_m", first + 18, 6, na=(0, 0), na_bits=every),
        Field("to_starboard_m", first + 24, 6, na=(0, 0), na_bits=every),
    )


def second(first: int) -> tuple[Field, ...]:
    """Time stamp: the UTC second, or 60 to 63 for why there is none."""
    return (
        uint("second", first, 6, na=(60, 63)),
        uint("second_status", first, 6, na=(0, 59)),
    )


def _range(na: int | tuple[int, int] | None) -> tuple[int, int]:
    if na is None:
        return NEVER
    return na if isinstance(na, tuple) else (na, na)
