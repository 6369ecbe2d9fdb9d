"""Which hull sent which row: multi-hypothesis assignment of the rows of one MMSI.

A hypothesis says for every row which hull sent it; each hull in it is summed up by its last row
and velocity (motion.HULL). A row goes to one of the hulls, begins a new one, or repeats an old
message (stale). The best hypotheses are kept, those that would predict the same future are merged
into the better one (after Reid 1979; merging and N-scan pruning after Blackman 2004), and a row is
decided for good when `scan` later rows have come. Noise is a hull that never gets a second row.
While one hypothesis with one live hull is left and a row is plain, none of this happens: that is
the way of 99 of 100 rows, and it is part of the rule, so that speed does not change answers.

A row is handed out `delay` after its time, by the best hypothesis of then: its fate is a function
of the rows of its MMSI before that instant, wherever time was cut.
"""

from math import inf, isnan, log
from typing import NamedTuple

import numpy as np
from numba import njit

from fairlead.geo.sphere import M_S_PER_KN
from fairlead.tracks.cadence import (
    FIRST_INTERVAL_S,
    interval_s,
    log_on_beat,
    log_sent,
    log_sent_second,
    log_silent,
    waited_s,
)
from fairlead.tracks.motion import (
    HULL,
    advance,
    begin,
    is_plain,
    log_any_velocity,
    log_anywhere,
    log_fit,
    offset_from_way_m,
    offset_m,
)

WAITING, TRACK, OUTLIER, STALE, SHORT_FRAGMENT = 0, 1, 2, 3, 4
MOST_HULLS = 12
_LIVE_US = 6 * 3_600_000_000
_MOST_ALIKE = 8
_FRAGMENT_ROWS = 10
_PASSED_BY = 5
_CROWD_M = 80.0
_LOG_FIT_IN_CROWD = (-9.2, -14.5)
_WIDTH_ALONE = 0.6
_CONTRADICTED = 0.5
_NEW, _STALE_COPY = -1, -2
_STALE_LABEL = -2


class Rows(NamedTuple):
    """Rows in order of MMSI, time, id. East and north: reported velocity, NaN without."""

    time_us: np.ndarray
    observation_id: np.ndarray
    lat_deg: np.ndarray
    lon_deg: np.ndarray
    noise_m: np.ndarray
    east_m_s: np.ndarray
    north_m_s: np.ndarray


class Fates(NamedTuple):
    """What became of each row: label (track id), fate, and the track it was held against."""

    label: np.ndarray
    fate: np.ndarray
    near_id: np.ndarray
    near_speed_kn: np.ndarray


class Memory(NamedTuple):
    """The hypotheses of one MMSI, in two banks: the present ones and those being made."""

    hulls: np.ndarray  # (2, K, MOST_HULLS) of HULL
    n_hulls: np.ndarray  # (2, K)
    score: np.ndarray  # (2, K)
    labels: np.ndarray  # (2, K, scan): label of a row in slot (sequence number % scan)
    choice_score: np.ndarray  # (K * (MOST_HULLS + 2),)
    choice_parent: np.ndarray
    choice_action: np.ndarray
    signature: np.ndarray  # (K,)
    n_alike: np.ndarray  # (MOST_HULLS + 2,): hypotheses kept by number of hulls
    state: np.ndarray  # bank, hypotheses, undecided rows, sequence number of the next row


def new_memory(n_hypotheses: int, scan: int) -> Memory:
    """Room for `n_hypotheses` hypotheses that remember the labels of `scan` undecided rows."""
    k, choices = n_hypotheses, n_hypotheses * (MOST_HULLS + 2)
    return Memory(
        np.zeros((2, k, MOST_HULLS), HULL),
        np.zeros((2, k), np.int64),
        np.zeros((2, k)),
        np.zeros((2, k, scan), np.int64),
        np.zeros(choices),
        np.zeros(choices, np.int64),
        np.zeros(choices, np.int64),
        np.zeros(k, np.int64),
        np.zeros(MOST_HULLS + 2, np.int64),
        np.zeros(4, np.int64),
    )


@njit(cache=True, nogil=True)
def _mixed(value, seed):
    bits = np.uint64(value) + seed * np.uint64(0x94D049BB133111EB) + np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


@njit(cache=True, nogil=True)
def track_id_of(mmsi: int, observation_id: int) -> np.int64:
    """`schema.ids.row_ids` of an MMSI and a hull's first observation, one at a time."""
    mixed = _mixed(observation_id, _mixed(mmsi, np.uint64(0)))
    return np.int64(mixed & np.uint64(0x7FFFFFFFFFFFFFFF))


