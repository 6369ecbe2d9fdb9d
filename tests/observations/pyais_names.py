"""pyais 3.3.1's field names and values against ours, for tests that compare the two decoders.

Each entry of a type maps pyais' attribute to our column, with what pyais' value is in our terms.
`None` as result means that we call the value not available.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fairlead.observations.ais.columns import FIELDS_BY_NAME

Convert = Callable[[Any], Any]


def same(value: Any) -> Any:
    return int(value) if not isinstance(value, str | bytes | float) else value


def text(value: str | None) -> str | None:
    return value or None


def octets(value: bytes | None) -> bytes | None:
    return value or None


def none_at(*missing: float) -> Convert:
    return lambda value: None if value in missing else same(value)


def none_from(lowest: float) -> Convert:
    return lambda value: None if value >= lowest else same(value)


def tenth_minutes(value: float) -> float:
    """pyais leaves 1/10 minutes as minutes."""
    return value / 60.0


def turn(value: Any) -> Any:
    """pyais rounds the rate to whole degrees per minute and has names for the special values."""
    return None if type(value).__name__ == "TurnRate" else value


def second_status(value: int) -> int | None:
    return value if value >= 60 else None


LON, LAT = ("lon_deg", none_at(181.0)), ("lat_deg", none_at(91.0))
HEAD = {"msg_type": ("msg_type", same), "repeat": ("repeat", same), "mmsi": ("mmsi", same)}
COURSE = ("course_deg", none_from(360.0))
HEADING = ("heading_deg", none_from(360))
SECOND = ("second", none_from(60))
RAIM, RADIO = ("raim", same), ("radio", same)
FIX = {"accuracy": ("accuracy", same), "lon": LON, "lat": LAT}
ZERO = none_at(0)

POSITION = FIX | {
    "status": ("nav_status", same),
    "turn": ("turn_rate_deg_min", turn),
    "speed": ("speed_kn", none_at(102.3)),
    "course": COURSE,
    "heading": HEADING,
    "second": SECOND,
    "maneuver": ("manoeuvre", ZERO),
    "raim": RAIM,
    "radio": RADIO,
}
UTC = FIX | {
    "year": ("utc_year", ZERO),
    "month": ("utc_month", ZERO),
    "day": ("utc_day", ZERO),
    "hour": ("utc_hour", none_from(24)),
    "minute": ("utc_minute", none_from(60)),
    "second": SECOND,
    "epfd": ("epfd", ZERO),
    "raim": RAIM,
    "radio": RADIO,
}
DIMENSIONS = {
    f"to_{side}": (f"to_{side}_m", same) for side in ("bow", "stern", "port", "starboard")
}
SHIP = {
    "callsign": ("callsign", text),
    "shipname": ("name", text),
    "ship_type": ("ship_type", ZERO),
    **DIMENSIONS,
    "epfd": ("epfd", ZERO),
}
STATIC = SHIP | {
    "ais_version": ("ais_version", same),
    "imo": ("imo", ZERO),
    "month": ("eta_month", ZERO),
    "day": ("eta_day", ZERO),
    "hour": ("eta_hour", none_from(24)),
    "minute": ("eta_minute", none_from(60)),
    "draught": ("draught_m", ZERO),
    "destination": ("destination", text),
    "dte": ("dte", same),
}
ADDRESSED = {
    "seqno": ("sequence", same),
    "dest_mmsi": ("dest_mmsi", same),
    "retransmit": ("retransmit", same),
}
APPLICATION = {"dac": ("dac", same), "fid": ("fi", same), "data": ("data", octets)}
ACK = {f"mmsi{k}": (f"ack_{k}_mmsi", same) for k in range(1, 5)} | {
    f"mmsiseq{k}": (f"ack_{k}_sequence", same) for k in range(1, 5)
}
CLASS_B = FIX | {
    "reserved_1": ("regional", same),
    "reserved_2": ("regional_2", same),
    "speed": ("speed_kn", none_at(102.3)),
    "course": COURSE,
    "heading": HEADING,
    "second": SECOND,
    "assigned": ("assigned", same),
    "raim": RAIM,
}
CORNERS = {
    f"{corner}_{axis}": (
        f"{corner}_{axis}_deg",
        lambda v, top=top: None if tenth_minutes(v) == top else tenth_minutes(v),
    )
    for corner in ("ne", "sw")
    for axis, top in (("lon", 181.0), ("lat", 91.0))
}
BINARY = {
    "addressed": ("addressed", same),
    "structured": ("structured", same),
    "dest_mmsi": ("dest_mmsi", same),
    "data": ("data", octets),
}

_NO_DIRECTION = none_from(360)
MET = {
    "lat": LAT,
    "lon": LON,
    "accuracy": ("accuracy", same),
    "day": ("met_day", ZERO),
    "hour": ("met_hour", none_from(24)),
    "minute": ("met_minute", none_from(60)),
    "wspeed": ("wind_kn", none_at(127)),
    "wgust": ("gust_kn", none_at(127)),
    "wdir": ("wind_from_deg", _NO_DIRECTION),
    "wgustdir": ("gust_from_deg", _NO_DIRECTION),
    "airtemp": ("air_temperature_c", none_at(-102.4, 144.7)),
    "humidity": ("humidity_pct", none_from(101)),
    "pressuretend": ("pressure_trend", none_at(3)),
    "leveltrend": ("water_level_trend", none_at(3)),
    "cspeed": ("current_kn", none_at(25.5)),
    "cdir": ("current_toward_deg", _NO_DIRECTION),
    "cspeed2": ("current_2_kn", none_at(25.5)),
    "cdir2": ("current_2_toward_deg", _NO_DIRECTION),
    "cdepth2": ("current_2_depth_m", none_at(31)),
    "cspeed3": ("current_3_kn", none_at(25.5)),
    "cdir3": ("current_3_toward_deg", _NO_DIRECTION),
    "cdepth3": ("current_3_depth_m", none_at(31)),
    "waveheight": ("wave_height_m", none_at(25.5)),
    "waveperiod": ("wave_period_s", none_at(63)),
    "wavedir": ("wave_from_deg", _NO_DIRECTION),
    "swellheight": ("swell_height_m", none_at(25.5)),
    "swellperiod": ("swell_period_s", none_at(63)),
    "swelldir": ("swell_from_deg", _NO_DIRECTION),
    "seastate": ("sea_state", none_from(13)),
    "preciptype": ("precipitation", none_at(7)),
    "salinity": ("salinity_permille", none_from(51.0)),
    "ice": ("ice", none_at(3)),
}
MET_11 = MET | {
    "dewpoint": ("dew_point_c", none_at(82.3)),
    "pressure": ("pressure_hpa", none_from(1201)),
    "visibility": ("visibility_nm", none_at(25.5)),
    "waterlevel": ("water_level_m", none_at(41.1)),
    "watertemp": ("water_temperature_c", none_at(92.3)),
}
MET_31 = MET | {
    "dewpoint": ("dew_point_c", none_from(50.1)),
    "pressure": ("pressure_hpa", none_from(1202)),
    "visgreater": ("visibility_at_least", same),
    "visibility": ("visibility_nm", none_at(12.7)),
    "waterlevel": ("water_level_m", none_from(30.01)),
    "watertemp": ("water_temperature_c", none_from(50.1)),
}
VOYAGE = {
    "linkage": ("linkage", ZERO),
    "airdraught": ("air_draught_m", ZERO),
    "lastport": ("last_port", text),
    "nextport": ("next_port", text),
    "secondport": ("second_port", text),
    "iceclass": ("ice_class", none_at(15)),
    "horsepower": ("shaft_power_hp", none_at(262_143)),
    "vhfchan": ("vhf_channel", ZERO),
    "lshiptype": ("lloyds_ship_type", text),
    "tonnage": ("gross_tonnage", none_at(262_143)),
    "lading": ("laden", ZERO),
    "heavyoil": ("heavy_fuel_oil", ZERO),
    "lightoil": ("light_fuel_oil", ZERO),
    "dieseloil": ("diesel_oil", ZERO),
    "totaloil": ("bunker_oil_t", none_at(16_383)),
    "persons": ("persons_on_board", ZERO),
}
INLAND = {
    "vin": ("european_vessel_id", text),
    "length": ("length_m", ZERO),
    "beam": ("beam_m", ZERO),
    "shiptype": ("inland_ship_type", same),
    "hazard": ("hazardous_cargo", none_at(5)),
    "draught": ("inland_draught_m", ZERO),
    "loaded": ("laden", ZERO),
    "speed_q": ("speed_quality_high", same),
    "course_q": ("course_quality_high", same),
    "heading_q": ("heading_quality_high", same),
}
NOTICE = {
    "linkage": ("linkage", ZERO),
    "notice": ("notice", none_at(127)),
    "month": ("notice_month", ZERO),
    "day": ("notice_day", ZERO),
    "hour": ("notice_hour", none_from(24)),
    "minute": ("notice_minute", none_from(60)),
    "duration": ("notice_duration_min", none_at(262_143)),
    "area_data": ("areas", octets),
}
VENDOR = {
    "partno": ("part", same),
    "ship_type": ("ship_type", ZERO),
    "vendorid": ("vendor", text),
    "model": ("unit_model", same),
    "serial": ("serial_number", same),
    "callsign": ("callsign", text),
    **DIMENSIONS,
    "mothership_mmsi": ("mothership_mmsi", same),
}
CHANNELS = {
    "channel_a": ("channel_a", same),
    "channel_b": ("channel_b", same),
    "txrx": ("transmit_mode", same),
    "power": ("low_power", same),
    "addressed": ("addressed", same),
    "band_a": ("band_a", same),
    "band_b": ("band_b", same),
    "zonesize": ("zone_size_nm", same),
}

BY_CLASS: dict[str, dict[str, tuple[str, Convert]]] = {
    **dict.fromkeys(("MessageType1", "MessageType2", "MessageType3"), POSITION),
    **dict.fromkeys(("MessageType4", "MessageType11"), UTC),
    "MessageType5": STATIC,
    "MessageType6Default": ADDRESSED | APPLICATION,
    "MessageType6Dac1Fid16B": ADDRESSED | APPLICATION | {"persons": ("persons_on_board", ZERO)},
    "MessageType6Dac1Fid23": ADDRESSED | APPLICATION | NOTICE,
    **dict.fromkeys(("MessageType7", "MessageType13"), ACK),
    "MessageType8Default": APPLICATION,
    "MessageType8Dac1Fid11": APPLICATION | MET_11,
    "MessageType8Dac1Fid31": APPLICATION | MET_31,
    "MessageType8Dac1Fid22": APPLICATION | NOTICE,
    "MessageType8Dac1Fid24": APPLICATION | VOYAGE,
    "MessageType8Dac200Fid10": APPLICATION | INLAND,
    "MessageType9": FIX
    | {
        "alt": ("altitude_m", none_at(4095)),
        "speed": ("speed_kn", none_at(1023)),
        "course": COURSE,
        "second": SECOND,
        "reserved_1": ("regional", same),
        "dte": ("dte", same),
        "assigned": ("assigned", same),
        "raim": RAIM,
        "radio": RADIO,
    },
    "MessageType10": {"dest_mmsi": ("dest_mmsi", same)},
    "MessageType12": ADDRESSED | {"text": ("text", text)},
    "MessageType14": {"text": ("text", text)},
    "MessageType15": {
        "mmsi1": ("interrogated_1_mmsi", same),
        "type1_1": ("interrogated_1_first_type", same),
        "offset1_1": ("interrogated_1_first_offset_slots", same),
        "type1_2": ("interrogated_1_second_type", same),
        "offset1_2": ("interrogated_1_second_offset_slots", same),
        "mmsi2": ("interrogated_2_mmsi", same),
        "type2_1": ("interrogated_2_type", same),
        "offset2_1": ("interrogated_2_offset_slots", same),
    },
    "MessageType17": {
        "lon": ("lon_deg", lambda v: None if v == 10860 else tenth_minutes(v)),
        "lat": ("lat_deg", lambda v: None if v == 5460 else tenth_minutes(v)),
        "data": ("data", octets),
    },
    "MessageType18": CLASS_B
    | {
        "cs": ("carrier_sense", same),
        "display": ("has_display", same),
        "dsc": ("has_dsc", same),
        "band": ("whole_band", same),
        "msg22": ("accepts_message_22", same),
        "radio": RADIO,
    },
    "MessageType19": CLASS_B | SHIP | {"dte": ("dte", same)},
    "MessageType21": FIX
    | DIMENSIONS
    | {
        "aid_type": ("aid_type", ZERO),
        "name": ("name", text),
        "epfd": ("epfd", ZERO),
        "second": SECOND,
        "off_position": ("off_position", same),
        "reserved_1": ("regional", same),
        "raim": RAIM,
        "virtual_aid": ("virtual_aid", same),
        "assigned": ("assigned", same),
        "name_ext": ("name_extension", text),
    },
    "MessageType22Broadcast": CHANNELS | CORNERS,
    "MessageType22Addressed": CHANNELS
    | {"dest1": ("dest_mmsi", same), "dest2": ("dest_2_mmsi", same)},
    "MessageType23": CORNERS
    | {
        "station_type": ("station_type", same),
        "ship_type": ("ship_type", ZERO),
        "txrx": ("transmit_mode", same),
        "interval": ("report_interval", same),
        "quiet": ("quiet_min", ZERO),
    },
    "MessageType24PartA": {"partno": ("part", same), "shipname": ("name", text)},
    "MessageType24PartB": VENDOR,
    "MessageType24PartBAuxiliaryCraft": VENDOR,
    **{
        f"MessageType{t}{a}{k}": BINARY
        for t in (25, 26)
        for a in ("Addressed", "Broadcast")
        for k in ("Structured", "Unstructured")
    },
    "MessageType27": FIX
    | {
        "raim": RAIM,
        "status": ("nav_status", same),
        "speed": ("speed_kn", none_at(63)),
        "course": COURSE,
        "gnss": ("position_older_than_5_s", same),
    },
    "MessageType28": {
        "second": SECOND,
        "lon": LON,
        "lat": LAT,
        "restricted": ("restricted_use", same),
        "station_type": ("station_type", same),
        "aid_type": ("aid_type", ZERO),
        "iala_mrn": ("iala_mrn", same),
        "dimension": ("dimension_kind", same),
        "dimensions_a": ("dimension_a", same),
        "dimensions_b": ("dimension_b", same),
        "dimension_additional_data": ("dimension_more", same),
        "charted_status": ("charted", same),
        "station_status": ("station_status", same),
        "status_bits": ("status_bits", same),
        "auth": ("authenticated", same),
    },
}
for k in range(1, 5):
    BY_CLASS.setdefault("MessageType20", {}).update(
        {
            f"offset{k}": (f"reserved_{k}_offset_slots", same),
            f"number{k}": (f"reserved_{k}_slots", same),
            f"timeout{k}": (f"reserved_{k}_timeout_min", same),
            f"increment{k}": (f"reserved_{k}_increment_slots", same),
        }
    )
for name, letters in (("MessageType16DestinationA", "1"), ("MessageType16DestinationAB", "12")):
    BY_CLASS[name] = {
        f"{ours}{k}": (f"assigned_{k}_{column}", same)
        for k in letters
        for ours, column in (
            ("mmsi", "mmsi"),
            ("offset", "offset_slots"),
            ("increment", "increment_slots"),
        )
    }


def expected(message: Any) -> dict[str, Any]:
    """What pyais decoded, by our column names; values that we call not available are None."""
    values = message.asdict(enum_as_int=False)
    names = HEAD | BY_CLASS[type(message).__name__]
    found: dict[str, Any] = {}
    for name, (column, convert) in names.items():
        if name in values:
            value = values[name]
            found[column] = None if value is None else convert(value)
    if all(found.get(column) == 0 for column, _ in DIMENSIONS.values()):
        found |= dict.fromkeys((column for column, _ in DIMENSIONS.values()), None)
    return found


assert all(c in FIELDS_BY_NAME for m in BY_CLASS.values() for c, _ in m.values())
