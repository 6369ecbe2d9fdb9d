"""Numbers and times out of text, field by field: value and whether it was given and readable."""

from __future__ import annotations

import numpy as np
from numba import njit

GIVEN, MISSING, UNREADABLE = 0, 1, 2

DAY_FIRST, MONTH_FIRST, EPOCH_S, EPOCH_MS = 0, 1, 2, 3
"""How a time reads where its form leaves a choice; see `times`."""

_POWERS = 10.0 ** np.arange(23)
_BLANKS = np.zeros((10, 9), np.uint8)
_BLANK_WORDS = ("nan", "none", "null", "na", "n/a", "unknown", "undefined", "\\n", "-", "nat")
for _row, _word in enumerate(_BLANK_WORDS):
    _BLANKS[_row, : len(_word)] = np.frombuffer(_word.encode(), np.uint8)


@njit(cache=True, nogil=True)
def _is_blank_word(text, begin, end):
    n = end - begin
    if n > 9:
        return False
    for row in range(len(_BLANKS)):
        same = n == 9 or _BLANKS[row, n] == 0
        for i in range(n):
            c = text[begin + i]
            if 65 <= c <= 90:
                c += 32
            if c != _BLANKS[row, i]:
                same = False
                break
        if same:
            return True
    return False


@njit(cache=True, nogil=True)
def _trimmed(text, begin, end):
    while begin < end and text[begin] == 32:
        begin += 1
    while end > begin and (text[end - 1] == 32 or text[end - 1] == 64):
        end -= 1
    return begin, end


@njit(cache=True, nogil=True)
def _exponent(text, i, end):
    """The integer after an `e`; 999 when there is none."""
    sign, value = 1, 0
    if i < end and (text[i] == 45 or text[i] == 43):
        sign = -1 if text[i] == 45 else 1
        i += 1
    if i >= end or end - i > 3:
        return 999
    while i < end:
        if not 48 <= text[i] <= 57:
            return 999
        value = value * 10 + text[i] - 48
        i += 1
    return sign * value


@njit(cache=True, nogil=True)
def _number(text, begin, end, point):
    """One decimal number: correctly rounded to 15 digits, to one unit in the last place beyond."""
    negative = text[begin] == 45
    i = begin + 1 if negative or text[begin] == 43 else begin
    mantissa, n_digits, power, seen_point = np.uint64(0), 0, 0, False
    n_used = 0
    while i < end:
        c = text[i]
        if 48 <= c <= 57:
            n_digits += 1
            if n_used < 18:
                mantissa = mantissa * np.uint64(10) + np.uint64(c - 48)
                n_used += mantissa > 0
                power -= seen_point
            else:
                power += not seen_point
        elif c == point and not seen_point:
            seen_point = True
        else:
            break
        i += 1
    if i < end and n_digits and (text[i] == 101 or text[i] == 69):
        exponent = _exponent(text, i + 1, end)
        if exponent == 999:
            return 0.0, UNREADABLE
        power += exponent
        i = end
    if i < end or n_digits == 0:
        return 0.0, UNREADABLE
    value = np.float64(mantissa)
    while power < 0:
        step = min(-power, 22)
        value /= _POWERS[step]
        power += step
    while power > 0:
        step = min(power, 22)
        value *= _POWERS[step]
        power -= step
    return -value if negative else value, GIVEN


@njit(cache=True, nogil=True)
def _short_number(text, begin, end, point):
    """A plain number of at most 15 characters, correctly rounded; whether it was one."""
    first = begin + (text[begin] == 45)
    mantissa, n_after = np.int64(0), -1
    for i in range(first, end):
        c = text[i]
        if 48 <= c <= 57:
            mantissa = mantissa * 10 + (c - 48)
            n_after += n_after >= 0
        elif c == point and n_after < 0:
            n_after = 0
        else:
            return 0.0, False
    if end - first - (n_after >= 0) < 1:
        return 0.0, False
    value = np.float64(mantissa)
    if n_after > 0:
        value /= _POWERS[n_after]
    return (value if first == begin else -value), True


