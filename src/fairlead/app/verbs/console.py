"""`fairlead console`: the page and its interface, with the watch in the same process."""

from __future__ import annotations

import argparse
import asyncio
import sys
import threading
import time
import webbrowser
from collections.abc import Sequence
from typing import Any

from fairlead.app import config, report
from fairlead.app.api.doorway import Doorway
from fairlead.app.api.intake import listener, open_feeds
from fairlead.app.api.kernels import load_for_interface
from fairlead.app.api.rooms import Rooms, open_rooms, site_of
from fairlead.app.api.server import names_of, serve
from fairlead.app.api.service import Service
from fairlead.app.config import Settings
from fairlead.app.flow import INLETS, Flow, build, hold_claims
from fairlead.app.interrupt import Interrupt
from fairlead.app.live import Watch
from fairlead.app.rules import Rules
from fairlead.app.words import parse_time
from fairlead.engines.embedded import EmbeddedEngine
from fairlead.engines.picture import History
from fairlead.schema.source import Source

SWITCH_S = 0.001
RULES_EVERY_S = 60.0
"""Rules that have run out stop counting within this time."""


def main(given: argparse.Namespace) -> dict[str, Any]:
    from fairlead.app.verbs.run import open_sources_of

    settings = config.load(config.path_of(given.config), config.flags(given))
    sources = open_sources_of(given) if given.sources else []
    assumed_us = parse_time(given.assume_time) if given.assume_time else None
    flow = build(
        settings,
        assume_time_us=assumed_us,
        mapping=config.path_of(given.mapping),
        notice=report.tell,
    )
    return open_console(settings, sources, flow, host=given.host, port=given.port, show=given.open)


def open_console(
    settings: Settings,
    sources: Sequence[Source],
    flow: Flow,
    *,
    host: str,
    port: int,
    show: bool = False,
) -> dict[str, Any]:
    """Serve the console on a workspace until interrupted, reading the sources meanwhile."""
    engine = None
    if sources or not (settings.workspace / "control.sqlite").exists():
        engine = EmbeddedEngine(settings.workspace, inlets=INLETS)
    try:
        with Interrupt() as interrupt:
            _serve(settings, engine, sources, flow, interrupt, host, port, show)
    finally:
        if engine is not None:
            engine.close()
    return {"ok": True, "workspace": str(settings.workspace)}


def _serve(
    settings: Settings,
    engine: EmbeddedEngine | None,
    sources: Sequence[Source],
    flow: Flow,
    interrupt: Interrupt,
    host: str,
    port: int,
    show: bool,
) -> None:
    # many threads share the interpreter: a position must not wait long for its turn
    sys.setswitchinterval(SWITCH_S)
    rooms = open_rooms(settings, site_of(port, settings.hosts), _now_us())
    service = Service(
        settings=settings,
        history=History(settings.workspace),
        entry=Doorway(rooms.gate),
        now_us=_now_us,
        rooms=rooms.by_name(),
        hosts=names_of(host, port, settings.hosts),
        is_secure=bool(settings.hosts),
        notice=report.tell,
    )
    watching = None
    try:
        service.start()
        threading.Thread(target=load_for_interface, daemon=True).start()
        if engine is not None and sources:
            flow = hold_claims(engine, flow, report.tell)
        service.rooms["rules"] = Rules(rooms.store, rooms.ledger, settings, flow)
        if engine is not None and sources:
            watching = _Watching(engine, sources, service)
            service.rooms["apply_rules"] = watching.apply_rules
            watching.start()
        address = f"http://localhost:{port}/"
        _welcome(rooms, settings, address, service.now_us())
        if show:
            webbrowser.open(address)
        asyncio.run(serve(service, host, port, lambda: interrupt.asked or _failed(watching)))
    finally:
        if watching is not None:
            watching.finish()
        service.stop()
        service.history.close()
        rooms.close()


def _now_us() -> int:
    return time.time_ns() // 1000


def _failed(watching: _Watching | None) -> bool:
    return watching is not None and watching.error is not None


def _welcome(rooms: Rooms, settings: Settings, address: str, now_us: int) -> None:
    report.tell(f"console: {address}")
    if rooms.gate.enrolment.is_open():
        named = {mark for marks in settings.markings.values() for mark in marks}
        link = rooms.gate.enrolment.first_link(now_us=now_us, markings=sorted(named))
        report.tell("nobody may sign in yet; this link makes the first administrator, once:")
        report.tell(f"{address}#enrol={link}")


class _Watching:
    """A watch beside the server; when its sources have ended, what came is settled to the end."""

    def __init__(self, engine: EmbeddedEngine, sources: Sequence[Source], service: Service) -> None:
        self.error: BaseException | None = None
        self._stop = threading.Event()
        self._service = service
        open_feeds(service, list(sources))
        self._watch = Watch(
            engine,
            sources,
            self._flow(),
            service.settings,
            listener=listener(service),
            ended=lambda source: service.feeds.ended(source.name),
        )
        self._thread = threading.Thread(target=self._run, name="fairlead-watch")

    def _flow(self) -> Flow:
        rules = self._service.rooms["rules"]
        return rules.flow_with(rules.in_force(self._service.now_us()))

    def apply_rules(self) -> None:
        """Settle with the rules that are in force now."""
        self._watch.use(self._flow())

    def start(self) -> None:
        self._thread.start()

    def _run(self) -> None:
        try:
            self._watch.start()
            looked_s = time.monotonic()
            while self._watch.check() and not self._stop.wait(0.2):
                if time.monotonic() - looked_s > RULES_EVERY_S:
                    looked_s = time.monotonic()
                    self.apply_rules()
            self._watch.finish()
        except BaseException as error:  # noqa: BLE001 - raised by finish() in the main thread
            self.error = error

    def finish(self) -> None:
        self._stop.set()
        self._thread.join()
        if self.error is not None:
            raise self.error
