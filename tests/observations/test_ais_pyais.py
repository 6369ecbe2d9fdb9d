"""Field by field against pyais 3.3.1 on real sentences; every difference has its clause."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyais.exceptions import AISBaseException
from pyais.messages import AISSentence, NMEASentenceFactory

from fairlead.observations.ais import Decoded, decode_block
from tests.data import shared_data
from tests.observations.pyais_names import BY_CLASS, expected

DIFFERENCES = {
    ("MessageType20", "reserved_2_offset_slots"): "3.18: spare bits at the end are no reservation",
    ("MessageType20", "reserved_3_offset_slots"): "3.18: spare bits at the end are no reservation",
    ("MessageType20", "reserved_4_offset_slots"): "3.18: spare bits at the end are no reservation",
    ("MessageType15", "interrogated_2_mmsi"): "3.13: spare bits at the end are no station",
    ("MessageType17", "lat_deg"): "3.15: two's complement; pyais reads it unsigned",
    ("MessageType17", "lon_deg"): "3.15: two's complement; pyais reads it unsigned",
    ("MessageType12", "text"): "3.10: characters have 6 bits; spare bits are none",
    ("MessageType14", "text"): "3.12: characters have 6 bits; spare bits are none",
    ("MessageType5", "epfd"): "table 47: reserved values kept; pyais makes them undefined",
    ("MessageType5", "ship_type"): "table 53: reserved values kept; pyais makes them undefined",
    ("MessageType19", "epfd"): "table 70: reserved values kept; pyais makes them undefined",
    ("MessageType19", "ship_type"): "table 53: reserved values kept; pyais makes them undefined",
    ("MessageType21", "epfd"): "table 72: reserved values kept; pyais makes them undefined",
    ("MessageType21", "aid_type"): "table 74: reserved values kept; pyais makes them undefined",
    ("MessageType23", "ship_type"): "table 53: reserved values kept; pyais makes them undefined",
    ("MessageType23", "station_type"): "table 79: reserved values kept; pyais replaces them",
    ("MessageType24PartB", "ship_type"): "table 53: reserved values kept",
    ("MessageType4", "epfd"): "table 46: reserved values kept; pyais makes them undefined",
    ("MessageType11", "epfd"): "table 46: reserved values kept; pyais makes them undefined",
    ("MessageType26AddressedStructured", "data"): "3.24: the last 20 bits are the radio's",
    ("MessageType26BroadcastStructured", "data"): "3.24: the last 20 bits are the radio's",
    ("MessageType26BroadcastUnstructured", "data"): "3.24: the last 20 bits are the radio's",
    (
        "MessageType26AddressedUnstructured",
        "data",
    ): "3.24: no application identifier unless flagged",
    ("MessageType28", "station_type"): "reserved values kept; pyais replaces them",
    ("MessageType28", "aid_type"): "reserved values kept; pyais makes them undefined",
}
"""Column by pyais' class: the clause of ITU-R M.1371-5, annex 8, that decides for us."""

REFUSED = {
    "wrong_bit_count": "3.1 to 3.25: each message has its lengths; pyais reads what there is",
    "truncated": "a message without type and MMSI says nothing",
    "bad_checksum": "IEC 61162-1; pyais only marks it",
    "bad_field": "IEC 61162-1: at most 5 fill bits",
}

FILES = (
    "aishub_world_85k.nmea",
    "saigon_river.nmea",
    "indian_ocean_mixed.nmea.gz",
    "danish_tagblock.nmea.gz",
    "drift_212123000.nmea",
    "california_epoch_ms.nmea",
    "us_sar_aircraft.nmea",
    "tagblock.nm4",
    "libais/tagblock.nmea",
    "libais/test.aivdm",
    "libais/typeexamples.nmea",
    "pyais/ais_test_messages",
    "pyais/messages.ais",
    "pyais/mixed.txt",
    "pyais/nmea_data_sample.txt",
    "pyais/timestamped.ais",
)
TOLERANCE = {"turn_rate_deg_min": 0.51, "lat_deg": 6e-7, "lon_deg": 6e-7}
"""pyais rounds the rate of turn to whole degrees per minute, and positions to six places."""


