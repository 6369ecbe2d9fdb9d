"""Rows of EVENTS: what every detector hands over, built one way.

A detector finds instants in arrays; the few events found come here with their sentence, their
measures and their evidence. The id is derived from what identifies the behaviour (the detector,
its version and settings, who, and the observation it starts at), so a replay gives the same id and
the closing row of a behaviour replaces its opening row.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairlead.schema.errors import ConfigError
from fairlead.schema.ids import canonical_json, content_ids, digest
from fairlead.schema.step import Step
from fairlead.schema.tables import EVENTS

MOST_EVIDENCE = 64
"""Observation ids kept per event: the first, the last and evenly spread ones between."""

_LONGEST_SETTING = 16


def parameters_of(step: Step) -> str:
    """The detector's settings as canonical JSON.

    A setting that is a long sequence, an array or a table (anchorages, zones) is given by its
    digest, so that the row stays short and still says exactly which one was used.
    """
    settings: Any = step  # a protocol cannot say that it is a dataclass
    fields = dataclasses.fields(settings)
    return canonical_json({f.name: _setting(getattr(step, f.name), f.name) for f in fields})


def _setting(value: Any, name: str) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        raw = np.ascontiguousarray(value).tobytes()
        return {"digest": hashlib.sha256(raw).hexdigest(), "n": len(value)}
    if isinstance(value, pa.Table):
        return {"digest": digest(value.to_pydict()), "n": value.num_rows}
    if hasattr(value, "fingerprint"):
        return {"digest": value.fingerprint, "n": len(value)}
    if dataclasses.is_dataclass(value):
        inner = dataclasses.fields(value)
        return {f.name: _setting(getattr(value, f.name), f.name) for f in inner}
    if isinstance(value, Mapping):
        return {str(k): _setting(v, name) for k, v in value.items()}
    if isinstance(value, tuple | list | set | frozenset):
        listed = sorted(value) if isinstance(value, set | frozenset) else value
        items = [_setting(v, name) for v in listed]
        return (
            items if len(items) <= _LONGEST_SETTING else {"digest": digest(items), "n": len(items)}
        )
    message = f"setting `{name}` has type {type(value).__name__}, which has no canonical form"
    raise ConfigError(message, help="use numbers, text, tuples, arrays or dataclasses of them")


def event_rows(
    step: Step,
    *,
    time_us: Sequence[int] | np.ndarray,
    start_us: Sequence[int] | np.ndarray,
    mmsi: Sequence[int] | np.ndarray,
    start_observation_id: Sequence[int] | np.ndarray,
    confidence: Sequence[float] | np.ndarray,
    detail: Sequence[str],
    measures: Sequence[Mapping[str, Any]],
    evidence: Sequence[Iterable[int]],
    end_us: Any = None,
    lat_deg: Any = None,
    lon_deg: Any = None,
    track_id: Any = None,
    other_track_id: Any = None,
    other_mmsi: Any = None,
) -> pa.Table:
    """EVENTS from arrays or lists of one length n; `kind`, `version` and settings from the step.

    `start_observation_id` with the track (the MMSI where there is none) identifies the behaviour:
    hand over the same one when it opens and when it ends. `end_us` may hold None for what lasts;
    places may hold NaN. `evidence` are observation ids in order of time: repeats are dropped and
    more than MOST_EVIDENCE are thinned. `measures` are named with their unit last; NaN becomes
    null. Confidences are held to [0, 1].
    """
    n = len(time_us)
    if n == 0:
        return EVENTS.empty()
    parameters = parameters_of(step)
    who = _whole(mmsi if track_id is None else track_id)
    others = [None] * n if other_track_id is None else _whole(other_track_id)
    started = _whole(start_observation_id)
    ids = content_ids(step.kind, (step.version, digest(parameters)), who, others, started)
    columns = {
        "event_id": ids,
        "kind": [step.kind] * n,
        "version": [step.version] * n,
        "parameters": [parameters] * n,
        "time_us": _whole(time_us),
        "start_us": _whole(start_us),
        "end_us": None if end_us is None else _whole(end_us),
        "lat_deg": None if lat_deg is None else _real(lat_deg),
        "lon_deg": None if lon_deg is None else _real(lon_deg),
        "track_id": None if track_id is None else who,
        "mmsi": _whole(mmsi),
        "other_track_id": None if other_track_id is None else others,
        "other_mmsi": None if other_mmsi is None else _whole(other_mmsi),
        "confidence": np.clip(np.asarray(confidence, np.float64), 0.0, 1.0),
        "detail": list(detail),
        "measures": [canonical_json({k: tidy(v) for k, v in m.items()}) for m in measures],
        "evidence": [thinned(e) for e in evidence],
    }
    return EVENTS.rows(columns, n)


def events_in_order(*parts: pa.Table) -> pa.Table:
    """All rows of the parts by MMSI, time and id; of equal ones the order given is kept."""
    rows = pa.concat_tables([p for p in parts if p.num_rows] or [EVENTS.empty()]).combine_chunks()
    if rows.num_rows < 2:
        return rows
    order = [(name, "ascending") for name in ("mmsi", "time_us", "event_id")]
    return rows.take(pc.sort_indices(rows, order))


def plain_records(found: np.ndarray) -> list[Any]:
    """Records as named tuples of Python's own numbers, which are far quicker to read one by one."""
    record = _record_type(found.dtype.names or ())
    return [record._make(values) for values in found.tolist()]


