"""When a hull sends: the density of the time of its next row, learned from its own rows.

Three things are followed per hull. Its interval: a lognormal around a running mean, the last two
intervals again (what a new receiver or another state of the ship makes of the interval is believed
after one row), more of it when rows were not heard, and long silences at the rate they had. Its
beat: transmitters keep a schedule (ITU-R M.1371: every 2 to 10 s, 30 s, 3 min), so that rows come
near multiples of 10 or 30 s after each other also where only some were kept. And how long it has
been silent while its MMSI was heard. The shares were fitted by expectation maximisation to every
second vessel of three seas (US coast, Suez, Solent) and hold on the others.

Numba's cache looks only at the file that holds a kernel: after a change here, delete the cached
kernels of tracks.motion, tracks.splitting and tracks.by_key, or touch those files.
"""

from math import erfc, exp, floor, log, pi, sqrt

from numba import njit

FIRST_INTERVAL_S = 180.0
_CLOCK_S = 2.0
_ON_TIME, _AS_LAST, _AS_BEFORE, _LATE, _ANY_TIME, _AGAIN = 0.47, 0.21, 0.21, 0.05, 0.05, 0.01
_LAST_SPREAD = 0.05
_TAIL = 0.03
_SECOND_S = 600.0
_FIRST_VARIANCE = 0.64
_BEAT_10_SHARE, _BEAT_30_SHARE, _OFF_BEAT = 0.3, 0.2, 0.15
_BEAT_ERROR_S, _BEATS_LAST_S = 1.2, 1_000.0
_BEAT_GAIN, _BEAT_SHARE_LEAST = 0.1, 0.02
_SILENCE = log(5.0)
_ROOT_HALF = 0.5**0.5
_ROOT_2_PI = (2.0 * pi) ** 0.5
_MINUTE_US = 60_000_000


@njit(cache=True, nogil=True)
def clock_error_s(time_1_us: int, time_2_us: int) -> float:
    """Times on the whole minute are taken as cut to the minute, others are good to 0.5 s."""
    if time_1_us % _MINUTE_US == 0 and time_2_us % _MINUTE_US == 0:
        return 30.0
    return 0.5


@njit(cache=True, nogil=True)
def begin_cadence(hull, interval_s):
    """What is expected of a hull that has sent one row."""
    hull.log_interval_s, hull.interval_variance = log(interval_s + _CLOCK_S), _FIRST_VARIANCE
    hull.log_last_s = hull.log_before_s = hull.log_interval_s
    hull.silence_share, hull.waited_s = _TAIL, 0.0
    hull.beat_10_share, hull.beat_30_share = _BEAT_10_SHARE, _BEAT_30_SHARE
    hull.n_intervals = 0


@njit(cache=True, nogil=True)
def learn_cadence(hull, time_us: int):
    """Count the interval and the beat of a hull's next row."""
    _count_interval(hull, (time_us - hull.time_us) / 1e6)
    _learn_beat(hull, time_us)
    hull.waited_s = 0.0


@njit(cache=True, nogil=True)
def _on_beat(lasted_s: float, beat_s: float) -> float:
    """How much denser rows come on the beats after a row than without a beat; 1 in the mean."""
    missed = lasted_s - beat_s * max(1.0, floor(lasted_s / beat_s + 0.5))
    ratio = missed / _BEAT_ERROR_S
    on_beat = beat_s * exp(-0.5 * ratio * ratio) / (_ROOT_2_PI * _BEAT_ERROR_S)
    return _OFF_BEAT + (1.0 - _OFF_BEAT) * on_beat


@njit(cache=True, nogil=True)
def _has_beat(hull, time_us: int) -> bool:
    """Whether the time since a hull's last row is known well enough, and short enough, to tell."""
    lasted_s = (time_us - hull.time_us) / 1e6
    return 1.0 <= lasted_s <= _BEATS_LAST_S and clock_error_s(hull.time_us, time_us) < 1.0


@njit(cache=True, nogil=True)
def log_on_beat(hull, time_us: int) -> float:
    """Log of how much denser a row's time is for the beats of its transmitter than without any."""
    if not _has_beat(hull, time_us):
        return 0.0
    lasted_s = (time_us - hull.time_us) / 1e6
    tens, thirties = hull.beat_10_share, hull.beat_30_share
    none = 1.0 - tens - thirties
    return log(none + tens * _on_beat(lasted_s, 10.0) + thirties * _on_beat(lasted_s, 30.0))


@njit(cache=True, nogil=True)
def _learn_beat(hull, time_us: int):
    if not _has_beat(hull, time_us):
        return
    lasted_s = (time_us - hull.time_us) / 1e6
    tens = hull.beat_10_share * _on_beat(lasted_s, 10.0)
    thirties = hull.beat_30_share * _on_beat(lasted_s, 30.0)
    whole = 1.0 - hull.beat_10_share - hull.beat_30_share + tens + thirties
    most = 1.0 - 3.0 * _BEAT_SHARE_LEAST
    for_tens = _BEAT_SHARE_LEAST + most * tens / whole
    for_thirties = _BEAT_SHARE_LEAST + most * thirties / whole
    hull.beat_10_share += _BEAT_GAIN * (for_tens - hull.beat_10_share)
    hull.beat_30_share += _BEAT_GAIN * (for_thirties - hull.beat_30_share)


