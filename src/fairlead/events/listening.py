"""Was anyone listening? The probability of a ship's silence if it kept transmitting.

For each whole hour of a silence, in the cell where the ship was last heard:

* others heard: someone listened. A message arrives at the ship's own rate before the silence, times
  how reception of the others changed since.
* others due but none heard: either the receiver was out, or each of them stopped on its own (one in
  ten does). A two-state filter over the hours (listening, out) weighs the two.
* nobody due: the filter drifts to its long-run state, and the hour counts as unknown.

The silence is then natural by chance with the product over the hours of (no listening, or no
arrival), by sailing out of range if the course led to octants where nobody was heard, or by a cause
that the data do not show. Such causes are as common as other ships here fall silent while someone
listens (in harbours many do, switched off at their berths), and else the rarer the better the ship
and its neighbours were heard. The weights are judgement, kept together here.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numba import njit

from fairlead.events.memory import record_type
from fairlead.schema.table import Table, column
from fairlead.schema.tables import F64, I64

HOUR_US = 3_600_000_000
P_STOPS_ITSELF = 0.1
P_OUT_PER_HOUR = 0.02
P_BACK_PER_HOUR = 0.2
P_UNKNOWN = 0.05
EDGE_NM = 10.0
_HOURS_MAX = 240
_REFERENCE_H = 6

GAP_MEMORY = Table(
    name="gap_memory",
    doc="Per cell: the last day of coverage (role 0) and the silences that last (role 1).",
    columns=pa.schema(
        [
            column("cell", I64, "half-degree cell", required=True),
            column("time_us", I64, "hour of coverage, or start of the silence", required=True),
            column("wake_us", I64, "when the silence is long enough", required=True),
            column("role", I64, "0: an hour of coverage; 1: a silence", required=True),
            column("n_vessels", I64, "coverage: vessels heard", required=True),
            column("n_messages", I64, "coverage: messages heard", required=True),
            column("n_silent", I64, "coverage: vessels due and not heard", required=True),
            column("heard_octants", I64, "octants where anyone was heard", required=True),
            column("n_expected", F64, "coverage: messages due", required=True),
            column("p_message", F64, "coverage: share that arrives", required=True),
            column("track_id", I64, "silence: the hull", required=True),
            column("mmsi", I64, "its identity", required=True),
            column("start_us", I64, "last point", required=True),
            column("start_id", I64, "last observation", required=True),
            column("n_before", I64, "points in the 12 hours before", required=True),
            column("lat_deg", F64, "last point", required=True),
            column("lon_deg", F64, "last point", required=True),
            column("speed_kn", F64, "last point; NaN unknown", required=True),
            column("course_deg", F64, "last point; NaN unknown", required=True),
            column("done_us", I64, "last hour weighed; -1 before the first", required=True),
            column("is_told", I64, "1 once it was long enough", required=True),
            column("n_hours", I64, "whole hours weighed", required=True),
            column("n_heard", I64, "of them with others heard", required=True),
            column("n_unknown", I64, "of them with nobody due", required=True),
            column("most_vessels", I64, "most others heard in an hour", required=True),
            column("most_silent", I64, "most others silent in an hour", required=True),
            column("n_messages_since", I64, "messages of others", required=True),
            column("n_due_since", I64, "others due, summed over hours heard", required=True),
            column("n_silent_since", I64, "of them silent", required=True),
            column("p_before", F64, "share that arrived before the silence", required=True),
            column(
                "per_day", F64, "positions per vessel and day before; -1 unknown", required=True
            ),
            column("p_listening", F64, "state of the filter", required=True),
            column("listened_h", F64, "hours listened to", required=True),
            column("p_by_chance", F64, "no message in any hour", required=True),
        ]
    ),
    key="cell",
    time="time_us",
    ids=("role", "start_id"),
)

RECORD = record_type(GAP_MEMORY)
FOUND = np.dtype(
    [*((n, RECORD[n]) for n in GAP_MEMORY.columns.names)]
    + [("item", np.int64), ("known_us", np.int64), ("ended", np.int64), ("p_edge", np.float64)]
)


def natural_share(found: np.ndarray, p_switched_off: float) -> np.ndarray:
    """The probability that each silence is natural: float64, shape (n,)."""
    heard = 1.0 + found["most_vessels"]
    unseen = np.clip(0.5 / ((1.0 + found["n_before"]) * heard * heard), 2e-4, 0.5)
    unseen = unseen + found["n_silent_since"] / np.maximum(1, found["n_due_since"])
    unseen = unseen + P_UNKNOWN * found["n_unknown"] / np.maximum(1, found["n_hours"])
    unseen = np.minimum(unseen, 1.0)
    by_chance = found["p_edge"] + (1.0 - found["p_edge"]) * found["p_by_chance"]
    likelihood = (unseen + (1.0 - unseen) * by_chance) * (1.0 - p_switched_off)
    return likelihood / (likelihood + p_switched_off)


@njit(cache=True)
def walk_silences(bounds, hours, end_us, until_us, gap_us, items, found):
    """Weigh the hours of each silence; write it when long enough and when it ends.

    `bounds` are the rows of `hours` of each item's cell, in order of time.
    """
    n = 0
    for k in range(len(items)):
        item, first, last = items[k], bounds[k, 0], bounds[k, 1]
        if item.done_us == -1:
            _begin(item, hours, first, last)
        due_us = item.start_us + gap_us
        if item.is_told == 0 and due_us < until_us and due_us < end_us[k]:
            _weigh(item, hours, first, last, due_us)
            item.is_told, item.wake_us = 1, np.iinfo(np.int64).max
            n = _write(item, k, due_us, 0, found, n)
        _weigh(item, hours, first, last, min(until_us, end_us[k]))
        if end_us[k] < until_us and end_us[k] >= due_us:
            n = _write(item, k, end_us[k], 1, found, n)
    return n


@njit(cache=True)
def _begin(item, hours, first, last):
    """How well the cell was heard in the hours up to the start."""
    start_hour_us = item.start_us // HOUR_US * HOUR_US
    item.done_us, item.p_before, item.per_day = start_hour_us, 0.5, -1.0
    item.p_listening, item.listened_h, item.p_by_chance = 0.97, 0.0, 1.0
    n_messages, n_vessels = 0, 0
    for j in range(first, last):
        hour = hours[j]
        if start_hour_us - _REFERENCE_H * HOUR_US <= hour.time_us <= start_hour_us:
            item.p_before, item.heard_octants = hour.p_message, hour.heard_octants
            n_messages += hour.n_messages
            n_vessels += hour.n_vessels
    if n_vessels > 0:
        item.per_day = 24.0 * n_messages / n_vessels


@njit(cache=True)
def _weigh(item, hours, first, last, limit_us):
    """Every whole hour of the silence that ends by the limit and was not weighed yet."""
    j = first + np.searchsorted(hours["time_us"][first:last], item.done_us + HOUR_US)
    while item.done_us + 2 * HOUR_US <= limit_us and item.n_hours < _HOURS_MAX:
        item.done_us += HOUR_US
        item.n_hours += 1
        while j < last and hours[j].time_us < item.done_us:
            j += 1
        listening = item.p_listening * (1.0 - P_OUT_PER_HOUR)
        listening += (1.0 - item.p_listening) * P_BACK_PER_HOUR
        p_now = item.p_before
        if j < last and hours[j].time_us == item.done_us:
            listening, p_now = _heard(item, hours[j], listening)
        else:
            item.n_unknown += 1
        rate = item.n_before / 12.0 * min(1.5, p_now / item.p_before)
        item.p_listening = listening
        item.listened_h += listening
        item.p_by_chance *= 1.0 - listening * (1.0 - np.exp(-rate))


@njit(cache=True)
def _heard(item, hour, listening):
    """One hour of coverage: the filter's state after it, and the share that arrived."""
    own_due = min(0.9 * hour.n_expected, item.n_before / 12.0 / item.p_before)
    due = hour.n_expected - own_due
    n_others = hour.n_silent - (1 if item.n_hours <= 24 else 0)
    item.heard_octants |= hour.heard_octants
    item.n_messages_since += hour.n_messages
    item.most_vessels = max(item.most_vessels, hour.n_vessels)
    item.most_silent = max(item.most_silent, n_others)
    if hour.n_vessels > 0:
        item.n_heard += 1
        item.n_silent_since += max(0, n_others)
        item.n_due_since += hour.n_vessels + max(0, n_others)
        return 1.0, (2.0 * item.p_before + hour.n_messages) / (2.0 + max(due, hour.n_messages))
    if n_others <= 0:
        item.n_unknown += 1
        return listening, item.p_before
    each = np.exp(-item.p_before * due / n_others)
    missed = (P_STOPS_ITSELF + (1.0 - P_STOPS_ITSELF) * each) ** n_others
    return missed * listening / (missed * listening + 1.0 - listening), item.p_before