@njit(cache=True, nogil=True)
def is_live(hull, time_us) -> bool:
    """Whether a hull takes part in the sharing of its MMSI at this time."""
    if hull.n_rows < 2 or time_us - hull.time_us > _LIVE_US:
        return False
    return hull.n_rivals < min(10 * hull.n_rows, 200)


@njit(cache=True, nogil=True)
def _only_live(hulls, n_hulls, time_us) -> int:
    """The one hull that is live, or a lone one; -1 where several or none are."""
    if n_hulls == 1:
        return 0
    found = -1
    for h in range(n_hulls):
        if is_live(hulls[h], time_us):
            if found >= 0:
                return -1
            found = h
    return found


@njit(cache=True, nogil=True)
def _is_copy(rows, fates, i, first) -> bool:
    """Whether a row repeats the position, speed and course of one that still waits."""
    for j in range(first, i):
        if (
            rows.lat_deg[j] == rows.lat_deg[i]
            and rows.lon_deg[j] == rows.lon_deg[i]
            and fates.label[j] != _STALE_LABEL
            and (rows.east_m_s[j] == rows.east_m_s[i] or isnan(rows.east_m_s[i]))
            and (rows.north_m_s[j] == rows.north_m_s[i] or isnan(rows.north_m_s[i]))
        ):
            return True
    return False


@njit(cache=True, nogil=True)
def _note_near(memory, rows, fates, i):
    """Remember which confirmed hull a row could most slowly have come from."""
    bank = memory.state[0]
    slowest = inf
    for h in range(memory.n_hulls[bank, 0]):
        hull = memory.hulls[bank, 0, h]
        if hull.n_rows < 2 and memory.n_hulls[bank, 0] > 1:
            continue
        x, y = offset_m(hull.lat_deg, hull.lon_deg, rows.lat_deg[i], rows.lon_deg[i])
        lasted_s = max((rows.time_us[i] - hull.time_us) / 1e6, 1.0)
        speed_kn = (x * x + y * y) ** 0.5 / lasted_s / M_S_PER_KN
        if speed_kn < slowest:
            slowest = speed_kn
            fates.near_id[i] = hull.track_id
            fates.near_speed_kn[i] = speed_kn


@njit(cache=True, nogil=True)
def _silence(hulls, n_hulls, time_us):
    """Seconds since the last row, log probability of the confirmed hulls' silence since it."""
    last_us = hulls[0].time_us
    for h in range(n_hulls):
        last_us = max(last_us, hulls[h].time_us)
    quiet_s, silent = (time_us - last_us) / 1e6, 0.0
    for h in range(n_hulls):
        hull = hulls[h]
        if hull.n_rows > 1:
            silent += log_silent(hull, waited_s(hull, quiet_s)) - log_silent(hull, hull.waited_s)
    return quiet_s, silent


@njit(cache=True, nogil=True)
def _log_any_rate(hulls, n_hulls, quiet_s):
    """Log rate (per second) at which a hull of unknown cadence sends its next row now."""
    best = -log(FIRST_INTERVAL_S)
    for h in range(n_hulls):
        if hulls[h].n_rows > 1:
            rate = -log(interval_s(hulls[h]) + waited_s(hulls[h], quiet_s))
            best = rate if best == -log(FIRST_INTERVAL_S) else max(best, rate)
    return best


@njit(cache=True, nogil=True)
def _crowd(hulls, n_hulls, time_us, lat, lon, motion) -> int:
    """Whether two confirmed hulls are so near a place that nobody could tell them apart there.

    1: within the places that one ship's antennas, swinging and noise give it. 2: on the way of one
    another closer than the clocks of two receivers that hear one ship.
    """
    n_near = n_behind = 0
    for h in range(n_hulls):
        hull = hulls[h]
        if hull.n_rows < 2:
            continue
        x, y, speed_m_s = offset_from_way_m(hull, time_us, lat, lon)
        away_2 = x * x + y * y
        n_near += away_2 < _CROWD_M * _CROWD_M
        reach_m = motion.clock_s * min(speed_m_s, motion.usual_speed_m_s)
        n_behind += away_2 < max(_CROWD_M, reach_m) ** 2
    if n_near > 1:
        return 1
    return 2 if n_behind > 1 else 0


