"""`fairlead demo`: a simulated strait watched, its leads on the terminal, the console on it."""

from __future__ import annotations

import argparse
import shutil
import socket
import threading
import time
from pathlib import Path
from typing import Any

from fairlead.app import config, report
from fairlead.app.config import Settings
from fairlead.app.flow import INLETS, Flow, build, hold_claims
from fairlead.app.interrupt import Interrupt
from fairlead.app.summary import summary
from fairlead.app.verbs.run import watch
from fairlead.app.words import count
from fairlead.engines.embedded import EmbeddedEngine
from fairlead.simulate.sea import Sea

REPORT_EVERY_S = 60.0
"""Ships report no more often than this, so that the demonstration takes seconds."""
LIVE_H = 3.0
"""With the console open, the last hours of the sea come as a live feed, as they happen."""
HOUR_US = 3_600_000_000


def main(given: argparse.Namespace) -> dict[str, Any] | None:
    from fairlead.app.api.static import is_built

    if not given.once and not is_built():
        report.tell("the console is not built (`make web` builds it, with Node 20 or newer):")
        report.tell("the leads come to the terminal alone")
    if given.once or not is_built():
        return _once(given)
    return _with_console(given)


def _once(given: argparse.Namespace) -> dict[str, Any]:
    from fairlead.simulate import DEFAULT_HOURS, simulate

    folder = _emptied(given)
    report.tell(f"simulating {DEFAULT_HOURS:.0f} hours of a strait, seed {given.seed}")
    sea = simulate(
        "strait", given.seed, DEFAULT_HOURS, folder / "sea", report_every_s=REPORT_EVERY_S
    )
    settings, flow = _prepared(given, folder, sea)
    return _watched(given, settings, flow, sea, sea.nmea)


def _with_console(given: argparse.Namespace) -> dict[str, Any]:
    from fairlead.app.verbs.console import open_console
    from fairlead.simulate import DEFAULT_HOURS, simulate
    from fairlead.simulate.replay import part_at
    from fairlead.sources.registry import Options, open_sources

    folder = _emptied(given)
    now_us = time.time_ns() // 1000
    start_us = now_us - round((DEFAULT_HOURS - LIVE_H) * HOUR_US)
    report.tell(f"simulating {DEFAULT_HOURS:.0f} hours of a strait, seed {given.seed}")
    sea = simulate(
        "strait",
        given.seed,
        DEFAULT_HOURS,
        folder / "sea",
        report_every_s=REPORT_EVERY_S,
        start_us=start_us,
    )
    before, live = part_at(sea.out_dir, now_us)
    settings, flow = _prepared(given, folder, sea)
    answer = _watched(given, settings, flow, sea, before)
    address = f"tcp-listen://127.0.0.1:{_free_port()}"
    options = Options(now_us=lambda: time.time_ns() // 1000, notice=report.tell, hold_partial=True)
    sources = open_sources([address], options)
    feed = threading.Thread(
        target=_feed, args=(live, address.replace("tcp-listen", "tcp"), now_us), daemon=True
    )
    feed.start()
    report.tell(f"the next {LIVE_H:.0f} hours come as a live feed; Ctrl-C ends the demonstration")
    open_console(
        settings, sources, flow, host="127.0.0.1", port=given.port, show=config.has_display()
    )
    return answer


def _emptied(given: argparse.Namespace) -> Path:
    folder = Path(given.workspace or "fairlead-data") / f"demo-{given.seed}"
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def _prepared(given: argparse.Namespace, folder: Path, sea: Sea) -> tuple[Settings, Flow]:
    flags = {
        "workspace": folder,
        "watchlists": [sea.watchlists],
        "zones": [sea.zones],
        "reference": sea.reference,
        "at_most": given.at_most,
    }
    settings = config.load(None, flags)
    return settings, build(settings, notice=report.tell)


def _watched(
    given: argparse.Namespace, settings: Settings, flow: Flow, sea: Sea, nmea: Path
) -> dict[str, Any]:
    """Watch a file of the sea to its end and print what came of it."""
    from fairlead.simulate import DEFAULT_HOURS
    from fairlead.sources.registry import Options, open_sources

    engine = EmbeddedEngine(settings.workspace, inlets=INLETS)
    try:
        flow = hold_claims(engine, flow, report.tell)
        with Interrupt() as interrupt:
            sources = open_sources([str(nmea)], Options(now_us=lambda: 0, notice=report.tell))
            watch(engine, sources, flow, interrupt, quiet=given.json)
        answer = summary(engine, settings)
    finally:
        engine.close()
    if not given.json:
        paper = report.Paper()
        paper.line()
        paper.line(
            f"A simulated strait, {DEFAULT_HOURS:.0f} hours, {count(sea.n_vessels, 'vessel')}, "
            "none of them real.",
            "bold",
        )
    report.print_summary(answer, quiet=given.json)
    if not given.json and answer["leads"]:
        first = answer["leads"][0]["lead_id"]
        report.tell(f"next: .venv/bin/fairlead why {first} --workspace {settings.workspace}")
    return answer


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _feed(live: Path, address: str, start_us: int) -> None:
    """Send the rest of the sea at the pace of the clock; ends with the sea or the console."""
    from fairlead.simulate.replay import connect, replay

    def wait_until(due_s: float) -> None:
        time.sleep(max(0.0, start_us / 1e6 + due_s - time.time()))

    while True:
        try:
            stream, send = connect(address)
        except OSError:
            time.sleep(0.2)
            continue
        try:
            with stream:
                replay(live, send, wait_until)
        except OSError:
            report.tell("the simulated feed was cut")
        return
