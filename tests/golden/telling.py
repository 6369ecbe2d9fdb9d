"""Reads a voyage told in text: rows a mariner can read, and the events expected beside them.

    # a comment
    areas Reserve 44.0 -63.5 44.2 -63.2          south west north east
    place Halifax 44.65 -63.57 CAN CAHAL
    set zone points_min 2
    off loitering
    2024-03-01 06:00  316001234  44-30.0N 063-20.0W  12.0 kn  course 090
    then every 10 min for 6 h  12.0 kn  course 090
    2024-03-01 06:00  316001234  says name=ALPHA draught=8.5 destination=HALIFAX
    expect zone 2024-03-01 06:40 to 2024-03-01 09:10

`hull N` at the end of a row gives another hull to the same MMSI; `reports` gives a reported speed
other than the one sailed; `heading` one other than the course; `turning` degrees for each row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from fairlead.geo.geojson import areas_from
from fairlead.geo.places import places_from
from fairlead.geo.sphere import destination_deg
from tests.events.flow import points, statics

_POSITION = re.compile(r"(\d\d)-([\d.]+)([NS]) (\d\d\d)-([\d.]+)([EW])")
_THEN = re.compile(r"then every ([\d.]+) (s|min|h) for ([\d.]+) (min|h|d)")
_UNITS_S = {"s": 1, "min": 60, "h": 3600, "d": 86400}
_SAYS = {
    "name": str,
    "callsign": str,
    "imo": int,
    "draught": float,
    "destination": str,
    "flag": str,
}


@dataclass
class Voyage:
    """What was told: rows, settings by detector, and (kind, start, end) expected."""

    points: pa.Table
    statics: pa.Table
    settings: dict[str, dict]
    expected: list[tuple[str, str, str]]
    title: str = ""


@dataclass
class _Telling:
    at: tuple[int, int, float, float, int] = (0, 0, 0.0, 0.0, 0)
    said_kn: float = 0.0
    heading: float | None = None
    sailed: tuple[float, float] = (0.0, 0.0)
    rows: list[tuple] = field(default_factory=list)
    said: list[dict] = field(default_factory=list)
    boxes: list[dict] = field(default_factory=list)
    places: list[tuple] = field(default_factory=list)
    settings: dict[str, dict] = field(default_factory=dict)
    expected: list[tuple[str, str, str]] = field(default_factory=list)


def read_voyage(path: Path) -> Voyage:
    told = _Telling()
    lines = path.read_text(encoding="utf-8").splitlines()
    for line in lines:
        if line.strip() and not line.startswith("#"):
            _take(told, line.strip())
    rows = list(zip(*told.rows, strict=True)) or [[]] * 8
    track = points(*rows)
    if told.boxes:
        told.settings.setdefault("zone", {})["areas"] = areas_from(told.boxes, str(path))
    if told.places:
        places = places_from(told.places)
        for kind in ("port_visit", "destination_mismatch", "draught_change"):
            told.settings.setdefault(kind, {})["places"] = places
    title = lines[0].removeprefix("#").strip()
    return Voyage(track, statics(told.said), told.settings, told.expected, title)


def said(time_us: int | None) -> str:
    if time_us is None:
        return "on"
    return datetime.fromtimestamp(time_us / 1e6, UTC).strftime("%Y-%m-%d %H:%M")


def _time_us(text: str) -> int:
    moment = datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
    return round(moment.timestamp()) * 1_000_000


def _take(told: _Telling, line: str) -> None:
    words = line.split()
    match words[0]:
        case "areas":
            south, west, north, east = (float(w) for w in words[2:6])
            ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
            told.boxes.append(
                {
                    "geometry": {"type": "Polygon", "coordinates": [ring]},
                    "properties": {"name": words[1]},
                }
            )
        case "place":
            told.places.append((words[1], float(words[2]), float(words[3]), words[4], words[5]))
        case "set":
            told.settings.setdefault(words[1], {})[words[2]] = float(words[3])
        case "off":
            told.settings[words[1]] = {"enabled": False}
        case "expect":
            kind, start, end = re.match(r"expect (\S+) (.{16}) to (.+)", line).groups()
            told.expected.append((kind, start, end))
        case "then":
            _sail(told, line)
        case _:
            _row(told, line)


def _row(told: _Telling, line: str) -> None:
    time_us, mmsi = _time_us(line[:16]), int(line[16:].split(maxsplit=1)[0])
    if "says" in line:
        row: dict = {"time_us": time_us, "mmsi": mmsi}
        for name, value in re.findall(r"(\w+)=(\S+)", line):
            key = "draught_m" if name == "draught" else name
            row[key] = _SAYS[name](value.replace("_", " "))
        if "imo" in row:
            digits = [int(d) for d in f"{row['imo']:07d}"]
            row["imo_valid"] = (
                sum(d * w for d, w in zip(digits, range(7, 1, -1), strict=False)) % 10 == digits[6]
            )
        told.said.append(row)
        return
    lat_d, lat_m, ns, lon_d, lon_m, ew = _POSITION.search(line).groups()
    lat = (int(lat_d) + float(lat_m) / 60) * (-1 if ns == "S" else 1)
    lon = (int(lon_d) + float(lon_m) / 60) * (-1 if ew == "W" else 1)
    hull = re.search(r"hull (\d+)", line)
    told.at = (time_us, mmsi, lat, lon, int(hull[1]) if hull else mmsi)
    _way(told, line)
    _write(told)


def _way(told: _Telling, line: str) -> None:
    speed = re.search(r"([\d.]+) kn", line)
    course = re.search(r"course ([\d.]+)", line)
    reported = re.search(r"reports ([\d.]+)", line)
    told.sailed = (
        float(speed[1]) if speed else told.sailed[0],
        float(course[1]) if course else told.sailed[1],
    )
    heading = re.search(r"heading ([\d.]+)", line)
    told.heading = float(heading[1]) if heading else None
    told.said_kn = float(reported[1]) if reported else told.sailed[0]


def _write(told: _Telling) -> None:
    time_us, mmsi, lat, lon, hull = told.at
    course = told.sailed[1]
    heading = course if told.heading is None else told.heading
    told.rows.append((mmsi, time_us, lat, lon, told.said_kn, hull, course, heading))


def _sail(told: _Telling, line: str) -> None:
    every, unit, lasting, long_unit = _THEN.match(line).groups()
    step_s = float(every) * _UNITS_S[unit]
    n = round(float(lasting) * _UNITS_S[long_unit] / step_s)
    _way(told, line)
    turn = re.search(r"turning ([-\d.]+)", line)
    speed_kn, course = told.sailed
    for _ in range(n):
        time_us, mmsi, lat, lon, hull = told.at
        course += float(turn[1]) if turn else 0.0
        lat, lon = destination_deg(lat, lon, course % 360.0, speed_kn * 1852.0 / 3600.0 * step_s)
        told.at = (time_us + round(step_s * 1e6), mmsi, lat, lon, hull)
        told.sailed = (speed_kn, course % 360.0)
        _write(told)