@njit(cache=True, nogil=True)
def _choices(memory, rows, i, is_copy, motion) -> int:
    """Every assignment of row i in every hypothesis with its score; how many there are."""
    bank = memory.state[0]
    time_us, lat, lon, noise = rows.time_us[i], rows.lat_deg[i], rows.lon_deg[i], rows.noise_m[i]
    east, north = rows.east_m_s[i], rows.north_m_s[i]
    any_velocity = log_any_velocity(east, north)
    n = 0
    for k in range(memory.state[1]):
        hulls, n_hulls = memory.hulls[bank, k], memory.n_hulls[bank, k]
        nearest, best = inf, -inf
        crowd = _crowd(hulls, n_hulls, time_us, lat, lon, motion)
        quiet_s, silent = _silence(hulls, n_hulls, time_us)
        any_rate = _log_any_rate(hulls, n_hulls, quiet_s)
        score = memory.score[bank, k] + silent
        for h in range(n_hulls):
            hull = hulls[h]
            fit = log_fit(hull, time_us, lat, lon, noise, east, north, motion)
            x, y = offset_m(hull.lat_deg, hull.lon_deg, lat, lon)
            nearest = min(nearest, (x * x + y * y) ** 0.5)
            best = max(best, fit)
            if fit == -inf:
                continue
            if crowd > 0:
                fit = min(fit, _LOG_FIT_IN_CROWD[crowd - 1] + any_velocity)
            if crowd < 2:
                fit += log_on_beat(hull, time_us)
            if hull.n_rows == 1 and n_hulls > 1:
                second = log_sent_second(hull, waited_s(hull, quiet_s))
                fit += motion.log_confirm + min(any_rate, second)
            else:
                waited = waited_s(hull, quiet_s)
                fit += log_sent(hull, waited) - log_silent(hull, waited)
            memory.choice_score[n], memory.choice_parent[n] = score + fit, k
            memory.choice_action[n] = h
            n += 1
        score += any_rate
        memory.choice_score[n] = score + motion.log_new + log_anywhere(nearest) + any_velocity
        memory.choice_parent[n], memory.choice_action[n] = k, _NEW
        n += 1
        if is_copy and best < any_velocity + motion.log_stale - 4.0:
            memory.choice_score[n] = score + motion.log_stale + any_velocity
            memory.choice_parent[n], memory.choice_action[n] = k, _STALE_COPY
            n += 1
    return n


@njit(cache=True, nogil=True)
def _place_new(hulls, n_hulls) -> int:
    """Where a new hull goes: behind the others, or over the least of them when all are taken."""
    if n_hulls < MOST_HULLS:
        return n_hulls
    least = 0
    for h in range(1, n_hulls):
        single, least_single = hulls[h].n_rows == 1, hulls[least].n_rows == 1
        if single != least_single:
            if single:
                least = h
        elif hulls[h].time_us < hulls[least].time_us:
            least = h
    return least


@njit(cache=True, nogil=True)
def _shortest_s(hulls, n_hulls):
    """The shortest interval of the confirmed hulls: what a new one of the MMSI may have."""
    shortest = inf
    for h in range(n_hulls):
        if hulls[h].n_rows > 1:
            shortest = min(shortest, interval_s(hulls[h]))
    return FIRST_INTERVAL_S if shortest == inf else shortest


@njit(cache=True, nogil=True)
def _make(memory, k_new, parent, action, score, rows, i, mmsi):
    """Write hypothesis `k_new` of the other bank: `parent` with row i assigned as `action` says."""
    bank, undecided, sequence = memory.state[0], memory.state[2], memory.state[3]
    other = 1 - bank
    n = memory.n_hulls[bank, parent]
    quiet_s = _silence(memory.hulls[bank, parent], n, rows.time_us[i])[0]
    for h in range(n):
        memory.hulls[other, k_new, h] = memory.hulls[bank, parent, h]
        if h != action:
            memory.hulls[other, k_new, h].n_rivals += 1
            waited = waited_s(memory.hulls[bank, parent, h], quiet_s)
            memory.hulls[other, k_new, h].waited_s = waited
    scan = memory.labels.shape[2]
    for back in range(1, undecided + 1):
        slot = (sequence - back) % scan
        memory.labels[other, k_new, slot] = memory.labels[bank, parent, slot]
    time_us, lat, lon, noise = rows.time_us[i], rows.lat_deg[i], rows.lon_deg[i], rows.noise_m[i]
    east, north, observation_id = rows.east_m_s[i], rows.north_m_s[i], rows.observation_id[i]
    label = _STALE_LABEL
    if action == _NEW:
        h = _place_new(memory.hulls[other, k_new], n)
        n = max(n, h + 1)
        label = track_id_of(mmsi, observation_id)
        begin(
            memory.hulls[other, k_new, h], label, observation_id, time_us, lat, lon, noise, east,
            north, _shortest_s(memory.hulls[bank, parent], memory.n_hulls[bank, parent]),
        )  # fmt: skip
    elif action >= 0:
        hull = memory.hulls[other, k_new, action]
        advance(hull, observation_id, time_us, lat, lon, noise, east, north)
        label = hull.track_id
    memory.labels[other, k_new, sequence % scan] = label
    memory.n_hulls[other, k_new], memory.score[other, k_new] = n, score
    memory.signature[k_new] = _signature(memory.hulls[other, k_new], n)


