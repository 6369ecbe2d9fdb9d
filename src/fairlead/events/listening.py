"""Was anyone listening? The probability of a ship's silence if it kept transmitting.

For each whole hour of a silence, in the cell where the ship was last heard:

* others heard: someone listened. A message arrives at the ship's own rate before the silence, times
  how reception of the others changed since.
* others due but none heard: either the receiver was out, or each of them stopped on its own (one in
  ten does). A two-state filter over the hours (listening, out) weighs the two.
* nobody due: the filter drifts to its long-run state, and the hour counts as unknown.

The silence is then natural by chance with the product over the hours of (no listening, or no
arrival), by sailing out of range, or by a cause that the data do not show.

* Out of range: a ship that leaves fades over the last hour, one that is switched off does not; and
  it heads for octants where nobody is heard, which says little where it was itself heard well.
* Causes that the data do not show are the rarer the better the ship and its neighbours were heard.
  A ship at rest is switched off with its engine, class B at will, boats near the shore come home or
  pass behind land, and a hull known for an hour or two may be a position that jumped. Of others
  here that fell silent while someone listened, a ship heard steadily to the end has less to learn.

The weights are judgement, kept together here.
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
P_UNKNOWN = 0.1
P_OFF_AT_REST = 0.8
P_OFF_CLASS_B = 0.2
P_OFF_NEAR_SHORE = 0.15
NEAR_SHORE_NM = 3.0
P_NO_SHIP = 0.6
AT_REST_KN = 0.5
EDGE_NM = 8.0
"""How far a ship sails, in an hour, from good reception to none."""
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
            column("class_b", I64, "1 for class B", required=True),
            column("steadiness", F64, "last hour over a good one; NaN unknown", required=True),
            column("known_h", F64, "hours known of the last 12", required=True),
            column("made_good_kn", F64, "over the last hour; NaN unknown", required=True),
            column("offshore_nm", F64, "distance to shore; NaN unknown", required=True),
            column("done_us", I64, "last hour weighed; -1 before the first", required=True),
            column("is_told", I64, "once it was long enough: 1 kept back, 2 told", required=True),
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
    + [("item", np.int64), ("known_us", np.int64), ("ended", np.int64)]
    + [("p_edge", np.float64), ("p_natural", np.float64), ("unseen", np.float64, 5)]
)
CAUSES = ("at_rest", "class_b", "near_shore", "little_known", "others_silent")
"""Columns of `unseen`: causes that the data do not show."""


@njit(cache=True, nogil=True)
def walk_silences(bounds, hours, end_us, until_us, gap_us, least, items, found):
    """Weigh the hours of each silence; write it when long enough and when it ends.

    `bounds` are the rows of `hours` of each item's cell, in order of time. `least` holds the prior
    probability that a silence is not natural, and the one from which on it is told; what was told
    is told again when it ends.
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
            if 1.0 - _p_natural(item, least[0]) >= least[1]:
                item.is_told = 2
                n = _write(item, k, due_us, 0, least[0], found, n)
        _weigh(item, hours, first, last, min(until_us, end_us[k]))
        if due_us <= end_us[k] < until_us and (
            item.is_told == 2 or 1.0 - _p_natural(item, least[0]) >= least[1]
        ):
            n = _write(item, k, end_us[k], 1, least[0], found, n)
    return n


@njit(cache=True, nogil=True)
def _p_natural(item, p_switched_off):
    """The probability that the silence is natural, given what was weighed so far."""
    heard = 1.0 + item.most_vessels
    unseen = min(0.5, max(2e-4, 0.5 / ((1.0 + item.n_before) * heard * heard)))
    unseen += P_UNKNOWN * item.n_unknown / max(1, item.n_hours)
    causes = _causes(item)
    for j in range(len(causes)):
        unseen = unseen + (1.0 - unseen) * causes[j]
    edge = _edge(item)
    by_chance = edge + (1.0 - edge) * item.p_by_chance
    likelihood = (unseen + (1.0 - unseen) * by_chance) * (1.0 - p_switched_off)
    return likelihood / (likelihood + p_switched_off)