@njit(cache=True, nogil=True)
def _count_interval(hull, lasted_s):
    """Learn the cadence: mean and variance of the logarithm of the time between rows.

    After a long silence, or when a second interval is far shorter than usual, the cadence is
    learned anew: another receiver, another state of the ship. Else a new hull, which learns fast,
    would explain the change better than the old one. A row less than a second after the last
    repeats it.
    """
    if lasted_s < 1.0:
        return
    missed = log(lasted_s + _CLOCK_S) - hull.log_interval_s
    is_quicker = missed < -_SILENCE and hull.log_last_s - hull.log_interval_s < -_SILENCE
    hull.log_before_s = hull.log_last_s
    hull.log_last_s = log(lasted_s + _CLOCK_S)
    hull.silence_share += 0.08 * ((missed > _SILENCE) - hull.silence_share)
    if missed > _SILENCE and hull.n_intervals > 0:
        hull.interval_variance, hull.n_intervals = _FIRST_VARIANCE, 0
        return
    if is_quicker:
        hull.log_interval_s = 0.5 * (hull.log_before_s + hull.log_last_s)
        hull.interval_variance, hull.n_intervals = _FIRST_VARIANCE, 1
        return
    # a late row may follow one that nobody heard: it says little of the cadence
    missed = max(-2.0, min(0.4 if hull.n_intervals > 0 else 2.0, missed))
    gain = 1.0 / min(hull.n_intervals + 2.0, 6.0)
    hull.interval_variance += gain * (missed * missed - hull.interval_variance)
    hull.log_interval_s += gain * missed
    hull.n_intervals += 1


@njit(cache=True, nogil=True)
def interval_s(hull) -> float:
    """The usual time between two rows of a hull."""
    return exp(hull.log_interval_s)


@njit(cache=True, nogil=True)
def last_interval_s(hull) -> float:
    """The time between the last two rows of a hull, 0 where there is one."""
    return exp(hull.log_last_s) - _CLOCK_S if hull.n_rows > 1 else 0.0


@njit(cache=True, nogil=True)
def waited_s(hull, quiet_s: float) -> float:
    """How long a hull has been silent while its MMSI was heard.

    `quiet_s`: since the last row of any hull. Of a silence of all hulls only three intervals count:
    then it was the receiver that did not hear.
    """
    return hull.waited_s + min(quiet_s, 3.0 * interval_s(hull))


@njit(cache=True, nogil=True)
def _share_waiting(ratio: float) -> float:
    """Share of a normal distribution that lies beyond `ratio` of its scale."""
    return 0.5 * erfc(ratio * _ROOT_HALF)


@njit(cache=True, nogil=True)
def log_silent(hull, waited: float) -> float:
    """Log probability that a hull that is there has sent nothing yet.

    One interval of the hull's cadence (lognormal), or its last interval again, or the one before,
    or more of which some were not heard, or at any time, or after a long silence.
    """
    usual, spread = interval_s(hull), sqrt(hull.interval_variance + 0.0025)
    log_waited = log(waited + _CLOCK_S)
    regular = _ON_TIME * _share_waiting((log_waited - hull.log_interval_s) / spread)
    regular += _AS_LAST * _share_waiting((log_waited - hull.log_last_s) / _LAST_SPREAD)
    regular += _AS_BEFORE * _share_waiting((log_waited - hull.log_before_s) / _LAST_SPREAD)
    regular += _LATE * exp(-max(0.0, waited - usual) / (2.0 * usual))
    regular += _ANY_TIME * exp(-waited / usual) + _AGAIN * exp(-waited / _CLOCK_S)
    tail = (1.0 + waited / max(600.0, usual)) ** -0.5
    share = hull.silence_share + 0.01
    return log((1.0 - share) * regular + share * tail)


@njit(cache=True, nogil=True)
def log_sent_second(hull, waited: float) -> float:
    """Log density (per second) of the second row of a hull of which one row is known.

    Its cadence is unknown: the share of such hulls still silent falls with the root of the wait, so
    that a lone row, noise as a rule, does not wait for days to take over another hull's way.
    """
    usual = max(_SECOND_S, interval_s(hull))
    return log(0.5 / usual) - 1.5 * log(1.0 + waited / usual)


@njit(cache=True, nogil=True)
def _log_normal(log_waited: float, log_usual_s: float, spread: float) -> float:
    """Density of the logarithm of a wait."""
    ratio = (log_waited - log_usual_s) / spread
    return exp(-0.5 * ratio * ratio) * _ROOT_HALF / (sqrt(pi) * spread)


@njit(cache=True, nogil=True)
def log_sent(hull, waited: float) -> float:
    """Log density (per second) of a hull's next row after this wait; derivative of the above."""
    usual, spread = interval_s(hull), sqrt(hull.interval_variance + 0.0025)
    log_waited = log(waited + _CLOCK_S)
    regular = _ON_TIME * _log_normal(log_waited, hull.log_interval_s, spread)
    regular += _AS_LAST * _log_normal(log_waited, hull.log_last_s, _LAST_SPREAD)
    regular += _AS_BEFORE * _log_normal(log_waited, hull.log_before_s, _LAST_SPREAD)
    regular /= waited + _CLOCK_S
    if waited > usual:
        regular += _LATE * exp(-(waited - usual) / (2.0 * usual)) / (2.0 * usual)
    regular += _ANY_TIME * exp(-waited / usual) / usual
    regular += _AGAIN * exp(-waited / _CLOCK_S) / _CLOCK_S
    scale = max(600.0, usual)
    tail = 0.5 / scale * (1.0 + waited / scale) ** -1.5
    share = hull.silence_share + 0.01
    return log((1.0 - share) * regular + share * tail)