@njit(cache=True, nogil=True)
def _signature(hulls, n_hulls):
    """Equal for hypotheses that expect the same of every later row, whatever their past."""
    total = np.uint64(0)
    for h in range(n_hulls):
        total += _mixed(hulls[h].observation_id, _mixed(hulls[h].previous_id, np.uint64(n_hulls)))
    return np.int64(total & np.uint64(0x7FFFFFFFFFFFFFFF))


@njit(cache=True, nogil=True)
def _keep_best(memory, n_choices, rows, i, mmsi, margin):
    """Make the best distinct hypotheses from the choices; best first, ties in order of making."""
    most, bank = memory.score.shape[1], memory.state[0]
    kept, top = 0, -inf
    memory.n_alike[:] = 0
    while kept < most:
        best = -1
        for c in range(n_choices):
            if best < 0 or memory.choice_score[c] > memory.choice_score[best]:
                best = c
        if best < 0 or memory.choice_score[best] == -inf:
            break
        score = memory.choice_score[best]
        top = max(top, score)
        if score < top - margin:
            break
        memory.choice_score[best] = -inf
        alike = memory.n_hulls[bank, memory.choice_parent[best]]
        alike += memory.choice_action[best] == _NEW
        if memory.n_alike[alike] >= _MOST_ALIKE:
            continue
        _make(
            memory, kept, memory.choice_parent[best], memory.choice_action[best],
            score - top, rows, i, mmsi,
        )  # fmt: skip
        is_new = True
        for k in range(kept):
            if memory.signature[k] == memory.signature[kept]:
                is_new = False
        if is_new:
            memory.n_alike[alike] += 1
            kept += 1
    memory.state[0] = 1 - memory.state[0]
    memory.state[1] = kept
    memory.state[2] += 1
    memory.state[3] += 1


@njit(cache=True, nogil=True)
def _copy_hypothesis(memory, bank, source, target):
    for h in range(memory.n_hulls[bank, source]):
        memory.hulls[bank, target, h] = memory.hulls[bank, source, h]
    memory.n_hulls[bank, target] = memory.n_hulls[bank, source]
    memory.score[bank, target] = memory.score[bank, source]
    for slot in range(memory.labels.shape[2]):
        memory.labels[bank, target, slot] = memory.labels[bank, source, slot]


@njit(cache=True, nogil=True)
def _decide(memory, fates, i, first):
    """Settle the oldest undecided row by the best hypothesis when the scan is full.

    Hypotheses that say otherwise go. With one hypothesis left every row is decided.
    """
    bank, scan = memory.state[0], memory.labels.shape[2]
    sequence = memory.state[3]
    if memory.state[2] >= scan and memory.state[1] > 1:
        oldest = (sequence - memory.state[2]) % scan
        label = memory.labels[bank, 0, oldest]
        kept = 1
        for k in range(1, memory.state[1]):
            if memory.labels[bank, k, oldest] == label:
                if k != kept:
                    _copy_hypothesis(memory, bank, k, kept)
                kept += 1
        memory.state[1] = kept
        row = i + 1 - memory.state[2]
        if row >= first:
            fates.label[row] = label
        memory.state[2] -= 1
    if memory.state[1] == 1:
        for back in range(1, memory.state[2] + 1):
            row = i + 1 - back
            if row >= first:
                fates.label[row] = memory.labels[bank, 0, (sequence - back) % scan]
        memory.state[2] = 0


@njit(cache=True, nogil=True)
def _fate_of(memory, label) -> int:
    """What a label means now: the way of a hull, noise, or a fragment that others passed by.

    A few rows that agree with each other and contradict a hull that then goes on from where it was
    are set aside, once it has sent more than they: they would be a ship that vanishes.
    """
    if label == _STALE_LABEL:
        return STALE
    bank = memory.state[0]
    mine, others = -1, 0
    for h in range(memory.n_hulls[bank, 0]):
        hull = memory.hulls[bank, 0, h]
        if hull.track_id == label:
            mine = h
        else:
            others = max(others, hull.n_rows)
    if mine < 0:
        return OUTLIER
    hull = memory.hulls[bank, 0, mine]
    if hull.n_rows == 1 and others >= 2:
        return OUTLIER
    if hull.n_rows > _FRAGMENT_ROWS or others <= hull.n_rows or hull.n_rivals < _PASSED_BY:
        return TRACK
    is_silent = hull.waited_s > 3.0 * interval_s(hull)
    return SHORT_FRAGMENT if hull.n_rows == 2 or is_silent else TRACK


