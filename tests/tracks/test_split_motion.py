"""The densities behind the assignment: what must not look likely, and what timing may say."""

import numpy as np

from fairlead.tracks.cadence import log_on_beat
from fairlead.tracks.hulls import Hulls
from fairlead.tracks.motion import HULL, advance, begin, log_fit

SHIPS = Hulls()._motion(60.0, 16.0)
S_US = 1_000_000


def moored(speed_m_s, n=5, every_s=30):
    """A hull that has sent n rows from one place, with that reported velocity to the east."""
    hull = np.zeros(1, HULL)
    north = speed_m_s * 0.0
    begin(hull[0], 1, 0, 7, 50.0, 0.0, 8.0, speed_m_s, north, 180.0)
    for i in range(1, n):
        advance(hull[0], i, 7 + i * every_s * S_US, 50.0, 0.0, 8.0, speed_m_s, north)
    return hull[0]


def test_a_hull_at_rest_does_not_leap_whether_it_reports_no_speed_or_none_at_all():
    for speed_m_s in (0.0, np.nan):
        hull = moored(speed_m_s)
        at_us = int(hull["time_us"]) + 30 * S_US
        fits = [
            log_fit(hull, at_us, 50.0 + away_m / 111_195.0, 0.0, 8.0, speed_m_s, speed_m_s, SHIPS)
            for away_m in (0.0, 150.0, 840.0)
        ]
        assert fits[0] > fits[1] + 5.0 > fits[2] + 5.0


def test_a_row_on_the_beat_of_a_hull_is_likelier_than_one_off_it():
    hull = moored(np.nan, n=40)
    last_us = int(hull["time_us"])
    on, off = (log_on_beat(hull, last_us + s * S_US) for s in (90, 75))
    assert on > 1.0
    assert off < -1.0
    assert log_on_beat(hull, last_us + 5_000 * S_US) == 0.0