@njit(cache=True)
def _edge(item):
    """The probability that the ship sailed out of range within the first hour."""
    if np.isnan(item.course_deg) or np.isnan(item.speed_kn) or item.speed_kn < 3.0:
        return 0.0
    ahead = int(item.course_deg / 45.0 + 0.5) % 8
    if item.heard_octants >> ahead & 1:
        return 0.0
    sides = (item.heard_octants >> ((ahead + 1) % 8) & 1) + (
        item.heard_octants >> ((ahead + 7) % 8) & 1
    )
    return (0.95 - 0.25 * sides) * (1.0 - np.exp(-item.speed_kn / EDGE_NM))


@njit(cache=True)
def _write(item, k, known_us, ended, found, n):
    """Copy the silence out; counted even where there is no room left."""
    if n < len(found):
        out = found[n]
        out.cell, out.track_id, out.mmsi = item.cell, item.track_id, item.mmsi
        out.start_us, out.start_id, out.n_before = item.start_us, item.start_id, item.n_before
        out.lat_deg, out.lon_deg = item.lat_deg, item.lon_deg
        out.speed_kn, out.course_deg = item.speed_kn, item.course_deg
        out.n_hours, out.n_heard, out.n_unknown = item.n_hours, item.n_heard, item.n_unknown
        out.most_vessels, out.most_silent = item.most_vessels, item.most_silent
        out.n_messages_since, out.p_before = item.n_messages_since, item.p_before
        out.n_due_since, out.n_silent_since = item.n_due_since, item.n_silent_since
        out.per_day, out.listened_h = item.per_day, item.listened_h
        out.p_by_chance, out.p_edge = item.p_by_chance, _edge(item)
        out.item, out.known_us, out.ended = k, known_us, ended
    return n + 1
