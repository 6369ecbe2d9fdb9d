"""The step from raw NMEA blocks to position and static messages."""

# pyarrow.compute makes its functions on import, where no type checker sees them.
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from fairlead.observations.ais.build import (
    field_columns,
    reject_table,
    station_column,
    strings,
    words,
)
from fairlead.observations.ais.decode import Carry, Framed, Place, frame, give_up, n_line_feeds
from fairlead.observations.ais.layouts import LAYOUTS
from fairlead.observations.ais.state import (
    G_WIDTH,
    M_LAYOUT,
    MAX_PARTS,
    N_MESSAGES,
    P_WIDTH,
    done_with,
)
from fairlead.schema.span import Span
from fairlead.schema.step import WAKE, Batch
from fairlead.schema.table import Table, column
from fairlead.schema.tables import POSITION_MESSAGES, RAW, REJECTS, STATIC_MESSAGES

SECOND_US = 1_000_000

OPEN_SENTENCES = Table(
    name="open_sentences",
    doc="What a source's NMEA stream leaves open: its clock, a TAG block, parts that wait.",
    columns=pa.schema(
        [
            column("source", pa.string(), "name of the source", required=True),
            column("received_us", pa.int64(), "receipt of the last block", required=True),
            column(WAKE, pa.int64(), "when what waits is given up"),
            column("offset", pa.int64(), "byte after the last block", required=True),
            column("line", pa.int64(), "line after the last block", required=True),
            column("state", pa.list_(pa.int64()), "numbers of the framing state", required=True),
            column("groups", pa.list_(pa.int64()), "messages whose parts wait", required=True),
            column("head", pa.large_binary(), "the bytes these point at", required=True),
            column("started", pa.bool_(), "whether the stream told the time", required=True),
            column("held", pa.large_binary(), "lines that wait for the time", required=True),
        ]
    ),
    key="source",
    time="received_us",
    ids=("source",),
    upserted=True,
)

_POSITION_TYPES = (1, 2, 3, 4, 9, 18, 19, 21, 27)
_STATIC_TYPES = (5, 19, 21, 24)
_IS_POSITION = np.array([layout.msg_type in _POSITION_TYPES for layout in LAYOUTS])
_IS_STATIC = np.array([layout.msg_type in _STATIC_TYPES for layout in LAYOUTS])
_HEARD = ("time_us", "time_basis", "raw_offset", "line", "payload_hash")
_POSITION = tuple(
    [
        "mmsi",
        "msg_type",
        "second",
        "lat_deg",
        "lon_deg",
        "speed_kn",
        "course_deg",
        "heading_deg",
        "turn_rate_deg_min",
        "nav_status",
        "accuracy",
    ]
)
_STATIC = tuple(
    [
        "mmsi",
        "msg_type",
        "second",
        "imo",
        "callsign",
        "name",
        "ship_type",
        "to_bow_m",
        "to_stern_m",
        "to_port_m",
        "to_starboard_m",
        "draught_m",
        "destination",
        "eta",
        "name_extension",
    ]
)
_COLUMNS = tuple(dict.fromkeys(_POSITION + _STATIC + _HEARD))


@dataclass(frozen=True, slots=True)
class DecodeNmea:
    """Decodes the NMEA blocks of a source; what a line's own stamp says goes before all else.

    A stream without stamps takes its time from `assume_time_us` where given, else from the base
    stations in it when it is a file, else from the receipt of its blocks. Parts of a message that
    wait longer than `part_timeout_s` are refused.
    """

    assume_time_us: int | None = None
    part_timeout_s: int = 60

    kind: ClassVar[str] = "decode_nmea"
    version: ClassVar[int] = 1
    key: ClassVar[str] = "source"
    reads: ClassVar[tuple[Table, ...]] = (RAW,)
    writes: ClassVar[tuple[Table, ...]] = (POSITION_MESSAGES, STATIC_MESSAGES, REJECTS)
    carries: ClassVar[Table] = OPEN_SENTENCES

    def step(self, carried: pa.Table, batch: Batch, span: Span) -> tuple[pa.Table, Batch]:
        import pyarrow.compute as pc

        raw = batch[RAW]
        raw = raw.filter(pc.equal(raw["format"], "nmea"))
        open_by_source = {row["source"]: _from_row(row) for row in carried.to_pylist()}
        blocks: dict[str, list[dict]] = {source: [] for source in open_by_source}
        for row in raw.to_pylist():
            blocks.setdefault(row["source"], []).append(row)
        rows: dict[Table, list[pa.Table]] = {table: [] for table in self.writes}
        left = []
        for source, received in blocks.items():
            stream = _Stream(self, source, open_by_source.get(source), rows)
            for row in received:
                stream.wait_until(row["received_us"])
                stream.read(row)
            stream.wait_until(span.until_us)
            left.append(stream.to_table())
        kept = pa.concat_tables([OPEN_SENTENCES.empty(), *left])
        return kept, Batch({t: pa.concat_tables(r) for t, r in rows.items() if r})


@dataclass(frozen=True, slots=True)
class _Open:
    """A stream between two blocks."""

    carry: Carry
    place: Place


