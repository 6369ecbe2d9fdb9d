"""Times as receivers write them into the text around a sentence. Kernels.

A time is read in two steps: all numbers of the text with what follows each, then what these make.
Results are UTC microseconds, or NONE.
"""

from __future__ import annotations

from numba import njit

from fairlead.observations.ais.state import (
    MOST_NUMBERS,
    N_DIGITS,
    N_NEXT,
    N_VALUE,
    N_WIDTH,
    NONE,
)

SECOND_US = 1_000_000
DAY_US = 86_400_000_000

ZERO, NINE, DOT, COMMA, COLON, HYPHEN, SLASH, PLUS = 48, 57, 46, 44, 58, 45, 47, 43


@njit(cache=True, _nrt=False)
def utc_us(year, month, day, hour, minute, sec):
    """Microseconds since 1970 of a Gregorian date (Hinnant's days_from_civil), or NONE.

    Years 1990 to 2100; a day 31 of a shorter month is let pass as the day after its last.
    """
    if year < 1990 or year > 2100 or month < 1 or month > 12 or day < 1 or day > 31:
        return NONE
    if hour > 23 or minute > 59 or sec > 60:
        return NONE
    y = year - (1 if month <= 2 else 0)
    era = y // 400
    yoe = y - era * 400
    doy = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    days = era * 146_097 + yoe * 365 + yoe // 4 - yoe // 100 + doy - 719_468
    return days * DAY_US + ((hour * 60 + minute) * 60 + sec) * SECOND_US


@njit(cache=True, _nrt=False)
def read_numbers(buf, a, b, numbers):
    """The numbers of the text from `a` to `b`, up to MOST_NUMBERS; returns how many.

    A decimal fraction is a number of its own, after a point; its value is in millionths.
    """
    n = 0
    q = a
    while q < b and n < MOST_NUMBERS:
        if buf[q] < ZERO or buf[q] > NINE:
            q += 1
            continue
        value, count, scale = 0, 0, 100_000
        fraction = n > 0 and q > a and buf[q - 1] == DOT
        while q < b and ZERO <= buf[q] <= NINE:
            if fraction:
                value += (buf[q] - ZERO) * scale
                scale //= 10
            elif count < 17:
                value = value * 10 + (buf[q] - ZERO)
            count += 1
            q += 1
        at = n * N_WIDTH
        numbers[at + N_VALUE] = value
        numbers[at + N_DIGITS] = count
        numbers[at + N_NEXT] = buf[q] if q < b else 0
        n += 1
    return n


@njit(cache=True, _nrt=False)
def stamp_us(buf, a, b, numbers):
    """The first time in the text: an epoch, or ISO-8601 and its relatives.

    An epoch has 9 to 11 digits in seconds, 12 to 14 in milliseconds, 15 or 16 in microseconds.
    """
    n = read_numbers(buf, a, b, numbers)
    for k in range(n):
        at = k * N_WIDTH
        value, count, after = numbers[at], numbers[at + N_DIGITS], numbers[at + N_NEXT]
        if 9 <= count <= 11:
            part = numbers[at + N_WIDTH] if after == DOT and k + 1 < n else 0
            return value * SECOND_US + part
        if 12 <= count <= 16:
            return value * 1000 if count <= 14 else value
        if count == 4 and after in (HYPHEN, SLASH) and k + 4 < n:
            found = _iso_us(numbers, at, n * N_WIDTH)
            if found != NONE:
                return found
    return NONE


@njit(cache=True, _nrt=False)
def _iso_us(numbers, at, end):
    """`2015-01-31T12:00:00.5+02:00`; the numbers start at `at`."""
    w = N_WIDTH
    year, month, day = numbers[at], numbers[at + w], numbers[at + 2 * w]
    hour, minute = numbers[at + 3 * w], numbers[at + 4 * w]
    if numbers[at + 3 * w + N_NEXT] != COLON:
        return NONE
    sec, part = 0, 0
    last = at + 4 * w
    if numbers[last + N_NEXT] == COLON and last + w < end:
        last += w
        sec = numbers[last]
        if numbers[last + N_NEXT] == DOT and last + w < end:
            last += w
            part = numbers[last]
    found = utc_us(year, month, day, hour, minute, sec)
    after = numbers[last + N_NEXT]
    if found != NONE and after in (PLUS, HYPHEN) and last + w < end:
        zone = numbers[last + w]
        minutes = zone * 60 if zone < 100 else zone // 100 * 60 + zone % 100
        if numbers[last + w + N_NEXT] == COLON and last + 2 * w < end:
            minutes += numbers[last + 2 * w]
        found += minutes * 60 * SECOND_US * (1 if after == HYPHEN else -1)
    return found + part if found != NONE else NONE


@njit(cache=True, _nrt=False)
def time_line_us(buf, a, b, gatehouse, numbers):
    """$PGHP,1,year,month,day,hour,minute,second,ms,... or $--ZDA,hhmmss.ss,day,month,year,..."""
    n = read_numbers(buf, a, b, numbers)
    w = N_WIDTH
    if gatehouse:
        if n < 8 or numbers[N_VALUE] != 1:
            return NONE
        found = utc_us(
            numbers[w],
            numbers[2 * w],
            numbers[3 * w],
            numbers[4 * w],
            numbers[5 * w],
            numbers[6 * w],
        )
        return found + numbers[7 * w] * 1000 if found != NONE else NONE
    if n < 4 or numbers[N_DIGITS] != 6:
        return NONE
    part, k = (numbers[w], 2) if numbers[N_NEXT] == DOT else (0, 1)
    if n < k + 3:
        return NONE
    clock = numbers[N_VALUE]
    day, month, year = numbers[k * w], numbers[(k + 1) * w], numbers[(k + 2) * w]
    found = utc_us(year, month, day, clock // 10_000, clock // 100 % 100, clock % 100)
    return found + part if found != NONE else NONE


@njit(cache=True, _nrt=False)
def field_end(buf, a, b):
    """Where the comma separated field that starts at `a` ends."""
    while a < b and buf[a] != COMMA:
        a += 1
    return a
