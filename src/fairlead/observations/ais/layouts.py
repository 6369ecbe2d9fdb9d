"""Message types 1 to 28: the tables of ITU-R M.1371-5, annex 8, and 28 of its successor."""

from __future__ import annotations

from fairlead.observations.ais.application import BINARY_ADDRESSED, BINARY_BROADCAST
from fairlead.observations.ais.fields import (
    Field,
    Layout,
    data,
    dimensions,
    flag,
    lat,
    lon,
    scaled,
    second,
    text,
    uint,
)

FINE, LONG_RANGE = 600_000.0, 600.0
"""Positions per degree: 1/10,000 minute, and 1/10 minute."""

RADIO = 20
"""Selector flag and communication state, at the end of message 26 whatever its length."""

HEAD = (uint("msg_type", 0, 6), uint("repeat", 6, 2), uint("mmsi", 8, 30))


def _fine(first: int) -> tuple[Field, ...]:
    return (flag("accuracy", first), lon(first + 1, 28, FINE), lat(first + 29, 27, FINE))


def _course(first: int) -> Field:
    return scaled("course_deg", first, 12, 10.0, (3600, 4095))


def _heading(first: int) -> Field:
    return uint("heading_deg", first, 9, (360, 511))


def _area_corners(first: int) -> tuple[Field, ...]:
    return (
        lon(first, 18, LONG_RANGE, "ne_lon_deg"),
        lat(first + 18, 17, LONG_RANGE, "ne_lat_deg"),
        lon(first + 35, 18, LONG_RANGE, "sw_lon_deg"),
        lat(first + 53, 17, LONG_RANGE, "sw_lat_deg"),
    )


def _position(msg_type: int) -> Layout:
    return Layout(
        "position report",
        msg_type,
        "3.1",
        ((168, 168),),
        (
            uint("nav_status", 38, 4),
            Field("turn_rate_deg_min", 42, 8, "turn", na=(127, 129)),
            Field("turn_direction", 42, 8, "sign", na=(128, 128)),
            scaled("speed_kn", 50, 10, 10.0, 1023),
            *_fine(60),
            _course(116),
            _heading(128),
            *second(137),
            uint("manoeuvre", 143, 2, 0),
            flag("raim", 148),
            uint("radio", 149, 19),
        ),
    )


def _utc_report(msg_type: int) -> Layout:
    return Layout(
        "base station report" if msg_type == 4 else "utc and date response",
        msg_type,
        "3.2",
        ((168, 168),),
        (
            uint("utc_year", 38, 14, 0),
            uint("utc_month", 52, 4, 0),
            uint("utc_day", 56, 5, 0),
            uint("utc_hour", 61, 5, (24, 31)),
            uint("utc_minute", 66, 6, (60, 63)),
            uint("second", 72, 6, (60, 63)),
            *_fine(78),
            uint("epfd", 134, 4, 0),
            flag("long_range_control", 138),
            flag("raim", 148),
            uint("radio", 149, 19),
        ),
    )


def _acknowledge(msg_type: int) -> Layout:
    fields = []
    for k in range(4):
        fields.append(uint(f"ack_{k + 1}_mmsi", 40 + 32 * k, 30))
        fields.append(uint(f"ack_{k + 1}_sequence", 70 + 32 * k, 2))
    lengths = tuple((40 + 32 * n, 40 + 32 * n + 5) for n in range(1, 5))
    return Layout("acknowledgement", msg_type, "3.5", lengths, tuple(fields))


def _reservations() -> tuple[Field, ...]:
    fields: list[Field] = []
    for k in range(4):
        first, n = 40 + 30 * k, k + 1
        fields += [
            uint(f"reserved_{n}_offset_slots", first, 12),
            uint(f"reserved_{n}_slots", first + 12, 4),
            uint(f"reserved_{n}_timeout_min", first + 16, 3),
            uint(f"reserved_{n}_increment_slots", first + 19, 11),
        ]
    return tuple(fields)


STATIC = Layout(
    "ship static and voyage related data",
    5,
    "3.3",
    ((422, 428),),
    (
        uint("ais_version", 38, 2),
        uint("imo", 40, 30, 0),
        text("callsign", 70, 42),
        text("name", 112, 120),
        uint("ship_type", 232, 8, 0),
        *dimensions(240),
        uint("epfd", 270, 4, 0),
        Field("eta", 274, 20, "eta"),
        uint("eta_month", 274, 4, 0),
        uint("eta_day", 278, 5, 0),
        uint("eta_hour", 283, 5, (24, 31)),
        uint("eta_minute", 288, 6, (60, 63)),
        scaled("draught_m", 294, 8, 10.0, 0),
        text("destination", 302, 120),
        flag("dte", 422),
    ),
)

SAR_AIRCRAFT = Layout(
    "standard sar aircraft position report",
    9,
    "3.7",
    ((168, 168),),
    (
        uint("altitude_m", 38, 12, 4095),
        scaled("speed_kn", 50, 10, 1.0, 1023),
        *_fine(60),
        _course(116),
        *second(128),
        uint("regional", 134, 8),
        flag("dte", 142),
        flag("assigned", 146),
        flag("raim", 147),
        uint("radio", 148, 20),
    ),
)

