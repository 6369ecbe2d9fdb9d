"""How a source is read into a workspace: to its end, not to its end, and on when it has grown."""

import threading
import time
from functools import reduce

import pytest

from fairlead.app.config import Settings
from fairlead.app.flow import INLETS, build, ingest
from fairlead.app.live import Watch
from fairlead.engines.embedded import EmbeddedEngine
from fairlead.schema.tables import OBSERVATIONS, POSITION_MESSAGES, REJECTS, STATIC_MESSAGES
from tests.sources.feeds import opened

SENTENCE = b"!AIVDM,1,1,,A,13u?etPv2;0n:dDPwUM1U1Cb069D,0*24\n"
CLOCK = b"!AIVDM,1,1,,A,403OviQuMGCqWrRO9>E6fE700@GO,0*4D\n"


def part(number: int) -> bytes:
    payload = (b"56:fS:D0000000000008v0<QD4r0`T4v3400000t0`D147?ps1P00000", b"000000000000008")
    fill = (b"0", b"2")[number - 1]
    body = b"AIVDM,2,%d,1,A,%s,%s" % (number, payload[number - 1], fill)
    return b"!%s*%02X\n" % (body, reduce(lambda a, b: a ^ b, body))


@pytest.fixture(scope="module")
def flow():
    return build(Settings())


@pytest.fixture
def engine(tmp_path):
    engine = EmbeddedEngine(tmp_path / "workspace", inlets=INLETS)
    yield engine
    engine.close()


def n_rows(engine):
    return [engine.scan(t).num_rows for t in (POSITION_MESSAGES, STATIC_MESSAGES, REJECTS)]


def test_lines_that_wait_for_the_time_come_out_at_the_end(tmp_path, engine, flow):
    path = tmp_path / "day.nmea"
    path.write_bytes(SENTENCE)
    assert ingest(engine, opened(path), flow.decoders).n_rows == 1
    assert n_rows(engine) == [1, 0, 0]
    assert ingest(engine, opened(path), flow.decoders).n_rows == 0
    assert n_rows(engine) == [1, 0, 0]


def test_a_part_whose_other_part_never_came_is_refused_at_the_end(tmp_path, engine, flow):
    path = tmp_path / "day.nmea"
    path.write_bytes(CLOCK + part(1))
    assert ingest(engine, opened(path), flow.decoders).rejects == {"lost_part": 1}
    assert n_rows(engine) == [1, 0, 1]


def test_lines_that_wait_keep_their_place_where_a_fault_follows(tmp_path, engine, flow):
    path = tmp_path / "day.nmea"
    path.write_bytes(SENTENCE + b"x" * 2_000_000 + b"\n" + SENTENCE)
    ingest(engine, opened(path), flow.decoders)
    rows = engine.scan(POSITION_MESSAGES).sort_by("line").to_pylist()
    assert [row["line"] for row in rows] == [1, 3]
    for row in rows:
        assert engine.raw_record(str(path), row["raw_offset"], row["line"]) == SENTENCE.rstrip()


def test_a_stop_is_no_end(tmp_path, engine, flow):
    path = tmp_path / "day.nmea"
    path.write_bytes(part(1) + part(2) + SENTENCE)
    stopped = ingest(engine, opened(path), flow.decoders, should_stop=lambda: True)
    assert stopped.n_lines == 3
    assert n_rows(engine) == [0, 0, 0]
    ingest(engine, opened(path), flow.decoders)
    assert n_rows(engine) == [1, 1, 0]


def test_a_recording_that_has_grown_is_read_on(tmp_path, engine, flow):
    path = tmp_path / "day.nmea"
    path.write_bytes(SENTENCE)
    ingest(engine, opened(path), flow.decoders)
    path.write_bytes(SENTENCE + CLOCK + SENTENCE)
    ingest(engine, opened(path), flow.decoders)
    assert engine.scan(POSITION_MESSAGES)["line"].to_pylist() == [1, 2, 3]


def test_a_growing_file_is_watched_until_asked_to_stop(tmp_path, engine, flow):
    """Its last line waits for its end, and is there once."""
    path = tmp_path / "day.nmea"
    path.write_bytes(CLOCK + SENTENCE + SENTENCE[:20])
    heard, event = [], threading.Event()

    def listener(what):
        heard.append(what.n_lines)
        event.set()

    source = opened(path, hold_partial=True)
    watch = Watch(engine, [source], flow, Settings(), listener=listener)
    watch.start()
    assert event.wait(60)
    event.clear()
    with path.open("ab") as file:
        file.write(SENTENCE[20:])
    assert event.wait(60)
    assert watch.check()
    watch.finish()
    assert heard == [2, 1]
    assert engine.scan(POSITION_MESSAGES)["line"].to_pylist() == [1, 2, 3]


def test_a_row_from_the_future_makes_no_other_row_late(tmp_path, engine, flow):
    path = tmp_path / "day.nmea"
    lately = b"%d " % (time.time() - 3600)
    path.write_bytes(lately + SENTENCE + b"3900000000 " + SENTENCE)
    source = opened(path, hold_partial=True)
    read = threading.Event()
    watch = Watch(engine, [source], flow, Settings(), listener=lambda _: read.set())
    watch.start()
    assert read.wait(60)
    watch.finish()
    assert engine.scan(POSITION_MESSAGES).num_rows == 2
    assert engine.scan(OBSERVATIONS).num_rows == 1


def test_a_watch_ends_with_its_recordings(tmp_path, engine, flow):
    path = tmp_path / "day.nmea"
    path.write_bytes(SENTENCE)
    watch = Watch(engine, [opened(path)], flow, Settings())
    watch.start()
    until_s = time.monotonic() + 60
    while watch.check() and time.monotonic() < until_s:
        time.sleep(0.01)
    watch.finish()
    assert n_rows(engine) == [1, 0, 0]
