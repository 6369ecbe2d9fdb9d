"""Messages 6 and 8 and their application messages.

Layouts of IMO SN.1/Circ.289 (and SN/Circ.236 for the older met/hydro report), and of the inland
waterways' ship static data (ECE/TRANS/SC.3/176). Any other application keeps its bytes in `data`.
"""

from __future__ import annotations

from fairlead.observations.ais.fields import Field, Layout, data, flag, lat, lon, scaled, text, uint

MINUTE_1000 = 60_000.0
"""Positions per degree in 1/1,000 minute."""

_ADDRESSED = (
    uint("sequence", 38, 2),
    uint("dest_mmsi", 40, 30),
    flag("retransmit", 70),
    uint("dac", 72, 10),
    uint("fi", 82, 6),
)
_BROADCAST = (uint("dac", 40, 10), uint("fi", 50, 6))


def _addressed(
    name: str, dac: int, fi: int, bits: tuple[int, int], fields: tuple[Field, ...]
) -> Layout:
    when = ((72, 10, dac, dac), (82, 6, fi, fi))
    return Layout(name, 6, "3.4", (bits,), (*_ADDRESSED, *fields, data(88)), when)


def _broadcast(
    name: str, dac: int, fi: int, bits: tuple[int, int], fields: tuple[Field, ...]
) -> Layout:
    when = ((40, 10, dac, dac), (50, 6, fi, fi))
    return Layout(name, 8, "3.6", (bits,), (*_BROADCAST, *fields, data(56)), when)


def _month_to_minute(first: int, prefix: str) -> tuple[Field, ...]:
    return (
        uint(f"{prefix}_month", first, 4, 0),
        uint(f"{prefix}_day", first + 4, 5, 0),
        uint(f"{prefix}_hour", first + 9, 5, (24, 31)),
        uint(f"{prefix}_minute", first + 14, 6, (60, 63)),
    )


def _met_time(first: int) -> tuple[Field, ...]:
    return (
        uint("met_day", first, 5, 0),
        uint("met_hour", first + 5, 5, (24, 31)),
        uint("met_minute", first + 10, 6, (60, 63)),
    )


def _wind(first: int, no_direction: tuple[int, int]) -> tuple[Field, ...]:
    return (
        uint("wind_kn", first, 7, 127),
        uint("gust_kn", first + 7, 7, 127),
        uint("wind_from_deg", first + 14, 9, no_direction),
        uint("gust_from_deg", first + 23, 9, no_direction),
    )


def _sea(first: int, no_direction: tuple[int, int]) -> tuple[Field, ...]:
    """Currents at three depths, waves, swell and sea state: the same 111 bits in both reports."""
    return (
        scaled("current_kn", first, 8, 10.0, 255),
        uint("current_toward_deg", first + 8, 9, no_direction),
        scaled("current_2_kn", first + 17, 8, 10.0, 255),
        uint("current_2_toward_deg", first + 25, 9, no_direction),
        uint("current_2_depth_m", first + 34, 5, 31),
        scaled("current_3_kn", first + 39, 8, 10.0, 255),
        uint("current_3_toward_deg", first + 47, 9, no_direction),
        uint("current_3_depth_m", first + 56, 5, 31),
        scaled("wave_height_m", first + 61, 8, 10.0, 255),
        uint("wave_period_s", first + 69, 6, 63),
        uint("wave_from_deg", first + 75, 9, no_direction),
        scaled("swell_height_m", first + 84, 8, 10.0, 255),
        uint("swell_period_s", first + 92, 6, 63),
        uint("swell_from_deg", first + 98, 9, no_direction),
        uint("sea_state", first + 107, 4, (13, 15)),
    )


MET_HYDRO_31 = (
    lon(56, 25, MINUTE_1000),
    lat(81, 24, MINUTE_1000),
    flag("accuracy", 105),
    *_met_time(106),
    *_wind(122, (360, 511)),
    scaled("air_temperature_c", 154, 11, 10.0, 1024, signed=True),
    uint("humidity_pct", 165, 7, (101, 127)),
    scaled("dew_point_c", 172, 10, 10.0, (501, 511), signed=True),
    scaled("pressure_hpa", 182, 9, 1.0, (403, 511), plus=799.0),
    uint("pressure_trend", 191, 2, 3),
    flag("visibility_at_least", 193),
    scaled("visibility_nm", 194, 7, 10.0, 127),
    scaled("water_level_m", 201, 12, 100.0, (4001, 4095), plus=-10.0),
    uint("water_level_trend", 213, 2, 3),
    *_sea(215, (360, 511)),
    scaled("water_temperature_c", 326, 10, 10.0, (501, 511), signed=True),
    uint("precipitation", 336, 3, 7),
    scaled("salinity_permille", 339, 9, 10.0, (510, 511)),
    uint("ice", 348, 2, 3),
)

