"""A short simulated sea taken through the whole flow once, table by table."""

from dataclasses import dataclass

import pyarrow as pa
import pytest

from fairlead.app.config import Settings
from fairlead.app.flow import build
from fairlead.engines.plan import plan
from fairlead.schema.span import Span
from fairlead.schema.step import Batch, Step
from fairlead.schema.table import Table
from fairlead.schema.tables import RAW
from fairlead.simulate import simulate
from tests.laws.drive import drive


@dataclass(frozen=True)
class World:
    """Every table of the sea, whole, and the steps that wrote them."""

    steps: dict[str, Step]
    tables: dict[str, tuple[Table, pa.Table]]

    def inputs(self, step: Step) -> dict[Table, pa.Table]:
        return {t: self.tables[t.name][1] for t in step.reads if t.name in self.tables}


@pytest.fixture(scope="session")
def world(tmp_path_factory) -> World:
    sea = simulate("strait", 3, 6.0, tmp_path_factory.mktemp("sea"), report_every_s=30.0)
    flow = build(Settings())
    raw = raw_blocks(sea.nmea.read_bytes())
    tables: dict[str, tuple[Table, pa.Table]] = {RAW.name: (RAW, raw)}
    for step in [*flow.decoders, *[p.step for p in plan(flow.steps)]]:
        inputs = {t: tables[t.name][1] for t in step.reads if t.name in tables}
        for table, rows in drive(step, inputs).items():
            before = [tables[table.name][1]] if table.name in tables else []
            tables[table.name] = (table, pa.concat_tables([*before, rows]))
    return World({s.kind: s for s in [*flow.decoders, *flow.steps]}, tables)


def raw_blocks(payload: bytes, lines_per_block: int = 5000) -> pa.Table:
    lines = payload.splitlines(keepends=True)
    offset, rows = 0, []
    for first in range(0, len(lines), lines_per_block):
        block = b"".join(lines[first : first + lines_per_block])
        rows.append(
            {
                "source": "sea",
                "format": "nmea",
                "offset": offset,
                "first_line": first + 1,
                "n_lines": len(lines[first : first + lines_per_block]),
                "received_us": 1_760_400_000_000_000 + first,
                "header": None,
                "payload": block,
            }
        )
        offset += len(block)
    return pa.Table.from_pylist(rows, schema=RAW.columns)


__all__ = ["Batch", "Span", "World", "raw_blocks", "world"]
