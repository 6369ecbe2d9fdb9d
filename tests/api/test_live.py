"""A feed over a real socket: on the page before it is settled; a dead feed looks dead."""

import json
import queue
import socket
import threading

import httpx
import pytest

from fairlead.app.api.feeds import DEAD_S, Feeds
from fairlead.app.api.hub import QUEUE_BYTES, Client
from fairlead.app.api.intake import listener, open_feeds
from fairlead.app.config import Settings
from fairlead.app.flow import INLETS, build
from fairlead.app.live import Watch
from fairlead.engines.embedded import EmbeddedEngine
from fairlead.schema.tables import POSITION_MESSAGES
from fairlead.sources.registry import Options, open_sources
from tests.api.conftest import Console
from tests.api.enrolled import now_us

SENTENCES = (b"!AIVDM,1,1,,A,13u?etPv2;0n:dDPwUM1U1Cb069D,0*24\r\n",)
MMSI = 265547250


@pytest.fixture
def live(tmp_path):
    settings = Settings(workspace=tmp_path / "state", lateness_s=0)
    engine = EmbeddedEngine(settings.workspace, inlets=INLETS)
    console = Console(settings)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        sources = open_sources([address], Options(now_us=now_us))
        open_feeds(console.service, sources)
        flow = build(settings)
        watch = Watch(
            engine,
            sources,
            flow,
            settings,
            listener=listener(console.service),
            ended=lambda source: console.service.feeds.ended(source.name),
        )
        watch.start()
        peer, _ = server.accept()
        with peer:
            yield console, peer, watch
        watch.finish()
    console.close()
    assert engine.scan(POSITION_MESSAGES).num_rows == 1
    engine.close()


def messages(console, person, found, wanted):
    """Puts events of the stream into `found` until one of the wanted kind has come."""
    with (
        console.client(person) as client,
        client.stream("GET", "/picture/stream") as answer,
    ):
        event = None
        for line in answer.iter_lines():
            if line.startswith("event: "):
                event = line.removeprefix("event: ")
            elif line.startswith("data: "):
                found.put((event, json.loads(line.removeprefix("data: "))))
                if event == wanted:
                    return


def test_a_position_is_on_the_stream_and_in_the_picture(live):
    console, peer, _ = live
    found = queue.Queue()
    reader = threading.Thread(
        target=messages, args=(console, console.first, found, "positions"), daemon=True
    )
    reader.start()
    assert found.get(timeout=30)[0] == "status"
    peer.sendall(SENTENCES[0])
    while (got := found.get(timeout=30))[0] != "positions":
        pass
    reader.join(timeout=30)
    batch = got[1]
    assert batch["mmsi"] == [MMSI]
    assert batch["lat_deg"][0] == pytest.approx(57.66, abs=0.01)
    assert abs(batch["received_us"][0] - now_us()) < 60_000_000
    with console.client(console.first) as client:
        assert client.get("/picture").json()["columns"]["mmsi"] == [MMSI]
        (feed,) = client.get("/status").json()["feeds"]
        assert (feed["state"], feed["n_lines"], feed["n_rows"]) == ("live", 1, 1)


def test_a_feed_that_falls_silent_is_dead():
    feeds, at_us = Feeds(), 1_000_000_000
    feeds.open("udp://x", "udp", is_live=True, declared=600.0, now_us=at_us)
    assert feeds.states(at_us)[0].state == "waiting"
    for _ in range(180):
        at_us += 1_000_000
        feeds.heard("udp://x", 10, 10, 0.5, {}, at_us)
        feeds.look(at_us)
    (state,) = feeds.states(at_us)
    assert state.state == "live"
    assert state.rate_per_min == pytest.approx(600, rel=0.05)
    for _ in range(120):
        at_us += 1_000_000
        feeds.heard("udp://x", 1, 1, 0.5, {"bad_checksum": 1}, at_us)
        feeds.look(at_us)
    assert feeds.states(at_us)[0].state == "slow"
    at_us += int(DEAD_S * 1e6) + 1
    feeds.look(at_us)
    (state,) = feeds.states(at_us)
    assert state.state == "dead"
    assert state.rejects == {"bad_checksum": 120}
    feeds.ended("udp://x")
    assert feeds.states(at_us)[0].state == "ended"


def test_a_feed_learns_what_to_expect_and_remembers_it_when_dead():
    feeds, at_us = Feeds(), 0
    feeds.open("udp://x", "udp", is_live=True, declared=None, now_us=at_us)
    for _ in range(600):
        at_us += 1_000_000
        feeds.heard("udp://x", 5, 5, None, {}, at_us)
        feeds.look(at_us)
    for _ in range(600):
        at_us += 1_000_000
        feeds.look(at_us)
    (state,) = feeds.states(at_us)
    assert state.state == "dead"
    assert state.expected_per_min == pytest.approx(300, rel=0.2)


def test_a_slow_client_is_told_to_start_again_and_holds_no_memory(console):
    client = Client(None, None)
    part = b"event: positions\ndata: {}\n\n" + b"x" * 100_000
    for _ in range(200):
        client.put(part)
        assert client.n_bytes <= QUEUE_BYTES
    assert b"event: resync" in client.take()
    assert client.n_bytes == 0


def test_a_stream_that_is_not_read_does_not_grow(console):
    with socket.create_connection(("127.0.0.1", console.port)) as idle:
        head = f"GET /api/v1/picture/stream HTTP/1.1\r\nHost: 127.0.0.1:{console.port}\r\n"
        idle.sendall(f"{head}Cookie: {console.first.headers['Cookie']}\r\n\r\n".encode())
        assert idle.recv(15) == b"HTTP/1.1 200 OK"


def test_a_closed_stream_is_forgotten(console):
    with (
        console.client(console.first) as client,
        client.stream("GET", "/picture/stream") as answer,
    ):
        assert answer.status_code == 200
        next(answer.iter_lines())
        assert console.service.hub.clients
    until = threading.Event()
    for _ in range(300):
        if not console.service.hub.clients:
            break
        until.wait(0.1)
    assert not console.service.hub.clients


def test_a_closed_connection_is_no_error(console):
    for _ in range(5):
        with pytest.raises(httpx.ReadTimeout), console.client(console.first) as client:
            client.get("/picture/stream", timeout=0.05)