UTC_INQUIRY = Layout("utc and date inquiry", 10, "3.8", ((72, 77),), (uint("dest_mmsi", 40, 30),))

SAFETY_ADDRESSED = Layout(
    "addressed safety related message",
    12,
    "3.10",
    ((72, 1013),),
    (
        uint("sequence", 38, 2),
        uint("dest_mmsi", 40, 30),
        flag("retransmit", 70),
        text("text", 72),
    ),
)

SAFETY_BROADCAST = Layout(
    "safety related broadcast message", 14, "3.12", ((40, 1013),), (text("text", 40),)
)

INTERROGATION = Layout(
    "interrogation",
    15,
    "3.13",
    ((88, 93), (108, 114), (160, 165)),
    (
        uint("interrogated_1_mmsi", 40, 30),
        uint("interrogated_1_first_type", 70, 6),
        uint("interrogated_1_first_offset_slots", 76, 12),
        uint("interrogated_1_second_type", 90, 6),
        uint("interrogated_1_second_offset_slots", 96, 12),
        uint("interrogated_2_mmsi", 110, 30),
        uint("interrogated_2_type", 140, 6),
        uint("interrogated_2_offset_slots", 146, 12),
    ),
)

ASSIGNMENT = Layout(
    "assigned mode command",
    16,
    "3.14",
    ((96, 101), (144, 149)),
    (
        uint("assigned_1_mmsi", 40, 30),
        uint("assigned_1_offset_slots", 70, 12),
        uint("assigned_1_increment_slots", 82, 10),
        uint("assigned_2_mmsi", 92, 30),
        uint("assigned_2_offset_slots", 122, 12),
        uint("assigned_2_increment_slots", 134, 10),
    ),
)

ASSIGNMENT_ONE = Layout(
    "assigned mode command to one station",
    16,
    "3.14",
    ((96, 101),),
    ASSIGNMENT.fields[:3],
)

DIFFERENTIAL = Layout(
    "gnss broadcast binary message",
    17,
    "3.15",
    ((80, 821),),
    (lon(40, 18, LONG_RANGE), lat(58, 17, LONG_RANGE), data(80)),
)

CLASS_B = Layout(
    "standard class b equipment position report",
    18,
    "3.16",
    ((168, 168),),
    (
        uint("regional", 38, 8),
        scaled("speed_kn", 46, 10, 10.0, 1023),
        *_fine(56),
        _course(112),
        _heading(124),
        *second(133),
        uint("regional_2", 139, 2),
        flag("carrier_sense", 141),
        flag("has_display", 142),
        flag("has_dsc", 143),
        flag("whole_band", 144),
        flag("accepts_message_22", 145),
        flag("assigned", 146),
        flag("raim", 147),
        uint("radio", 148, 20),
    ),
)

CLASS_B_EXTENDED = Layout(
    "extended class b equipment position report",
    19,
    "3.17",
    ((312, 317),),
    (
        uint("regional", 38, 8),
        scaled("speed_kn", 46, 10, 10.0, 1023),
        *_fine(56),
        _course(112),
        _heading(124),
        *second(133),
        uint("regional_2", 139, 4),
        text("name", 143, 120),
        uint("ship_type", 263, 8, 0),
        *dimensions(271),
        uint("epfd", 301, 4, 0),
        flag("raim", 305),
        flag("dte", 306),
        flag("assigned", 307),
    ),
)

LINK_MANAGEMENT = Layout(
    "data link management message",
    20,
    "3.18",
    ((70, 77), (100, 109), (130, 141), (160, 165)),
    _reservations(),
)

AID_TO_NAVIGATION = Layout(
    "aids-to-navigation report",
    21,
    "3.19",
    ((271, 365),),
    (
        uint("aid_type", 38, 5, 0),
        text("name", 43, 120),
        *_fine(163),
        *dimensions(219),
        uint("epfd", 249, 4, 0),
        *second(253),
        flag("off_position", 259),
        uint("regional", 260, 8),
        flag("raim", 268),
        flag("virtual_aid", 269),
        flag("assigned", 270),
        text("name_extension", 272),
    ),
)

CHANNELS = (
    uint("channel_a", 40, 12),
    uint("channel_b", 52, 12),
    uint("transmit_mode", 64, 4),
    flag("low_power", 68),
)
CHANNELS_END = (
    flag("addressed", 139),
    flag("band_a", 140),
    flag("band_b", 141),
    uint("zone_size_nm", 142, 3),
)

CHANNELS_BROADCAST = Layout(
    "channel management for an area",
    22,
    "3.20",
    ((168, 168),),
    (*CHANNELS, *_area_corners(69), *CHANNELS_END),
    when=((139, 1, 0, 0),),
)

CHANNELS_ADDRESSED = Layout(
    "channel management for stations",
    22,
    "3.20",
    ((168, 168),),
    (*CHANNELS, uint("dest_mmsi", 69, 30), uint("dest_2_mmsi", 104, 30), *CHANNELS_END),
    when=((139, 1, 1, 1),),
)

