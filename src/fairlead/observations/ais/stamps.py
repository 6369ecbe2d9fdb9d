"""Times as receivers write them into the text around a sentence. Kernels: UTC microseconds, or -1."""

from __future__ import annotations

from numba import njit

NONE = -1
SECOND_US = 1_000_000
DAY_US = 86_400_000_000

ZERO, NINE, DOT, COMMA, COLON, HYPHEN, SLASH = 48, 57, 46, 44, 58, 45, 47


@njit(cache=True)
def utc_us(year, month, day, hour, minute, sec):
    """Microseconds since 1970 of a proleptic Gregorian date (Hinnant's days_from_civil)."""
    y = year - (1 if month <= 2 else 0)
    era = y // 400
    yoe = y - era * 400
    doy = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    days = era * 146_097 + yoe * 365 + yoe // 4 - yoe // 100 + doy - 719_468
    return days * DAY_US + ((hour * 60 + minute) * 60 + sec) * SECOND_US


@njit(cache=True)
def is_utc(year, month, day, hour, minute, sec):
    """Whether the numbers are a moment of the years 1990 to 2100; day 31 is let pass."""
    return (
        1990 <= year <= 2100
        and 1 <= month <= 12
        and 1 <= day <= 31
        and 0 <= hour < 24
        and 0 <= minute < 60
        and 0 <= sec <= 60
    )


@njit(cache=True)
def digits(buf, a, b, longest):
    """The number that starts at `a`, and where its digits end (`a` when there are none)."""
    value = 0
    q = a
    while q < b and q - a < longest and ZERO <= buf[q] <= NINE:
        value = value * 10 + (buf[q] - ZERO)
        q += 1
    return value, q


@njit(cache=True)
def fraction_us(buf, q, b):
    """Microseconds of a decimal fraction that starts with its point at `q`, and its end."""
    if q >= b or buf[q] != DOT:
        return 0, q
    q += 1
    us = 0
    scale = 100_000
    while q < b and ZERO <= buf[q] <= NINE:
        us += (buf[q] - ZERO) * scale
        scale //= 10
        q += 1
    return us, q


@njit(cache=True)
def epoch_us(buf, a, b):
    """An epoch in seconds (9 to 11 digits), milliseconds (12 to 14) or microseconds (15, 16)."""
    value, q = digits(buf, a, b, 16)
    n = q - a
    if n < 9 or (q < b and ZERO <= buf[q] <= NINE):
        return NONE, q
    if n <= 11:
        part, end = fraction_us(buf, q, b)
        return value * SECOND_US + part, end
    if n <= 14:
        return value * 1000, q
    return value, q


@njit(cache=True)
def iso_us(buf, a, b):
    """`2015-01-31T12:00:00.5+02:00` and its relatives with a blank or slashes."""
    year, q = digits(buf, a, b, 4)
    if q != a + 4 or q >= b or (buf[q] != HYPHEN and buf[q] != SLASH):
        return NONE
    month, m = digits(buf, q + 1, b, 2)
    if m == q + 1 or m >= b or buf[m] != buf[q]:
        return NONE
    day, d = digits(buf, m + 1, b, 2)
    if d == m + 1 or d >= b:
        return NONE
    hour, h = digits(buf, d + 1, b, 2)
    if h == d + 1 or h >= b or buf[h] != COLON:
        return NONE
    minute, i = digits(buf, h + 1, b, 2)
    if i == h + 1:
        return NONE
    sec, us, s = 0, 0, i
    if i < b and buf[i] == COLON:
        sec, s = digits(buf, i + 1, b, 2)
        us, s = fraction_us(buf, s, b)
    if not is_utc(year, month, day, hour, minute, sec):
        return NONE
    return utc_us(year, month, day, hour, minute, sec) + us - _zone_us(buf, s, b)


@njit(cache=True)
def _zone_us(buf, s, b):
    """Offset from UTC written as +02:00 or -0330; nothing or Z is UTC."""
    if s >= b or (buf[s] != 43 and buf[s] != HYPHEN):
        return 0
    hours, h = digits(buf, s + 1, b, 2)
    if h < b and buf[h] == COLON:
        h += 1
    minutes, _ = digits(buf, h, b, 2)
    offset = (hours * 60 + minutes) * 60 * SECOND_US
    return -offset if buf[s] == HYPHEN else offset


@njit(cache=True)
def stamp_us(buf, a, b):
    """The first epoch or ISO-8601 time in the text from `a` to `b`."""
    q = a
    while q < b:
        if ZERO <= buf[q] <= NINE:
            if q + 4 < b and (buf[q + 4] == HYPHEN or buf[q + 4] == SLASH):
                found = iso_us(buf, q, b)
                if found != NONE:
                    return found
            found, end = epoch_us(buf, q, b)
            if found != NONE:
                return found
            while q < b and ZERO <= buf[q] <= NINE:
                q += 1
        else:
            q += 1
    return NONE


@njit(cache=True)
def comma_field(buf, a, b, n):
    """Start and end of the n-th comma separated field from `a`, the first being 0."""
    q = a
    for _ in range(n):
        while q < b and buf[q] != COMMA:
            q += 1
        q += 1
    end = q
    while end < b and buf[end] != COMMA:
        end += 1
    return min(q, b), min(end, b)


@njit(cache=True)
def gatehouse_us(buf, a, b):
    """$PGHP,1,year,month,day,hour,minute,second,millisecond,country,region,station,..."""
    at, end = comma_field(buf, a, b, 2)
    year, q = digits(buf, at, end, 4)
    at, end = comma_field(buf, end + 1, b, 0)
    month, q = digits(buf, at, end, 2)
    at, end = comma_field(buf, end + 1, b, 0)
    day, q = digits(buf, at, end, 2)
    at, end = comma_field(buf, end + 1, b, 0)
    hour, q = digits(buf, at, end, 2)
    at, end = comma_field(buf, end + 1, b, 0)
    minute, q = digits(buf, at, end, 2)
    at, end = comma_field(buf, end + 1, b, 0)
    sec, q = digits(buf, at, end, 2)
    at, end = comma_field(buf, end + 1, b, 0)
    ms, q = digits(buf, at, end, 3)
    if not is_utc(year, month, day, hour, minute, sec):
        return NONE
    return utc_us(year, month, day, hour, minute, sec) + ms * 1000


@njit(cache=True)
def zda_us(buf, a, b):
    """$--ZDA,hhmmss.ss,dd,mm,yyyy,..."""
    at, end = comma_field(buf, a, b, 1)
    clock, q = digits(buf, at, end, 6)
    if q != at + 6:
        return NONE
    us, q = fraction_us(buf, q, end)
    at, end = comma_field(buf, end + 1, b, 0)
    day, q = digits(buf, at, end, 2)
    at, end = comma_field(buf, end + 1, b, 0)
    month, q = digits(buf, at, end, 2)
    at, end = comma_field(buf, end + 1, b, 0)
    year, q = digits(buf, at, end, 4)
    hour, minute, sec = clock // 10_000, clock // 100 % 100, clock % 100
    if not is_utc(year, month, day, hour, minute, sec):
        return NONE
    return utc_us(year, month, day, hour, minute, sec) + us