@njit(cache=True, nogil=True)
def _causes(item):
    """The probability of each of CAUSES."""
    rest = _at_rest(item)
    silent = min(1.0, item.n_silent_since / max(1, item.n_due_since))
    alike = 1.0 if rest else _faded(item)
    return (
        P_OFF_AT_REST if rest else 0.0,
        P_OFF_CLASS_B if item.class_b == 1 else 0.0,
        P_OFF_NEAR_SHORE if item.offshore_nm < NEAR_SHORE_NM else 0.0,
        P_NO_SHIP * min(1.0, max(0.0, (2.0 - item.known_h) / 0.25)),
        silent * (alike + (1.0 - alike) * silent),
    )


@njit(cache=True, nogil=True)
def _at_rest(item):
    """Neither its reported speed nor its way made good, as far as known, is over AT_REST_KN."""
    if np.isnan(item.speed_kn) and np.isnan(item.made_good_kn):
        return False
    return not (item.speed_kn >= AT_REST_KN or item.made_good_kn >= AT_REST_KN)


@njit(cache=True, nogil=True)
def _faded(item):
    """0 for a ship heard as well as ever to its last point, 1 for one that faded.

    What was known for less than a few hours, where little is heard, was perhaps never heard well.
    """
    thin, young = _thin(item), min(1.0, max(0.0, (5.0 - item.known_h) / 2.0))
    if np.isnan(item.steadiness):
        return max(0.5, thin)
    faded = min(1.0, max(0.0, (0.7 - item.steadiness) / 0.4))
    return max(faded, thin if item.n_before < 12 else thin * young)


@njit(cache=True, nogil=True)
def _thin(item):
    """0 where messages arrive, 1 where few did before the silence."""
    return min(1.0, max(0.0, (0.35 - item.p_before) / 0.25))


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
def _edge(item):
    """The probability that the ship sailed out of range within the first hour."""
    speed_kn = item.made_good_kn if np.isnan(item.speed_kn) else item.speed_kn
    if np.isnan(speed_kn) or speed_kn < 4.0:
        return 0.0
    faded, thin = _faded(item), _thin(item)
    share = 0.9 * faded
    if not np.isnan(item.course_deg):
        ahead = int(item.course_deg / 45.0 + 0.5) % 8
        if item.heard_octants >> ahead & 1 == 0:
            sides = (item.heard_octants >> ((ahead + 1) % 8) & 1) + (
                item.heard_octants >> ((ahead + 7) % 8) & 1
            )
            ends_here = 0.37 if sides == 0 else 0.04 if sides == 1 else 0.02
            share = max(share, (0.95 - 0.25 * sides) * max(faded, thin, ends_here))
    return share * (1.0 - np.exp(-((speed_kn / EDGE_NM) ** 2)))


@njit(cache=True, nogil=True)
def _write(item, k, known_us, ended, p_switched_off, found, n):
    """Copy the silence out; counted even where there is no room left."""
    if n < len(found):
        out = found[n]
        out.cell, out.track_id, out.mmsi = item.cell, item.track_id, item.mmsi
        out.start_us, out.start_id, out.n_before = item.start_us, item.start_id, item.n_before
        out.lat_deg, out.lon_deg = item.lat_deg, item.lon_deg
        out.speed_kn, out.course_deg = item.speed_kn, item.course_deg
        out.class_b, out.steadiness = item.class_b, item.steadiness
        out.known_h, out.made_good_kn = item.known_h, item.made_good_kn
        out.offshore_nm = item.offshore_nm
        out.n_hours, out.n_heard, out.n_unknown = item.n_hours, item.n_heard, item.n_unknown
        out.most_vessels, out.most_silent = item.most_vessels, item.most_silent
        out.n_messages_since, out.p_before = item.n_messages_since, item.p_before
        out.n_due_since, out.n_silent_since = item.n_due_since, item.n_silent_since
        out.per_day, out.listened_h = item.per_day, item.listened_h
        out.p_by_chance, out.p_edge = item.p_by_chance, _edge(item)
        out.p_natural = _p_natural(item, p_switched_off)
        causes = _causes(item)
        for j in range(len(causes)):
            out.unseen[j] = causes[j]
        out.item, out.known_us, out.ended = k, known_us, ended
    return n + 1
