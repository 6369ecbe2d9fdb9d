import json
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from fairlead.events.event import (
    event_rows,
    events_in_order,
    parameters_of,
    said_duration,
    said_place,
    said_time,
    thinned,
)
from fairlead.schema.errors import ConfigError
from fairlead.schema.tables import EVENTS


@dataclass(frozen=True, slots=True)
class Toy:
    slow_kn: float = 2.0
    zones: tuple = ()

    kind: ClassVar[str] = "toy"
    version: ClassVar[int] = 3


def rows(step=None, **changes):
    columns = {
        "time_us": np.array([20, 30]),
        "start_us": np.array([10, 10]),
        "mmsi": np.array([1, 2]),
        "start_observation_id": np.array([7, 8]),
        "confidence": [0.5, 1.5],
        "detail": ["a", "b"],
        "measures": [{"lasted_s": np.float64(1.5)}, {"lasted_s": float("nan")}],
        "evidence": [[7, 7, 9], [8]],
    }
    return event_rows(step or Toy(), **(columns | changes))


def test_rows_fill_the_table_and_nan_is_null():
    table = rows(track_id=[5, 6], end_us=[None, 30], lat_deg=[1.0, np.nan], lon_deg=[2.0, np.nan])
    assert table.schema.equals(EVENTS.columns)
    assert table["end_us"].to_pylist() == [None, 30]
    assert table["lat_deg"].to_pylist() == [1.0, None]
    assert table["confidence"].to_pylist() == [0.5, 1.0]
    assert table["evidence"].to_pylist() == [[7, 9], [8]]
    assert [json.loads(m)["lasted_s"] for m in table["measures"].to_pylist()] == [1.5, None]


def test_the_id_depends_on_who_where_it_starts_and_the_settings_only():
    first = rows(track_id=[5, 6])["event_id"].to_pylist()
    later = rows(track_id=[5, 6], time_us=[99, 99], detail=["c", "d"])["event_id"].to_pylist()
    assert first == later and len(set(first)) == 2 and first[0].startswith("toy-")
    for changed in (
        rows(track_id=[4, 3]),
        rows(track_id=[5, 6], start_observation_id=[1, 2]),
        rows(Toy(slow_kn=1.0), track_id=[5, 6]),
    ):
        assert not set(changed["event_id"].to_pylist()) & set(first)


def test_no_events_is_an_empty_table():
    assert rows(**{k: [] for k in ("time_us",)}).num_rows == 0


def test_settings_that_are_long_stand_as_their_digest():
    assert json.loads(parameters_of(Toy(zones=(1, 2))))["zones"] == [1, 2]
    long = json.loads(parameters_of(Toy(zones=tuple(range(100)))))["zones"]
    assert long["n"] == 100 and len(long["digest"]) == 64
    with pytest.raises(ConfigError, match="zones"):
        parameters_of(Toy(zones=object()))  # type: ignore[arg-type]


def test_evidence_is_thinned_keeping_both_ends():
    kept = thinned(range(1000), 10)
    assert len(kept) == 10 and kept[0] == 0 and kept[-1] == 999 and kept == sorted(kept)


def test_rows_come_by_identity_and_time():
    both = events_in_order(rows(mmsi=[9, 1]), EVENTS.empty(), rows(mmsi=[1, 1], time_us=[1, 40]))
    assert both["mmsi"].to_pylist() == [1, 1, 1, 9]
    assert both["time_us"].to_pylist() == [1, 30, 40, 20]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(45, "45 s"), (720, "12 min"), (22_800, "6 h 20 min"), (273_600, "3 d 4 h"), (7200, "2 h")],
)
def test_durations_read_well(seconds, said):
    assert said_duration(seconds * 1_000_000) == said


def test_times_and_places_read_well():
    assert said_time(1_593_536_700_000_000) == "2020-06-30 17:05 UTC"
    assert said_place(-12.3451, 178.9) == "12.345 S 178.900 E"