MET_HYDRO_11 = (
    lat(56, 24, MINUTE_1000),
    lon(80, 25, MINUTE_1000),
    *_met_time(105),
    *_wind(121, (360, 511)),
    scaled("air_temperature_c", 153, 11, 10.0, 2047, plus=-60.0),
    uint("humidity_pct", 164, 7, (101, 127)),
    scaled("dew_point_c", 171, 10, 10.0, 1023, plus=-20.0),
    scaled("pressure_hpa", 181, 9, 1.0, (401, 511), plus=800.0),
    uint("pressure_trend", 190, 2, 3),
    scaled("visibility_nm", 192, 8, 10.0, 255),
    scaled("water_level_m", 200, 9, 10.0, 511, plus=-10.0),
    uint("water_level_trend", 209, 2, 3),
    *_sea(211, (360, 511)),
    scaled("water_temperature_c", 322, 10, 10.0, 1023, plus=-10.0),
    uint("precipitation", 332, 3, 7),
    scaled("salinity_permille", 335, 9, 10.0, (510, 511)),
    uint("ice", 344, 2, 3),
)


def _area_notice(first: int) -> tuple[Field, ...]:
    return (
        uint("linkage", first, 10, 0),
        uint("notice", first + 10, 7, 127),
        *_month_to_minute(first + 17, "notice"),
        uint("notice_duration_min", first + 37, 18, 262_143),
        Field("areas", first + 55, 0, "bytes"),
    )


_EQUIPMENT = [
    "ais",
    "ata",
    "bnwas",
    "ecdis_backup",
    "paper_chart",
    "echo_sounder",
    "epaid",
    "steering",
    "gnss",
    "gyro",
    "lrit",
    "magnetic_compass",
    "navtex",
    "arpa",
    "s_band_radar",
    "x_band_radar",
    "hf_radio",
    "inmarsat",
    "mf_radio",
    "vhf_radio",
    "ground_log",
    "water_log",
    "thd",
    "track_control",
    "vdr",
]

VOYAGE_EXTENDED = (
    uint("linkage", 56, 10, 0),
    scaled("air_draught_m", 66, 13, 100.0, 0),
    text("last_port", 79, 30),
    text("next_port", 109, 30),
    text("second_port", 139, 30),
    *(uint(f"{name}_state", 169 + 2 * k, 2, 0) for k, name in enumerate(_EQUIPMENT)),
    uint("ice_class", 221, 4, 15),
    uint("shaft_power_hp", 225, 18, 262_143),
    uint("vhf_channel", 243, 12, 0),
    text("lloyds_ship_type", 255, 42),
    uint("gross_tonnage", 297, 18, 262_143),
    uint("laden", 315, 2, 0),
    uint("heavy_fuel_oil", 317, 2, 0),
    uint("light_fuel_oil", 319, 2, 0),
    uint("diesel_oil", 321, 2, 0),
    uint("bunker_oil_t", 323, 14, 16_383),
    uint("persons_on_board", 337, 13, 0),
)

INLAND_STATIC = (
    text("european_vessel_id", 56, 48),
    scaled("length_m", 104, 13, 10.0, 0),
    scaled("beam_m", 117, 10, 10.0, 0),
    uint("inland_ship_type", 127, 14),
    uint("hazardous_cargo", 141, 3, 5),
    scaled("inland_draught_m", 144, 11, 100.0, 0),
    uint("laden", 155, 2, 0),
    flag("speed_quality_high", 157),
    flag("course_quality_high", 158),
    flag("heading_quality_high", 159),
)

BINARY_ADDRESSED: tuple[Layout, ...] = (
    _addressed(
        "number of persons on board", 1, 16, (101, 141), (uint("persons_on_board", 88, 13, 0),)
    ),
    _addressed("area notice, addressed", 1, 23, (143, 1013), _area_notice(88)),
    Layout("binary addressed message", 6, "3.4", ((88, 1013),), (*_ADDRESSED, data(88))),
)

BINARY_BROADCAST: tuple[Layout, ...] = (
    _broadcast("meteorological and hydrological data", 1, 11, (346, 365), MET_HYDRO_11),
    _broadcast("meteorological and hydrological data", 1, 31, (350, 365), MET_HYDRO_31),
    _broadcast("area notice", 1, 22, (111, 1013), _area_notice(56)),
    _broadcast("extended ship static and voyage data", 1, 24, (350, 365), VOYAGE_EXTENDED),
    _broadcast("inland ship static and voyage data", 200, 10, (160, 173), INLAND_STATIC),
    Layout("binary broadcast message", 8, "3.6", ((56, 1013),), (*_BROADCAST, data(56))),
)
"""The last of each takes what no other does."""
