"""`fairlead run`: read sources, run every step, print the leads."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fairlead.app import config, report
from fairlead.app.flow import INLETS, Flow, Ingested, build, hold_claims, ingest
from fairlead.app.interrupt import Interrupt
from fairlead.app.progress import progress
from fairlead.app.summary import summary
from fairlead.app.words import count, parse_time
from fairlead.engines.embedded import EmbeddedEngine
from fairlead.schema.errors import ConfigError
from fairlead.schema.source import Source


def main(given: argparse.Namespace) -> dict[str, Any] | None:
    settings = config.load(config.path_of(given.config), config.flags(given))
    if given.dry_run:
        from fairlead.app.dry_run import compare_settings

        return compare_settings(settings, Path(given.dry_run))
    if not given.sources:
        message = "no source given"
        raise ConfigError(message, help="name a file, a pattern, - or an address such as tcp://")
    sources = open_sources_of(given)
    assumed_us = parse_time(given.assume_time) if given.assume_time else None
    flow = build(
        settings,
        assume_time_us=assumed_us,
        mapping=config.path_of(given.mapping),
        notice=report.tell,
    )
    engine = EmbeddedEngine(settings.workspace, inlets=INLETS)
    try:
        flow = hold_claims(engine, flow, report.tell)
        with Interrupt() as interrupt:
            if given.follow or any(s.is_live for s in sources):
                from fairlead.app.live import follow

                follow(engine, sources, flow, settings, interrupt)
            else:
                watch(engine, sources, flow, interrupt, quiet=given.json)
        answer = summary(engine, settings)
    finally:
        engine.close()
    report.print_summary(answer, quiet=given.json)
    return answer


def watch(
    engine: EmbeddedEngine,
    sources: Sequence[Source],
    flow: Flow,
    interrupt: Interrupt,
    *,
    quiet: bool,
) -> None:
    """Read each source to its end, then settle everything; Ctrl-C leaves whole commits."""
    with progress(quiet=quiet) as display:
        for source in sources:
            _read(engine, source, flow, interrupt, display)
            interrupt.check()
        task = display.add_task("settling", total=None, rate="")
        started = time.monotonic()

        def settled(done: int, total: int) -> None:
            rate = f"{done / max(1e-3, time.monotonic() - started):,.0f} rows/s"
            display.update(task, completed=done, total=total, rate=rate)
            interrupt.check()

        engine.run(flow.steps, progress=settled)


def _read(
    engine: EmbeddedEngine, source: Source, flow: Flow, interrupt: Interrupt, display: Any
) -> None:
    task = display.add_task(Path(source.name).name, total=_size(source), rate="")
    started = time.monotonic()

    def told(_: Source, totals: Ingested) -> None:
        lasted_s = max(1e-3, time.monotonic() - started)
        rate = f"{totals.n_lines / lasted_s:,.0f} lines/s"
        display.update(task, completed=totals.n_bytes, rate=rate)

    totals = ingest(engine, source, flow.decoders, told, lambda: interrupt.asked)
    display.remove_task(task)
    if not display.disable or totals.n_lines:
        lasted_s = time.monotonic() - started
        report.tell(f"{source.name}: {count(totals.n_lines, 'line')} in {lasted_s:.1f} s")
    else:
        report.tell(f"{source.name}: nothing new")


def _size(source: Source) -> int | None:
    path = Path(source.name)
    return path.stat().st_size if path.is_file() else None


def open_sources_of(given: argparse.Namespace) -> list[Source]:
    """The sources that a verb names, with its flags on how to read them."""
    from fairlead.observations.archives.mapping import describe, load_mapping
    from fairlead.sources.registry import Options, open_sources

    mapping = load_mapping(Path(given.mapping)) if given.mapping else ""
    options = Options(
        now_us=lambda: time.time_ns() // 1000,
        format=given.format,
        describe=lambda format, header: describe(format, header, mapping),
        notice=report.tell,
        hold_partial=given.follow,
    )
    return open_sources(given.sources, options)