@njit(cache=True, nogil=True)
def numbers(text, begins, ends, point):
    """Floats by record, NaN where not given; status by record. `point` is the decimal sign."""
    n = len(begins)
    values = np.empty(n, np.float64)
    status = np.zeros(n, np.uint8)
    for k in range(n):
        begin, end = _trimmed(text, begins[k], ends[k])
        if begin == end:
            values[k], status[k] = np.nan, MISSING
            continue
        if end - begin <= 15:
            value, plain = _short_number(text, begin, end, point)
            if plain:
                values[k] = value
                continue
        value, found = _number(text, begin, end, point)
        if found == UNREADABLE:
            value = np.nan
            if _is_blank_word(text, begin, end):
                found = MISSING
        values[k], status[k] = value, found
    return values, status


@njit(cache=True, nogil=True)
def _digits(text, i, end, n_max):
    """A run of at most n_max digits from i: its value and where it ends."""
    value, stop = 0, min(end, i + n_max)
    while i < stop and 48 <= text[i] <= 57:
        value = value * 10 + text[i] - 48
        i += 1
    return value, i


@njit(cache=True, nogil=True)
def _days(year, month, day):
    """Days since 1970-01-01 of a civil date (Hinnant, `days_from_civil`); -1 if there is none."""
    if not (1970 <= year <= 2200 and 1 <= month <= 12 and 1 <= day <= 31):
        return -1
    leap = (year % 4 == 0 and year % 100 != 0) or year % 400 == 0
    if day > 30 and month in (4, 6, 9, 11):
        return -1
    if month == 2 and day > 28 + leap:
        return -1
    y = year - (month <= 2)
    era = y // 400
    year_of_era = y - era * 400
    shifted = month - 3 if month > 2 else month + 9
    day_of_year = (153 * shifted + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return era * 146097 + day_of_era - 719468


@njit(cache=True, nogil=True)
def _date(text, begin, end, style):
    """Days since 1970 (-1 if unreadable) and where the date ends: Y-M-D, YYYYMMDD, D/M/Y, M/D/Y."""
    a, i = _digits(text, begin, end, 8)
    n = i - begin
    if n == 8:
        return _days(a // 10000, a // 100 % 100, a % 100), i
    if i >= end or n == 0:
        return -1, i
    sign = text[i]
    if sign not in (45, 46, 47):
        return -1, i
    b, j = _digits(text, i + 1, end, 2)
    if j == i + 1 or j >= end or text[j] != sign:
        return -1, j
    c, i = _digits(text, j + 1, end, 4)
    if i == j + 1:
        return -1, i
    if n == 4:
        return _days(a, b, c), i
    if n > 2 or i - j != 5:
        return -1, i
    if style == MONTH_FIRST:
        return _days(c, a, b), i
    return _days(c, b, a), i


@njit(cache=True, nogil=True)
def _clock(text, i, end):
    """Microseconds of the day from HH:MM[:SS[.f]] or HHMM[SS[.f]], -1 if unreadable; its end."""
    hour, j = _digits(text, i, end, 2)
    if j != i + 2 and not (j == i + 1 and j < end and text[j] == 58):
        return -1, j
    colon = j < end and text[j] == 58
    minute, k = _digits(text, j + colon, end, 2)
    if k != j + colon + 2:
        return -1, k
    second, fraction, scale, i = 0, 0, 1_000_000, k
    if k < end and (text[k] == 58 if colon else 48 <= text[k] <= 57):
        second, i = _digits(text, k + colon, end, 2)
        if i != k + colon + 2:
            return -1, i
        if i < end and (text[i] == 46 or text[i] == 44):
            i += 1
            while i < end and 48 <= text[i] <= 57:
                if scale > 1:
                    scale //= 10
                    fraction += (text[i] - 48) * scale
                i += 1
    if hour > 23 or minute > 59 or second > 60:
        return -1, i
    return ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction, i


@njit(cache=True, nogil=True)
def _zone(text, i, end):
    """Microseconds to take away for what follows the clock: `Z`, `UTC`, `+02:00`; -1 if neither."""
    while i < end and text[i] == 32:
        i += 1
    if i >= end or text[i] in (90, 122, 85, 117, 71):
        return 0
    if text[i] not in (43, 45):
        return -1
    sign = 1 if text[i] == 43 else -1
    hour, j = _digits(text, i + 1, end, 2)
    colon = j < end and text[j] == 58
    minute, k = _digits(text, j + colon, end, 2)
    if j != i + 3 or hour > 14 or minute > 59:
        return -1
    return sign * (hour * 60 + minute) * 60_000_000


@njit(cache=True, nogil=True)
def _epoch(text, begin, end, style):
    """Microseconds since 1970 of a number of seconds, or by its size of a fraction of them."""
    whole, i = _digits(text, begin, end, 19)
    micro, scale = 0, 1_000_000
    if i < end and text[i] == 46:
        i += 1
        while i < end and 48 <= text[i] <= 57:
            if scale > 1:
                scale //= 10
                micro += (text[i] - 48) * scale
            i += 1
    if i < end:
        return -1
    if style == EPOCH_S or (style != EPOCH_MS and whole < 20_000_000_000):
        if whole > 9_000_000_000_000:
            return -1
        return whole * 1_000_000 + micro
    if style == EPOCH_MS or whole < 20_000_000_000_000:
        if whole > 9_000_000_000_000_000:
            return -1
        return whole * 1000 + micro // 1000
    return whole if whole < 20_000_000_000_000_000 else whole // 1000


@njit(cache=True, nogil=True)
def _pair(text, i):
    """Two digits as a number, 100 and more when they are none."""
    tens, ones = text[i] - 48, text[i + 1] - 48
    if 0 <= tens <= 9 and 0 <= ones <= 9:
        return tens * 10 + ones
    return 100


@njit(cache=True, nogil=True)
def _plain_iso(text, i, known):
    """Microseconds of exactly YYYY-MM-DDTHH:MM:SS at i, -1 for any other form.

    `known` is the last date seen (packed) and its days, which are seldom new.
    """
    if text[i + 4] != 45 or text[i + 7] != 45 or text[i + 13] != 58 or text[i + 16] != 58:
        return np.int64(-1)
    if text[i + 10] != 84 and text[i + 10] != 32:
        return np.int64(-1)
    century, year = _pair(text, i), _pair(text, i + 2)
    month, day = _pair(text, i + 5), _pair(text, i + 8)
    hour, minute, second = _pair(text, i + 11), _pair(text, i + 14), _pair(text, i + 17)
    if century > 99 or year > 99 or hour > 23 or minute > 59 or second > 60:
        return np.int64(-1)
    packed = ((century * 100 + year) * 128 + month) * 128 + day
    if packed != known[0]:
        known[0], known[1] = packed, _days(century * 100 + year, month, day)
    if known[1] < 0:
        return np.int64(-1)
    return known[1] * 86_400_000_000 + ((hour * 60 + minute) * 60 + second) * 1_000_000


@njit(cache=True, nogil=True)
def times(text, begins, ends, style):
    """UTC microseconds by record and status.

    Reads ISO 8601 with any separator, `YYYYMMDD_HHMMSS`, 14 digits in a row, `D/M/Y H:M[:S]`
    (`M/D/Y` with MONTH_FIRST), and epoch numbers. A zone offset is taken into account; without
    one the time is UTC.
    """
    n = len(begins)
    values = np.zeros(n, np.int64)
    status = np.zeros(n, np.uint8)
    known = np.full(2, -1, np.int64)
    for k in range(n):
        begin, end = _trimmed(text, begins[k], ends[k])
        if begin == end:
            status[k] = MISSING
            continue
        if end - begin == 19:
            values[k] = _plain_iso(text, begin, known)
            if values[k] >= 0:
                continue
        i = begin
        while i < end and (48 <= text[i] <= 57 or text[i] == 46):
            i += 1
        is_compact = i == begin + 14 and style < EPOCH_S
        if i == end and not is_compact and i - begin != 8:
            values[k] = _epoch(text, begin, end, style)
            status[k] = UNREADABLE if values[k] < 0 else GIVEN
            continue
        days, i = _date(text, begin, end, style)
        clock = 0
        if days >= 0 and i < end:
            i += not 48 <= text[i] <= 57
            clock, i = _clock(text, i, end)
        zone = _zone(text, i, end) if clock >= 0 else -1
        if days < 0 or clock < 0 or zone == -1:
            status[k] = MISSING if _is_blank_word(text, begin, end) else UNREADABLE
        else:
            values[k] = days * 86_400_000_000 + clock - zone
    return values, status