class _Stream:
    """One source within one call of the step."""

    def __init__(
        self, step: DecodeNmea, source: str, opened: _Open | None, rows: dict[Table, list[pa.Table]]
    ) -> None:
        self.step, self.source, self.rows = step, source, rows
        self.carry = opened.carry if opened else None
        self.place = opened.place if opened else Place(0, 1, 0)
        self.timeout_us = step.part_timeout_s * SECOND_US

    def read(self, row: dict) -> None:
        place = Place(row["offset"], row["first_line"], row["received_us"])
        if self.carry is not None and not self.carry.started and place.offset != self.place.offset:
            # a fault lies between: what waits before it would be counted back from behind it
            self._frame(b"", self.place, final=True)
        self._frame(row["payload"], place, final=False)
        lines = n_line_feeds(row["payload"])
        self.place = Place(
            place.offset + len(row["payload"]), place.first_line + lines, place.received_us
        )

    def wait_until(self, now_us: int) -> None:
        """Give up what has waited longer than the timeout at `now_us`."""
        if self.carry is None:
            return
        before_us = now_us - self.timeout_us
        if not self.carry.started and self.place.received_us < before_us:
            self._frame(b"", self.place, final=True)
            return
        since = self.carry.waits_since_us
        if since is not None and since < before_us:
            self._take(give_up(self.carry, self.place, before_us))

    def _frame(self, payload: bytes, place: Place, *, final: bool) -> None:
        self._take(
            frame(
                payload,
                self.carry,
                place,
                final=final,
                infer_time=infers_time(self.source),
                assume_time_us=self.step.assume_time_us,
            )
        )

    def _take(self, framed: Framed) -> None:
        self.carry = framed.carry
        found = message_rows(framed, self.source)
        found[REJECTS] = reject_table(framed.kit, framed.buf, self.source)
        done_with(framed.kit)
        for table, rows in found.items():
            if rows.num_rows:
                self.rows[table].append(rows)

    def to_table(self) -> pa.Table:
        """What is left open, as a row of OPEN_SENTENCES."""
        carry, place = self.carry, self.place
        assert carry is not None
        since = carry.waits_since_us if carry.started else place.received_us
        wake_us = None if since is None else since + self.timeout_us
        columns = {
            "source": strings((self.source,)),
            "received_us": np.array([place.received_us]),
            WAKE: pa.nulls(1, pa.int64()) if wake_us is None else np.array([wake_us]),
            "offset": np.array([place.offset]),
            "line": np.array([place.first_line]),
            "state": _one_list(carry.state),
            "groups": _one_list(carry.groups.ravel()),
            "head": _one_binary(carry.head),
            "started": np.array([carry.started]),
            "held": _one_binary(carry.held),
        }
        return OPEN_SENTENCES.rows(columns, 1)


def _one_list(numbers: np.ndarray) -> pa.Array:
    ends = pa.array(np.array([0, len(numbers)], np.int32))
    return pa.ListArray.from_arrays(ends, pa.array(numbers))


def _one_binary(content: bytes) -> pa.Array:
    ends = pa.py_buffer(np.array([0, len(content)], np.int64))
    return pa.Array.from_buffers(pa.large_binary(), 1, [None, ends, pa.py_buffer(content)])


def _from_row(row: dict) -> _Open:
    width = G_WIDTH + MAX_PARTS * P_WIDTH
    groups = np.array(row["groups"], np.int64).reshape(-1, width)
    state = np.array(row["state"], np.int64)
    carry = Carry(state, groups, row["head"], row["started"], row["held"])
    return _Open(carry, Place(row["offset"], row["line"], row["received_us"]))


def infers_time(source: str) -> bool:
    """Whether a stream without stamps is a log, whose receipt says nothing of its time."""
    return "://" not in source and source not in {"-", "stdin"}


def message_rows(framed: Framed, source: str) -> dict[Table, pa.Table]:
    """Positions and static data among the messages, as rows of their tables."""
    import pyarrow.compute as pc

    kit = framed.kit
    n = int(kit.state[N_MESSAGES])
    if n == 0:
        return {}
    columns = field_columns(kit, _COLUMNS)
    columns["station"] = station_column(kit, framed.buf)
    layout = kit.found[M_LAYOUT, :n]
    located = np.zeros(n, bool)
    if "lat_deg" in columns and "lon_deg" in columns:
        valid = pc.and_(columns["lat_deg"].is_valid(), columns["lon_deg"].is_valid())
        located = _IS_POSITION[layout] & valid.to_numpy(zero_copy_only=False)
    columns["received_us"] = columns["time_us"]
    columns["source"] = words(np.zeros(n, np.int32), (source,))
    if extension := columns.pop("name_extension", None):
        joined = pc.binary_join_element_wise(columns["name"], extension, "")
        columns["name"] = pc.coalesce(joined, columns["name"])
    whole = pa.RecordBatch.from_pydict(columns)
    found = {}
    for table, picked in ((POSITION_MESSAGES, located), (STATIC_MESSAGES, _IS_STATIC[layout])):
        rows = np.flatnonzero(picked)
        known = whole.select([name for name in columns if name in table.columns.names])
        taken = known.take(pa.array(rows))
        found[table] = table.rows(dict(zip(known.schema.names, taken, strict=True)), len(rows))
    return found
