"""Who calls, and what they may do: what the interface asks of access."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Signed:
    """A caller whose session or token holds. `csrf` is None for tokens, which browsers do not
    send by themselves."""

    principal: Any
    csrf: str | None
    expires_us: int | None
    handle: str
    method: str


class RowFilter(Protocol):
    """The policy as a predicate over rows with columns `markings`, `source` and `kind`."""

    def mask(self, rows: pa.Table) -> np.ndarray: ...


class Entry(Protocol):
    """Sessions and policy, as one thing. The real one is app/api/doorway.py."""

    def signed(
        self, headers: Mapping[str, str], cookies: Mapping[str, str], now_us: int
    ) -> Signed | None: ...

    def allowed(
        self, principal: Any, action: str, resource: Mapping[str, Any] | None
    ) -> tuple[bool, list[str]]:
        """Whether the policy lets them, and which policies decided. `resource` is a row's
        `markings`, `source` and `kind`; None is the system itself."""
        ...

    def row_filter(self, principal: Any, action: str) -> RowFilter: ...
