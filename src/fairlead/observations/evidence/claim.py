"""What a photograph or a report says of where, when and which vessel: dated, located, unproved."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Claim:
    """`kind` is position, time, mmsi, imo or name; `said` the words or numbers it was read from.

    `basis` says where it comes from: `camera clock, zone unknown`, `GPS receiver`, `text`.
    """

    kind: str
    value: str
    said: str
    basis: str
    time_us: int | None = None
    lat_deg: float | None = None
    lon_deg: float | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