def lines_of(path: Path, at_most: int | None) -> list[bytes]:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return content.split(b"\n")[:at_most]


def sentence_in(line: bytes) -> AISSentence | None:
    """The line's VDM or VDO sentence as pyais reads it; None for one that it calls broken."""
    start = max(line.find(b"VDM,"), line.find(b"VDO,")) - 3
    star = line.find(b"*", start)
    if start < 0 or star < 0:
        return None
    try:
        sentence = NMEASentenceFactory.produce(line[start : star + 3])
    except AISBaseException:
        return None
    return sentence if isinstance(sentence, AISSentence) and sentence.is_valid else None


def assembled(lines: list[bytes]) -> Iterator[tuple[int, AISSentence]]:
    """Complete messages by pyais, with the byte offset of their first sentence.

    Sequence numbers come round, so that parts more than 500 lines apart are of two messages.
    """
    waiting: dict[tuple, dict[int, tuple[int, AISSentence]]] = {}
    opened: dict[tuple, int] = {}
    offset = 0
    for number, line in enumerate(lines):
        at, offset = offset, offset + len(line) + 1
        sentence = sentence_in(line)
        if sentence is None:
            continue
        if sentence.frag_cnt == 1:
            yield at, sentence
            continue
        key = (sentence.talker_id, sentence.frag_cnt, sentence.seq_id, sentence.channel)
        group = waiting.setdefault(key, {})
        if sentence.frag_num in group or number - opened.get(key, number) > 500:
            group.clear()
        if not group:
            opened[key] = number
        group[sentence.frag_num] = (at, sentence)
        if len(group) == sentence.frag_cnt:
            del waiting[key]
            parts = [group[k][1] for k in sorted(group)]
            yield group[1][0], AISSentence.assemble_from_iterable(parts)


def equal(column: str, ours: Any, theirs: Any) -> bool:
    if ours is None or theirs is None or isinstance(ours, str | bytes):
        return ours == theirs
    name = "lat_deg" if column.endswith(("lat_deg", "lon_deg")) else column
    return abs(float(ours) - float(theirs)) <= TOLERANCE.get(name, 1e-3)


def faults(lines: list[bytes], decoded: Decoded) -> tuple[list[str], int]:
    """What differs without a clause, and how many messages were compared."""
    ours = {row["raw_offset"]: row for row in decoded.messages.to_pylist()}
    refused = {row["raw_offset"]: row for row in decoded.rejects.to_pylist()}
    found, compared = [], 0
    for offset, sentence in assembled(lines):
        try:
            message = sentence.decode()
        except AISBaseException:
            if offset in ours:
                found.append(f"pyais refuses {sentence.raw!r}")
            continue
        if offset not in ours:
            reason = refused[offset]["reason"] if offset in refused else "nothing"
            if reason not in REFUSED:
                found.append(f"{reason} for {sentence.raw!r}")
            continue
        kind = type(message).__name__
        if kind not in BY_CLASS:
            continue  # an application message of 8 that we leave as bytes
        compared += 1
        for column, value in expected(message).items():
            given = ours[offset][column]
            if not equal(column, given, value) and (kind, column) not in DIFFERENCES:
                found.append(f"{kind}.{column}: {given} is not {value} in {sentence.raw!r}")
    return found, compared


@pytest.mark.parametrize("name", FILES)
def test_equal_to_pyais_on_the_first_lines(name):
    lines = lines_of(shared_data("nmea") / name, 1500)
    found, compared = faults(lines, decode_block(b"\n".join(lines)))
    assert found == []
    assert compared > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_equal_to_pyais_on_every_sentence(name):
    lines = lines_of(shared_data("nmea") / name, None)
    found, _ = faults(lines, decode_block(b"\n".join(lines)))
    assert found == []
