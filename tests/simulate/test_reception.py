"""What is heard matches the model that says so."""

import numpy as np
import pytest

from fairlead.geo.sphere import M_PER_NM
from fairlead.simulate.reception import Receiver, heard_by, p_heard

COAST = Receiver("here", 0.0, 0.0, range_nm=40.0, best=0.9, soft_nm=5.0)


def hears(receiver: Receiver, distance_nm: float, n: int = 20_000, long_range: bool = False):
    seconds = np.linspace(0.0, 86_400.0, n)
    x_m, y_m = np.full(n, distance_nm * M_PER_NM), np.zeros(n)
    return heard_by(3, receiver, 0, seconds, np.full(n, long_range), x_m, y_m)


@pytest.mark.parametrize("distance_nm", [0.0, 20.0, 35.0, 40.0, 45.0, 60.0])
def test_the_share_heard_is_the_model_s(distance_nm):
    p = p_heard(COAST, distance_nm)
    assert hears(COAST, distance_nm).mean() == pytest.approx(p, abs=0.012)


def test_the_chance_falls_with_distance():
    chances = [p_heard(COAST, d) for d in range(0, 120, 5)]
    assert chances == sorted(chances, reverse=True)
    assert chances[8] == pytest.approx(0.45)


def test_an_outage_is_silence():
    down = Receiver("here", 0.0, 0.0, 40.0, silent_s=((1000.0, 80_000.0),))
    seconds = np.linspace(0.0, 86_400.0, 20_000)
    heard = hears(down, 1.0)
    assert not heard[(seconds >= 1000.0) & (seconds < 80_000.0)].any()
    assert heard[seconds < 1000.0].any()


def test_a_satellite_hears_only_long_range_messages_in_its_passes():
    high = Receiver("sat", 0.0, 0.0, 1500.0, best=0.5, satellite=True)
    assert not hears(high, 10.0).any()
    seconds = np.linspace(0.0, 86_400.0, 20_000)
    heard = hears(high, 10.0, long_range=True)
    passing = seconds % high.orbit_s < high.pass_s
    assert not heard[~passing].any()
    assert heard[passing].mean() == pytest.approx(0.5, abs=0.05)
    assert not hears(COAST, 1.0, long_range=True).any()