@njit(cache=True, nogil=True)
def _publish(memory, slot) -> int:
    """The best hypothesis's label of an undecided row that is handed out now.

    Those that say otherwise live on at a price: if one wins later, its track breaks at this row.
    """
    bank = memory.state[0]
    label = memory.labels[bank, 0, slot]
    for k in range(1, memory.state[1]):
        if memory.labels[bank, k, slot] != label:
            memory.score[bank, k] -= _CONTRADICTED
    return label


@njit(cache=True, nogil=True)
def _hand_out(memory, rows, fates, head, end, before_us, delay_us) -> int:
    """Give every row that is due before an instant its fate; the first row still waiting."""
    while head < end and rows.time_us[head] + delay_us < before_us:
        back = end - head
        if back <= memory.state[2]:
            fates.label[head] = _publish(memory, (memory.state[3] - back) % memory.labels.shape[2])
        label, bank = fates.label[head], memory.state[0]
        main = memory.hulls[bank, 0, 0]
        if main.track_id == label and main.n_rows > _FRAGMENT_ROWS:
            fates.fate[head] = TRACK
        else:
            fates.fate[head] = _fate_of(memory, label)
        head += 1
    return head


@njit(cache=True, nogil=True)
def _plain_run(hulls, n_hulls, rows, labels, i, end):
    """Give rows from i on to the one live hull while they are plain; returns the next row.

    Once that hull has more rows than a fragment, no row handed out on the way could have had
    another fate.
    """
    time_us, observation_id = rows.time_us, rows.observation_id
    lat, lon, noise = rows.lat_deg, rows.lon_deg, rows.noise_m
    east, north = rows.east_m_s, rows.north_m_s
    while i < end:
        h = _only_live(hulls, n_hulls, time_us[i])
        if h < 0:
            break
        hull = hulls[h]
        if not is_plain(hull, time_us[i], lat[i], lon[i], noise[i], east[i], north[i]):
            break
        advance(hull, observation_id[i], time_us[i], lat[i], lon[i], noise[i], east[i], north[i])
        labels[i] = hull.track_id
        i += 1
        if hull.n_rows <= _FRAGMENT_ROWS + 1:
            break
    return i


@njit(cache=True, nogil=True)
def _begin_key(memory, rows, fates, i, mmsi):
    """The first row of an MMSI begins its first hull."""
    label, bank = track_id_of(mmsi, rows.observation_id[i]), memory.state[0]
    begin(
        memory.hulls[bank, 0, 0], label, rows.observation_id[i], rows.time_us[i], rows.lat_deg[i],
        rows.lon_deg[i], rows.noise_m[i], rows.east_m_s[i], rows.north_m_s[i], FIRST_INTERVAL_S,
    )  # fmt: skip
    memory.n_hulls[bank, 0], memory.score[bank, 0] = 1, 0.0
    memory.state[1] = 1
    memory.state[3] += 1
    fates.label[i] = label


@njit(cache=True, nogil=True)
def assign_key(memory, rows, fates, first, fresh, end, mmsi, motion, delay_us, margin, until_us):
    """Assign rows `fresh` to `end` of one MMSI; rows from `first` on wait to be handed out.

    `memory.state` holds the hypotheses as they stood after row `fresh - 1`.
    """
    head, i = first, fresh
    while i < end:
        time_us = rows.time_us[i]
        head = _hand_out(memory, rows, fates, head, i, time_us + 1, delay_us)
        if memory.state[1] == 0:
            _begin_key(memory, rows, fates, i, mmsi)
            i += 1
            continue
        bank = memory.state[0]
        if memory.state[1] == 1:
            after = _plain_run(
                memory.hulls[bank, 0], memory.n_hulls[bank, 0], rows, fates.label, i, end
            )
            memory.state[3] += after - i
            if after > i:
                i = after
                continue
        _note_near(memory, rows, fates, i)
        is_copy = _is_copy(rows, fates, i, head)
        n_choices = _choices(memory, rows, i, is_copy, motion)
        alone = _only_live(memory.hulls[bank, 0], memory.n_hulls[bank, 0], time_us) >= 0
        width = _WIDTH_ALONE * margin if alone else margin
        _keep_best(memory, n_choices, rows, i, mmsi, width)
        _decide(memory, fates, i, head)
        i += 1
    return _hand_out(memory, rows, fates, head, end, until_us, delay_us)
