"""An engine: where tables live and steps run. Three methods, whatever the machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import pyarrow as pa

from fairlead.schema.source import Cursor
from fairlead.schema.span import Span
from fairlead.schema.step import Step
from fairlead.schema.table import Table


@runtime_checkable
class Engine(Protocol):
    """`append` stores ingested rows with their cursor and carry in one transaction; `scan` reads a
    table as it stands; `run` takes settled event time further through the steps."""

    def append(
        self,
        rows: dict[Table, pa.Table],
        *,
        cursors: dict[str, Cursor] | None = None,
        carried: dict[str, pa.Table] | None = None,
    ) -> None: ...

    def scan(
        self, table: Table, span: Span | None = None, columns: Sequence[str] | None = None
    ) -> pa.Table: ...

    def run(self, steps: Sequence[Step], until_us: int | None = None) -> None: ...