GROUP_ASSIGNMENT = Layout(
    "group assignment command",
    23,
    "3.21",
    ((160, 168),),
    (
        *_area_corners(40),
        uint("station_type", 110, 4),
        uint("ship_type", 114, 8, 0),
        uint("transmit_mode", 144, 2),
        uint("report_interval", 146, 4),
        uint("quiet_min", 150, 4, 0),
    ),
)

STATIC_A = Layout(
    "static data report part a",
    24,
    "3.22",
    ((160, 168),),
    (uint("part", 38, 2), text("name", 40, 120)),
    when=((38, 2, 0, 0),),
)

VENDOR = (
    uint("part", 38, 2),
    uint("ship_type", 40, 8, 0),
    text("vendor", 48, 18),
    uint("unit_model", 66, 4),
    uint("serial_number", 70, 20),
    text("callsign", 90, 42),
)

STATIC_B_CRAFT = Layout(
    "static data report part b of an auxiliary craft",
    24,
    "3.22",
    ((162, 168),),
    (*VENDOR, uint("mothership_mmsi", 132, 30), uint("epfd", 162, 4, 0)),
    when=((38, 2, 1, 1), (8, 30, 980_000_000, 989_999_999)),
)

STATIC_B = Layout(
    "static data report part b",
    24,
    "3.22",
    ((162, 168),),
    (*VENDOR, *dimensions(132), uint("epfd", 162, 4, 0)),
    when=((38, 2, 1, 1),),
)


def _binary(msg_type: int, clause: str, addressed: int, structured: int, bits: int) -> Layout:
    """Messages 25 and 26: the destination and the application identifier are optional."""
    at = 40
    fields = [flag("addressed", 38), flag("structured", 39)]
    if addressed:
        fields.append(uint("dest_mmsi", at, 30))
        at += 30
    if structured:
        fields += [uint("dac", at, 10), uint("fi", at + 10, 6)]
        at += 16
    if msg_type == 26:
        fields += [data(at, -RADIO), uint("radio", -RADIO, RADIO)]
        at += RADIO
    else:
        fields.append(data(at))
    name = ("addressed " if addressed else "broadcast ") + "binary message"
    return Layout(
        name,
        msg_type,
        clause,
        ((at, bits),),
        tuple(fields),
        when=((38, 1, addressed, addressed), (39, 1, structured, structured)),
    )


LONG_RANGE_REPORT = Layout(
    "long-range automatic identification system broadcast message",
    27,
    "3.25",
    ((96, 101), (168, 168)),
    (
        flag("accuracy", 38),
        flag("raim", 39),
        uint("nav_status", 40, 4),
        lon(44, 18, LONG_RANGE),
        lat(62, 17, LONG_RANGE),
        scaled("speed_kn", 79, 6, 1.0, 63),
        scaled("course_deg", 85, 9, 1.0, (360, 511)),
        flag("position_older_than_5_s", 94),
    ),
)

AID_STATUS = Layout(
    "aids-to-navigation status and restriction",
    28,
    "successor of M.1371-5",
    ((168, 168),),
    (
        *second(38),
        lon(44, 28, FINE),
        lat(72, 27, FINE),
        uint("restricted_use", 99, 2),
        uint("station_type", 101, 3),
        uint("aid_type", 104, 7, 0),
        uint("iala_mrn", 111, 17),
        uint("dimension_kind", 128, 4),
        uint("dimension_a", 132, 9),
        uint("dimension_b", 141, 11),
        flag("dimension_more", 152),
        flag("charted", 153),
        uint("station_status", 154, 4),
        uint("status_bits", 158, 8),
        flag("authenticated", 167),
    ),
)

_PAIRS = ((0, 0), (0, 1), (1, 0), (1, 1))

LAYOUTS: tuple[Layout, ...] = (
    *(_position(t) for t in (1, 2, 3)),
    _utc_report(4),
    STATIC,
    *BINARY_ADDRESSED,
    _acknowledge(7),
    *BINARY_BROADCAST,
    SAR_AIRCRAFT,
    UTC_INQUIRY,
    _utc_report(11),
    SAFETY_ADDRESSED,
    _acknowledge(13),
    SAFETY_BROADCAST,
    INTERROGATION,
    ASSIGNMENT_ONE,
    ASSIGNMENT,
    DIFFERENTIAL,
    CLASS_B,
    CLASS_B_EXTENDED,
    LINK_MANAGEMENT,
    AID_TO_NAVIGATION,
    CHANNELS_BROADCAST,
    CHANNELS_ADDRESSED,
    GROUP_ASSIGNMENT,
    STATIC_A,
    STATIC_B_CRAFT,
    STATIC_B,
    *(_binary(25, "3.23", a, s, 173) for a, s in _PAIRS),
    *(_binary(26, "3.24", a, s, 1069) for a, s in _PAIRS),
    LONG_RANGE_REPORT,
    AID_STATUS,
)
"""In the order in which variants of a type are tried."""
