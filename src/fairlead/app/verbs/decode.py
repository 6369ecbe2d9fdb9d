"""`fairlead decode`: AIS sentences to Parquet, CSV or JSON lines, nothing else."""

from __future__ import annotations

import argparse
import gc
import time
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from fairlead.app import report
from fairlead.app.progress import progress
from fairlead.app.words import count, parse_time
from fairlead.app.writers import JsonLines, open_writer, writer_for
from fairlead.schema.errors import SourceError
from fairlead.schema.source import Cursor, Source


def main(given: argparse.Namespace) -> dict[str, Any]:
    from fairlead.sources.registry import Options, open_sources

    writer_for(given.output)
    gc.set_threshold(100_000)  # nothing here makes cycles; looking for them costs a tenth at start
    options = Options(now_us=lambda: time.time_ns() // 1000, format=None, notice=report.tell)
    assumed_us = parse_time(given.assume_time) if given.assume_time else None
    with _own_help():
        sources = open_sources(given.sources, options)
        for source in sources:
            if getattr(source, "format", "nmea") not in ("nmea", None):
                message = f"`{source.name}` holds no AIS sentences"
                raise SourceError(message, help=_ONLY_NMEA)
        started = time.monotonic()
        counts = _decode(sources, given, assumed_us)
    lasted_s = time.monotonic() - started
    _tell(counts, lasted_s, given)
    return {"output": given.output, "seconds": round(lasted_s, 3), **counts}


_ONLY_NMEA = (
    "decode reads NMEA lines (!AIVDM,...); `fairlead run` reads CSV, JSON lines and Parquet as well"
)


@contextmanager
def _own_help() -> Generator[None]:
    """What is in no known format gets a help that names nothing `decode` has not got."""
    try:
        yield
    except SourceError as error:
        if "--format" not in (error.help or ""):
            raise
        raise SourceError(str(error), help=_ONLY_NMEA) from error


def _decode(
    sources: Sequence[Source], given: argparse.Namespace, assumed_us: int | None
) -> dict[str, Any]:
    from fairlead.observations.ais.state import COUNTS

    totals = Counter(dict.fromkeys((*COUNTS, "messages", "rejects"), 0))
    reasons: Counter[str] = Counter()
    refused = JsonLines(given.rejects) if given.rejects else None
    with progress(quiet=given.json) as display, open_writer(given.output) as writer:
        for source in sources:
            path = Path(source.name)
            size = path.stat().st_size if path.is_file() else None
            task = display.add_task(path.name, total=size, rate="")
            for messages, rejects, part, n_bytes in _decoded(source, assumed_us):
                writer.write(_named(messages, source) if len(sources) > 1 else messages)
                totals.update(part)
                reasons.update(rejects["reason"].to_pylist())
                if refused and rejects.num_rows:
                    refused.write(rejects)
                display.update(task, advance=n_bytes)
    if refused:
        refused.close()
    return {**totals, "reasons": dict(sorted(reasons.items()))}


def _named(messages: pa.Table, source: Source) -> pa.Table:
    name = pa.array([source.name] * messages.num_rows, pa.string())
    return messages.append_column("source", name)


def _decoded(
    source: Source, assumed_us: int | None
) -> Iterator[tuple[pa.Table, pa.Table, dict[str, int], int]]:
    """Messages, rejects, counts and length of each block of a source."""
    from fairlead.observations.ais.decode import decode_block
    from fairlead.schema.tables import REJECTS

    read = partial(
        decode_block,
        source=source.name,
        infer_time=not source.is_live,
        assume_time_us=assumed_us,
    )
    carry = None
    for block, is_last in _with_last(_blocks(source)):
        if block["format"] == "fault":
            report.tell(f"{source.name}: {block['payload'].decode('utf-8', 'replace')}")
            fault = REJECTS.rows(_fault(source.name, block))
            yield _nothing(), fault, {"rejects": 1, "lines": block["n_lines"]}, 0
            if carry is None or (carry.started and not is_last):
                continue
        # a fault holds no lines, but those held back before it come out, at the end all left open
        is_fault = block["format"] == "fault"
        payload = b"" if is_fault else block["payload"]
        made = read(
            payload,
            carry,
            offset=block["offset"],
            first_line=block["first_line"],
            received_us=block["received_us"],
            final=is_last or is_fault,
        )
        carry = made.carry
        yield made.messages, made.rejects, made.counts, len(payload)


def _blocks(source: Source) -> Iterator[dict[str, Any]]:
    for raw, _ in source.read(Cursor()):
        yield from raw.to_pylist()


def _with_last(blocks: Iterator[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], bool]]:
    waiting = None
    for block in blocks:
        if waiting is not None:
            yield waiting, False
        waiting = block
    if waiting is not None:
        yield waiting, True


def _nothing() -> pa.Table:
    from fairlead.observations.ais.decode import decode_block

    return decode_block(b"").messages


def _fault(source: str, block: dict[str, Any]) -> dict[str, list]:
    reason, _, detail = block["payload"].decode("utf-8", "replace").partition(":")
    return {
        "source": [source],
        "raw_offset": [block["offset"]],
        "line": [block["first_line"]],
        "time_us": [block["received_us"]],
        "reason": [reason],
        "detail": [detail.strip()],
    }


def _tell(counts: dict[str, Any], lasted_s: float, given: argparse.Namespace) -> None:
    n_messages = counts.get("messages", 0)
    rate = n_messages / max(lasted_s, 1e-3)
    report.tell(
        f"{count(n_messages, 'message')} in {lasted_s:.2f} s ({rate:,.0f}/s) to {given.output}"
    )
    if counts["reasons"]:
        listed = ", ".join(f"{n:,} {reason}" for reason, n in counts["reasons"].items())
        report.tell(f"refused {sum(counts['reasons'].values()):,}: {listed}")
