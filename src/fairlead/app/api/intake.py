"""From the readers' threads to the page: what was decoded is shown before it is written."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase

import polars as pl
import pyarrow as pa

from fairlead.app.api.positions import batch_of
from fairlead.app.api.service import Service
from fairlead.app.live import Heard, delay_s_of
from fairlead.schema.source import Source
from fairlead.schema.tables import POSITION_MESSAGES


def expected_of(service: Service, source: Source) -> float | None:
    """Lines a minute as declared by the source or by the settings; None for a rate to learn."""
    for pattern, per_min in service.settings.expected.items():
        if source.name == pattern or fnmatchcase(source.name, pattern):
            return per_min
    return source.expected_per_min


def listener(service: Service) -> Callable[[Heard], None]:
    """What a watch calls for each block that was decoded."""

    def heard(block: Heard) -> None:
        now_us = service.now_us()
        n_rows = sum(t.num_rows for n, t in block.rows.items() if n != "rejects")
        if block.n_lines:
            service.feeds.heard(
                block.source.name,
                block.n_lines,
                n_rows,
                delay_s_of(block, now_us),
                block.rejects,
                now_us,
            )
        rows = block.rows.get(POSITION_MESSAGES.name)
        if rows is not None:
            _show(service, rows, block.received_us or now_us)

    return heard


def _show(service: Service, rows: pa.Table, received_us: int) -> None:
    batch = batch_of(rows)
    service.last.add(batch)
    service.hub.publish_positions(batch.with_columns(pl.lit(received_us).alias("received_us")))


def open_feeds(service: Service, sources: list[Source]) -> None:
    """Name the feeds before anything is heard of them."""
    for source in sources:
        kind = source.name.partition("://")[0] if "://" in source.name else "file"
        service.feeds.open(
            source.name,
            kind,
            is_live=source.is_live,
            declared=expected_of(service, source),
            now_us=service.now_us(),
        )
