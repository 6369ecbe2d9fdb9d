"""The application on a socket: granian inside this process, so that it can share the picture."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server as Granian
from starlette.routing import Route

from fairlead.app.api.application import application
from fairlead.app.api.endpoint import PREFIX
from fairlead.app.api.routes import every_endpoint
from fairlead.app.api.routes.watch import stream
from fairlead.app.api.service import Service
from fairlead.app.api.static import static

HEADER_MS = 10_000
CONNECTIONS = 512


def made(service: Service) -> Any:
    """The whole application over a service."""
    routes = [
        Route(f"{PREFIX}/picture/stream", stream, methods=["GET"]),
        Route("/{path:path}", static, methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]),
    ]
    return application(service, every_endpoint(), routes)


def names_of(host: str, port: int, more: tuple[str, ...]) -> frozenset[str]:
    """What a Host header may say."""
    names = {host, "localhost", "127.0.0.1", "[::1]", *more}
    return frozenset(f"{name}:{port}".lower() for name in names) | {n.lower() for n in more}


async def serve(service: Service, host: str, port: int, stopped: Callable[[], bool]) -> None:
    """Until `stopped` says so."""
    logging.getLogger("_granian").setLevel(logging.ERROR)
    server = Granian(
        made(service),
        address=host,
        port=port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=False,
        backpressure=CONNECTIONS,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_MS),
        log_enabled=False,
    )
    service.hub.attach(asyncio.get_running_loop())
    running = asyncio.create_task(server.serve())
    try:
        while not stopped() and not running.done():
            await asyncio.sleep(0.1)
    finally:
        service.hub.detach()
        await asyncio.sleep(0.05)
        if not running.done():
            server.stop()
        await running


class Background:
    """The server in a thread of its own, for tests and benches."""

    def __init__(self, service: Service, host: str, port: int) -> None:
        self._is_stopped = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(serve(service, host, port, self._is_stopped.is_set)),
            daemon=True,
        )
        self._thread.start()

    def stop(self) -> None:
        self._is_stopped.set()
        self._thread.join(timeout=20)
