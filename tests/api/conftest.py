"""One small sea for all, served by the real application to real people on a real socket."""

import socket
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from fairlead.app.api.doorway import Doorway
from fairlead.app.api.rooms import open_rooms, site_of
from fairlead.app.api.server import Background, names_of
from fairlead.app.api.service import Service
from fairlead.app.config import Settings
from fairlead.app.flow import INLETS, build, hold_claims, ingest
from fairlead.app.rules import Rules
from fairlead.engines.embedded import EmbeddedEngine
from fairlead.engines.picture import History
from fairlead.simulate import simulate
from fairlead.sources.registry import Options, open_sources
from tests.api.enrolled import another, first_administrator, now_us

MARKINGS = {"*coast.nmea": ("tlp:green",), "*satellite.nmea": ("tlp:amber", "community:fisheries")}
HELD = ["tlp:amber", "community:fisheries"]


def port_of_nobody():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


@dataclass(frozen=True)
class Sea:
    """A workspace of two sources: what a satellite heard is for few, what the coast heard for
    all."""

    folder: Path
    settings: Settings


@pytest.fixture(scope="session")
def sea(tmp_path_factory):
    folder = tmp_path_factory.mktemp("console")
    made = simulate("strait", 1, 10.0, folder / "sea", report_every_s=60.0)
    lines = made.nmea.read_bytes().splitlines(keepends=True)
    coast = [line for line in lines if b"\\s:sat" not in line]
    satellite = [line for line in lines if b"\\s:sat" in line]
    (folder / "coast.nmea").write_bytes(b"".join(coast))
    (folder / "satellite.nmea").write_bytes(b"".join(satellite))
    settings = Settings(
        workspace=folder / "state",
        reference=made.reference,
        watchlists=(made.watchlists,),
        zones=(made.zones,),
        markings={**MARKINGS, "*": ()},
    )
    flow = build(settings)
    engine = EmbeddedEngine(settings.workspace, inlets=INLETS)
    flow = hold_claims(engine, flow, lambda _: None)
    names = [str(folder / "coast.nmea"), str(folder / "satellite.nmea")]
    for source in open_sources(names, Options(now_us=lambda: 0)):
        ingest(engine, source, flow.decoders)
    engine.run(flow.steps)
    engine.close()
    return Sea(settings.workspace, settings)


class Patient(httpx.HTTPTransport):
    """Waits as long as it is told to: the tests together ask more than one peer may."""

    def handle_request(self, request):
        for _ in range(20):
            response = super().handle_request(request)
            if response.status_code != 429 or "retry-after" not in response.headers:
                break
            response.close()
            time.sleep(int(response.headers["retry-after"]))
        return response


class Console:
    """A served workspace with its people."""

    def __init__(self, settings):
        self.settings = settings
        self.port = port_of_nobody()
        self.said = []
        self.rooms = open_rooms(settings, site_of(self.port, ()), now_us())
        self.service = Service(
            settings=settings,
            history=History(settings.workspace),
            entry=Doorway(self.rooms.gate),
            now_us=now_us,
            rooms=self.rooms.by_name(),
            hosts=names_of("127.0.0.1", self.port, ()),
            notice=self.said.append,
        )
        flow = build(settings)
        self.service.rooms["rules"] = Rules(self.rooms.store, self.rooms.ledger, settings, flow)
        self.service.start()
        self.server = Background(self.service, "127.0.0.1", self.port)
        self.first = first_administrator(self.rooms, HELD)
        self.analyst = another(self.rooms, self.first, "analyst", ["analyst", "viewer"], HELD)
        self.outsider = another(self.rooms, self.first, "outsider", ["viewer"], ["tlp:green"])
        self._wait()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}"

    def client(self, person=None, **more):
        headers = {} if person is None else person.headers
        given = {"transport": Patient(), **more}
        return httpx.Client(base_url=f"{self.address}/api/v1", headers=headers, timeout=60, **given)

    def _wait(self):
        transport = httpx.HTTPTransport(retries=20)
        with httpx.Client(base_url=self.address, transport=transport) as client:
            client.get("/")

    def entries(self, kind):
        with self.rooms.store.read() as view:
            return [entry for _, entry in self.rooms.ledger.entries_of(view, [kind])]

    def close(self):
        self.server.stop()
        self.service.stop()
        self.service.history.close()
        self.rooms.close()


@pytest.fixture(scope="session")
def console(sea):
    made = Console(sea.settings)
    yield made
    made.close()
    assert not made.said, made.said


@pytest.fixture(scope="session")
def api(console):
    """The client of an analyst who may see everything."""
    with console.client(console.analyst) as client:
        yield client


@pytest.fixture(scope="session")
def outside(console):
    """The client of a viewer who may not see what the satellite heard."""
    with console.client(console.outsider) as client:
        yield client


@pytest.fixture(scope="session")
def lead(api):
    """The first lead of the queue."""
    return api.get("/leads").json()["items"][0]