@functools.cache
def _record_type(names: tuple[str, ...]) -> Any:
    return collections.namedtuple("Record", names)  # noqa: PYI024


def tidy(value: Any, digits: int = 6) -> Any:
    """A measure as JSON holds it: NumPy scalars become Python's, NaN becomes null."""
    if isinstance(value, float):
        return round(float(value), digits) + 0.0 if math.isfinite(value) else None
    if isinstance(value, np.generic):
        return tidy(value.item(), digits)
    if isinstance(value, list | tuple | np.ndarray):
        return [tidy(v, digits) for v in value]
    return value


def thinned(observation_ids: Iterable[int], most: int = MOST_EVIDENCE) -> list[int]:
    """The ids without repeats, in the order given; at most `most`, first and last kept."""
    ids = list(dict.fromkeys(map(int, observation_ids)))
    if len(ids) <= most:
        return ids
    return [ids[i * (len(ids) - 1) // (most - 1)] for i in range(most)]


def said_time(time_us: int) -> str:
    """2020-06-30 17:05 UTC"""
    at = datetime.fromtimestamp(int(time_us) // 1_000_000, UTC)
    return f"{at.year}-{at.month:02}-{at.day:02} {at.hour:02}:{at.minute:02} UTC"


def said_place(lat_deg: float, lon_deg: float) -> str:
    """12.345 S 178.900 E"""
    north_south = "S" if lat_deg < 0 else "N"
    east_west = "W" if lon_deg < 0 else "E"
    return f"{abs(lat_deg):.3f} {north_south} {abs(lon_deg):.3f} {east_west}"


def said_share(share: float) -> str:
    """`27%`, and `under 1%` or `over 99%` of what is neither none nor all."""
    if 0.0 < share < 0.01:
        return "under 1%"
    return "over 99%" if 0.99 < share < 1.0 else f"{share:.0%}"


def said_duration(lasted_us: int) -> str:
    """45 s, 12 min, 6 h 20 min, 3 d 4 h"""
    seconds = int(lasted_us) // 1_000_000
    if seconds < 120:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def _whole(values: Any) -> list[int | None]:
    """Integers as Python's own; None stays."""
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return values.to_pylist()
    if isinstance(values, np.ndarray) and values.dtype.kind in "iu":
        return values.tolist()
    return [None if v is None else int(v) for v in values]


def _real(values: Any) -> pa.Array:
    """Floats with NaN as null."""
    return pa.array(np.asarray(values, np.float64), pa.float64(), from_pandas=True)
