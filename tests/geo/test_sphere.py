"""The sphere: symmetric, inverse to itself, and the same on both sides of 180 degrees."""

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fairlead.geo import sphere

LAT = st.floats(-89.9, 89.9)
LON = st.floats(-180, 180)


@given(lat_1=LAT, lon_1=LON, lat_2=LAT, lon_2=LON)
def test_distance_is_symmetric_and_bounded(lat_1, lon_1, lat_2, lon_2):
    there = sphere.distance_m(lat_1, lon_1, lat_2, lon_2)
    assert there == pytest.approx(sphere.distance_m(lat_2, lon_2, lat_1, lon_1), abs=1e-3)
    assert 0.0 <= there <= math.pi * sphere.EARTH_RADIUS_M + 1.0


@given(lon=st.one_of(st.floats(-1080, 1080), st.floats(-180.0000001, -179.9999999)))
@example(lon=-180.00000000000003)
@example(lon=540.0)
def test_a_longitude_is_brought_home(lon):
    home = sphere.wrap_lon_deg(lon)
    assert -180.0 <= home < 180.0
    assert math.cos(math.radians(home - lon)) == pytest.approx(1.0)


@given(lat=LAT, lon=LON, direction=st.floats(0, 359.99), away_m=st.floats(1.0, 5_000_000.0))
def test_going_out_and_measuring_back_agree(lat, lon, direction, away_m):
    end = sphere.destination_deg(lat, lon, direction, away_m)
    assert sphere.distance_m(lat, lon, *end) == pytest.approx(away_m, rel=1e-6, abs=0.01)
    assert -180.0 <= end[1] < 180.0


@given(lat_1=LAT, lon_1=LON, lat_2=LAT, lon_2=LON, shift=st.floats(-360, 360))
def test_turning_the_globe_changes_no_distance(lat_1, lon_1, lat_2, lon_2, shift):
    before = sphere.distance_m(lat_1, lon_1, lat_2, lon_2)
    after = sphere.distance_m(lat_1, lon_1 + shift, lat_2, lon_2 + shift)
    assert after == pytest.approx(before, abs=0.1)


@given(lat_1=LAT, lon_1=LON, lat_2=LAT, lon_2=LON, share=st.floats(0, 1))
def test_a_point_midway_lies_on_the_way(lat_1, lon_1, lat_2, lon_2, share):
    whole = sphere.distance_m(lat_1, lon_1, lat_2, lon_2)
    if whole > 19_000_000.0:
        return
    lat, lon = sphere.midway_deg(lat_1, lon_1, lat_2, lon_2, share)
    assert sphere.distance_m(lat_1, lon_1, lat, lon) == pytest.approx(share * whole, abs=1.0)
    assert sphere.distance_m(lat, lon, lat_2, lon_2) == pytest.approx((1 - share) * whole, abs=1.0)


@given(
    lat=st.floats(-74, 74), lon=LON, north=st.floats(-0.02, 0.02), east=st.floats(-0.02, 0.02),
    share=st.floats(0, 1),
)  # fmt: skip
def test_between_near_points_the_straight_way_keeps_to_the_great_circle(
    lat, lon, north, east, share
):
    to = lat + north, lon + east
    at = sphere.midway_deg(lat, lon, *to, share)
    whole_m, bearing = sphere.distance_m(lat, lon, *to), sphere.bearing_deg(lat, lon, *to)
    assert sphere.distance_m(*at, *sphere.destination_deg(lat, lon, bearing, share * whole_m)) < 0.4


@given(lat=LAT, lon=LON, direction=st.floats(0, 359.99), away_m=st.floats(1.0, 100_000.0))
def test_the_tangent_plane_keeps_distance_and_direction(lat, lon, direction, away_m):
    end = sphere.destination_deg(lat, lon, direction, away_m)
    east, north = sphere.tangent_m(lat, lon, *end)
    assert math.hypot(east, north) == pytest.approx(away_m, rel=1e-6, abs=0.01)
    turned = sphere.turn_deg(direction, math.atan2(east, north) * 180.0 / math.pi)
    assert abs(turned) < 0.1 or away_m < 10.0


@given(
    lat=st.floats(-74, 74), lon=LON, north=st.floats(-0.6, 0.6), east=st.floats(-0.6, 0.6)
)  # fmt: skip
def test_a_leg_is_as_long_as_on_the_sphere_and_points_as_its_middle_does(lat, lon, north, east):
    to = lat + north, lon + east
    length_m, direction = sphere.leg(lat, lon, *to)
    whole = sphere.distance_m(lat, lon, *to)
    assert length_m == pytest.approx(whole, rel=2e-5, abs=1e-3)
    assert 0.0 <= direction < 360.0
    if whole > 100.0:
        out, back = sphere.bearing_deg(lat, lon, *to), sphere.bearing_deg(*to, lat, lon)
        ends = sorted((sphere.turn_deg(direction, out), sphere.turn_deg(direction, back + 180.0)))
        assert ends[0] <= 1e-3
        assert ends[1] >= -1e-3


def test_known_values():
    assert sphere.distance_m(0, 179.9, 0, -179.9) == pytest.approx(22_239.0, abs=0.1)
    assert sphere.bearing_deg(0, 179.9, 0, -179.9) == pytest.approx(90.0)
    assert sphere.turn_deg(350, 10) == 20
    assert sphere.turn_deg(10, 350) == -20
    assert sphere.wrap_lon_deg(180.0) == -180.0
    assert sphere.implied_speed_kn(0, 0, 0, 0, 1 / 60, 3_600_000_000) == pytest.approx(1, rel=2e-3)
    assert sphere.implied_speed_kn(0, 0, 5, 0, 1, 5) == math.inf
