"""The nouns of the house, in the order data flows. Units stand last in column names.

Times are UTC microseconds, positions WGS 84 degrees, speeds knots. Identifiers are content-derived.
"""

import pyarrow as pa

from fairlead.schema.table import Table, column

I8, I16, I32, I64 = pa.int8(), pa.int16(), pa.int32(), pa.int64()
F32, F64, TEXT, BOOL = pa.float32(), pa.float64(), pa.string(), pa.bool_()
NAMES = pa.dictionary(pa.int32(), pa.string())

TIME_BASES = ("received", "tag", "epoch", "proprietary", "base_station", "column", "assumed")
STATION_CLASSES = (
    "ship",
    "group",
    "coast_station",
    "sar_aircraft",
    "aid_to_navigation",
    "auxiliary_craft",
    "sart",
    "man_overboard",
    "epirb",
    "handheld",
    "invalid",
)
NAV_STATUSES = (
    "under way using engine",
    "at anchor",
    "not under command",
    "restricted manoeuvrability",
    "constrained by draught",
    "moored",
    "aground",
    "engaged in fishing",
    "under way sailing",
    "reserved 9",
    "reserved 10",
    "towing astern",
    "pushing ahead or towing alongside",
    "reserved 13",
    "AIS-SART, MOB or EPIRB active",
    "undefined",
)
SET_ASIDE_REASONS = ("outlier", "stale", "short_fragment")
OBSERVATION_FLAGS = ("clock_fault", "late", "time_inferred", "position_low_accuracy")

RAW = Table(
    name="raw",
    doc="Blocks of whole records as they came, so that every answer leads back to its bytes.",
    columns=pa.schema(
        [
            column("source", TEXT, "name of the source: path or address", required=True),
            column("format", TEXT, "nmea, csv, jsonl or parquet", required=True),
            column("offset", I64, "first byte in the uncompressed stream", required=True),
            column("first_line", I64, "number of the block's first line or row", required=True),
            column("n_lines", I64, "lines or rows in the block", required=True),
            column("received_us", I64, "when the block was read or received", required=True),
            column("header", pa.binary(), "the CSV header line, for blocks after the first"),
            column("payload", pa.large_binary(), "the bytes; Arrow IPC for parquet", required=True),
        ]
    ),
    key="source",
    time="received_us",
    ids=("source", "offset"),
)

_PROVENANCE = [
    column("source", NAMES, "name of the source", required=True),
    column("raw_offset", I64, "byte offset of the record in its source", required=True),
    column("line", I64, "line or row number in its source", required=True),
]

_MOTION = [
    column("lat_deg", F64, "latitude"),
    column("lon_deg", F64, "longitude, -180 to 180"),
    column("speed_kn", F32, "speed over ground"),
    column("course_deg", F32, "course over ground, 0 to 360"),
    column("heading_deg", F32, "true heading, 0 to 359"),
    column("turn_rate_deg_min", F32, "rate of turn, starboard positive"),
    column("nav_status", I8, "navigational status", codes=NAV_STATUSES),
]

_VOYAGE = [
    column("imo", I32, "IMO number as sent"),
    column("callsign", TEXT, "call sign"),
    column("name", TEXT, "ship name as sent: hostile text"),
    column("ship_type", I16, "ship and cargo type, ITU-R M.1371 table 53"),
    column("to_bow_m", I16, "antenna to bow"),
    column("to_stern_m", I16, "antenna to stern"),
    column("to_port_m", I16, "antenna to port side"),
    column("to_starboard_m", I16, "antenna to starboard side"),
    column("draught_m", F32, "present static draught"),
    column("destination", TEXT, "destination as sent: hostile text"),
    column("eta", TEXT, "estimated arrival, MM-DDTHH:MM UTC as sent"),
]

_HEARD = [
    column("time_us", I64, "best time of the transmission", required=True),
    column("mmsi", I32, "maritime mobile service identity", required=True),
    column("received_us", I64, "time stamped by the receiver, or of reading"),
    column("time_basis", I8, "where time_us comes from", codes=TIME_BASES, required=True),
    column("second", I8, "UTC second in the message, 0 to 59"),
    column("msg_type", I8, "AIS message type, 1 to 28"),
    column("station", NAMES, "the receiver that heard it"),
    column("payload_hash", I64, "hash of the transmitted bits", required=True),
]

POSITION_MESSAGES = Table(
    name="position_messages",
    doc="Decoded positions, one row per receiver that heard them; kept until settled.",
    columns=pa.schema(
        [*_HEARD, *_MOTION, column("accuracy", BOOL, "true: under 10 m"), *_PROVENANCE]
    ),
    key="mmsi",
    time="time_us",
    ids=("payload_hash", "raw_offset"),
)

STATIC_MESSAGES = Table(
    name="static_messages",
    doc="Decoded ship static and voyage data, one row per receiver; kept until settled.",
    columns=pa.schema([*_HEARD, *_VOYAGE, *_PROVENANCE]),
    key="mmsi",
    time="time_us",
    ids=("payload_hash", "raw_offset"),
)

_OBSERVED = [
    column("observation_id", I64, "content-derived id of the transmission", required=True),
    column("mmsi", I32, "maritime mobile service identity", required=True),
    column("time_us", I64, "time of the transmission, reconciled", required=True),
    column("received_us", I64, "first receipt"),
    column("time_basis", I8, "where time_us comes from", codes=TIME_BASES, required=True),
    column("msg_type", I8, "AIS message type, 1 to 28"),
    column("station_class", I8, "by MMSI form", codes=STATION_CLASSES, required=True),
    column("flag", NAMES, "ISO 3166 country of the MMSI's digits"),
    column("stations", NAMES, "every receiver that heard it, sorted, comma-separated"),
    column("n_heard", I16, "copies merged into this row", required=True),
    column("flags", I16, "bit per name: " + ", ".join(OBSERVATION_FLAGS), required=True),
]

OBSERVATIONS = Table(
    name="observations",
    doc="One row per transmission of a position, validated; remembers all receivers.",
    columns=pa.schema([*_OBSERVED, *_MOTION, *_PROVENANCE]),
    key="mmsi",
    time="time_us",
    ids=("observation_id",),
)

STATICS = Table(
    name="statics",
    doc="One row per transmission of static or voyage data, validated.",
    columns=pa.schema(
        [
            *_OBSERVED,
            *_VOYAGE,
            column("imo_valid", BOOL, "the IMO number's check digit holds; null without one"),
            *_PROVENANCE,
        ]
    ),
    key="mmsi",
    time="time_us",
    ids=("observation_id",),
)

CLAIMS = Table(
    name="claims",
    doc="Dated statements by a source about a vessel: listings and former identities.",
    columns=pa.schema(
        [
            column("claim_id", TEXT, "content-derived id", required=True),
            column("source", TEXT, "list the statement comes from", required=True),
            column("program", TEXT, "programme or reason of listing as given"),
            column("reliability", TEXT, "source reliability A to F", required=True),
            column("credibility", I8, "credibility of the claim 1 to 6", required=True),
            column("since_us", I64, "start of validity as stated"),
            column("until_us", I64, "end of validity as stated"),
            column("recorded_us", I64, "date of the list's edition", required=True),
            column("imo", I32, "IMO number, check digit holding"),
            column("mmsis", pa.list_(I32), "present and former MMSI"),
            column("callsigns", pa.list_(TEXT), "present and former call signs"),
            column("names", pa.list_(TEXT), "names as given, former ones included"),
            column("flags", pa.list_(TEXT), "ISO 3166 flags as stated"),
            column("vessel_type", TEXT, "type of ship as stated"),
            column("detail", TEXT, "the sentence an officer reads", required=True),
            column("raw_offset", I64, "record number in the list", required=True),
        ]
    ),
    key="source",
    time="recorded_us",
    ids=("claim_id",),
    upserted=True,
)

REJECTS = Table(
    name="rejects",
    doc="What was refused, with its reason and its bytes; nothing is dropped uncounted.",
    columns=pa.schema(
        [
            column("source", NAMES, "name of the source", required=True),
            column("raw_offset", I64, "byte offset of the record", required=True),
            column("line", I64, "line or row number", required=True),
            column("time_us", I64, "best time known", required=True),
            column("mmsi", I32, "where it was readable"),
            column("reason", NAMES, "one word per kind of fault", required=True),
            column("detail", TEXT, "what exactly was wrong"),
            column("bytes", pa.binary(), "the refused bytes, the first 200 of them"),
        ]
    ),
    key="source",
    time="time_us",
    ids=("source", "raw_offset", "reason"),
)

TRACK_POINTS = Table(
    name="track_points",
    doc="The way of one hull through time: observations that belong together.",
    columns=pa.schema(
        [
            column("track_id", I64, "one hull", required=True),
            column("time_us", I64, "time of the observation", required=True),
            column("observation_id", I64, "the observation", required=True),
            column("mmsi", I32, "identity the observation claimed", required=True),
            column("msg_type", I8, "AIS message type, 1 to 28"),
            column("station_class", I8, "by MMSI form", codes=STATION_CLASSES, required=True),
            column("lat_deg", F64, "latitude", required=True),
            column("lon_deg", F64, "longitude, -180 to 180", required=True),
            column("speed_kn", F32, "speed over ground as reported"),
            column("course_deg", F32, "course over ground as reported"),
            column("heading_deg", F32, "true heading"),
            column("nav_status", I8, "navigational status", codes=NAV_STATUSES),
            column("cell", I64, "half-degree cell (geo.cells, COVERAGE_CELL_DEG)", required=True),
        ]
    ),
    key="track_id",
    time="time_us",
    ids=("observation_id",),
)

SET_ASIDE = Table(
    name="set_aside",
    doc="Observations that belong to no hull's way, with the reason.",
    columns=pa.schema(
        [
            column("observation_id", I64, "the observation", required=True),
            column("mmsi", I32, "identity the observation claimed", required=True),
            column("time_us", I64, "time of the observation", required=True),
            column("lat_deg", F64, "latitude", required=True),
            column("lon_deg", F64, "longitude", required=True),
            column("reason", I8, "why", codes=SET_ASIDE_REASONS, required=True),
            column("near_track_id", I64, "the track it was held against"),
            column("implied_speed_kn", F32, "speed needed to belong to that track"),
        ]
    ),
    key="mmsi",
    time="time_us",
    ids=("observation_id",),
)

IDENTITIES = Table(
    name="identities",
    doc="What an MMSI said of itself: each value with first seen, last seen and source.",
    columns=pa.schema(
        [
            column("identity_id", TEXT, "content-derived id", required=True),
            column("mmsi", I32, "the MMSI that said it", required=True),
            column(
                "field",
                TEXT,
                "name, callsign, imo, flag, ship_type, dimensions, destination",
                required=True,
            ),
            column("value", TEXT, "the value as text, normalised: hostile text", required=True),
            column("first_seen_us", I64, "first message with it", required=True),
            column("last_seen_us", I64, "last message with it", required=True),
            column("n_seen", I64, "messages with it", required=True),
            column("source", TEXT, "source of the first message", required=True),
            column("first_observation_id", I64, "first static message with it", required=True),
            column("last_observation_id", I64, "last static message with it", required=True),
            column(
                "disagrees",
                BOOL,
                "another value of the field was said in the same hours",
                required=True,
            ),
        ]
    ),
    key="mmsi",
    time="first_seen_us",
    ids=("identity_id",),
    upserted=True,
)

PRESENCE = Table(
    name="presence",
    doc="What was heard of a hull in an hour and a cell, and what was due; also the silent hours.",
    columns=pa.schema(
        [
            column("cell", I64, "half-degree cell (geo.cells, COVERAGE_CELL_DEG)", required=True),
            column("time_us", I64, "start of the hour", required=True),
            column("track_id", I64, "the hull", required=True),
            column("n_messages", I32, "positions heard", required=True),
            column("n_expected", F64, "positions due", required=True),
            column(
                "octant",
                I8,
                "-1: in this cell; 0 to 7: in the next cell that way, from north by east",
                required=True,
            ),
        ]
    ),
    key="cell",
    time="time_us",
    ids=("track_id", "octant"),
)

COVERAGE = Table(
    name="coverage",
    doc="What was listening where and when: per cell and hour, learned from the data itself.",
    columns=pa.schema(
        [
            column("cell", I64, "half-degree cell (geo.cells, COVERAGE_CELL_DEG)", required=True),
            column("time_us", I64, "start of the hour", required=True),
            column("lat_deg", F64, "cell centre", required=True),
            column("lon_deg", F64, "cell centre", required=True),
            column("n_vessels", I32, "vessels heard", required=True),
            column("n_messages", I64, "messages heard", required=True),
            column("n_expected", F64, "messages due from the vessels present", required=True),
            column("p_message", F64, "probability that one message sent arrives", required=True),
            column("n_silent", I32, "vessels heard here in the last day and nowhere this hour"),
            column("heard_octants", I16, "bit per octant in which anyone was heard of late"),
        ]
    ),
    key="cell",
    time="time_us",
    ids=("cell", "time_us"),
    upserted=True,
)

SILENCES = Table(
    name="silences",
    doc="Intervals between consecutive points of a track longer than the class allows.",
    columns=pa.schema(
        [
            column("silence_id", TEXT, "content-derived id", required=True),
            column("track_id", I64, "the hull", required=True),
            column("mmsi", I32, "its identity", required=True),
            column("cell", I64, "cell of the last point heard", required=True),
            column("time_us", I64, "when this row became known: opening or closing", required=True),
            column("start_us", I64, "last point heard", required=True),
            column("end_us", I64, "next point heard; null while it lasts"),
            column("start_lat_deg", F64, "latitude of the last point", required=True),
            column("start_lon_deg", F64, "longitude of the last point", required=True),
            column("end_lat_deg", F64, "latitude of the next point"),
            column("end_lon_deg", F64, "longitude of the next point"),
            column("start_speed_kn", F32, "speed at the last point"),
            column("start_course_deg", F32, "course at the last point"),
            column("station_class", I8, "by MMSI form", codes=STATION_CLASSES, required=True),
            column("class_b", BOOL, "class B or long range reporting", required=True),
            column("n_before_12h", I32, "points in the 12 hours before", required=True),
            column("steadiness", F32, "points of the last hour over those of a good one before"),
            column("known_h", F32, "hours since the first point, of the last 12"),
            column("made_good_kn", F32, "displacement over the last half to whole hour"),
            column("start_observation_id", I64, "last observation", required=True),
            column("end_observation_id", I64, "next observation"),
        ]
    ),
    key="cell",
    time="time_us",
    ids=("silence_id", "time_us"),
)

TRACK_GRID = Table(
    name="track_grid",
    doc="Where each hull was at each instant of the common time grid, between its points.",
    columns=pa.schema(
        [
            column("cell", I64, "fine cell (geo.cells) whose hulls are compared", required=True),
            column("time_us", I64, "grid instant", required=True),
            column("track_id", I64, "the hull", required=True),
            column("halo", BOOL, "a copy: the hull is in the next cell, near its edge"),
            column("mmsi", I32, "identity at the nearest point", required=True),
            column("lat_deg", F64, "latitude on the great circle", required=True),
            column("lon_deg", F64, "longitude on the great circle", required=True),
            column("speed_kn", F32, "from displacement since the grid instant before"),
            column("observation_id", I64, "nearest observation in time", required=True),
        ]
    ),
    key="cell",
    time="time_us",
    ids=("track_id",),
)

STOPS = Table(
    name="stops",
    doc="A hull that lay still for hours; a first row when that is known, a last when it moves on.",
    columns=pa.schema(
        [
            column("stop_id", TEXT, "content-derived id", required=True),
            column("track_id", I64, "the hull", required=True),
            column("mmsi", I32, "its identity", required=True),
            column(
                "cell", I64, "cell of the first point (geo.cells, size of the step)", required=True
            ),
            column("time_us", I64, "when this row became known", required=True),
            column("start_us", I64, "first point of the stop", required=True),
            column("end_us", I64, "last point of it; null while it lasts"),
            column("lat_deg", F64, "first point", required=True),
            column("lon_deg", F64, "first point", required=True),
            column("n_points", I64, "points in it so far", required=True),
            column("before_id", I64, "last observation before it; null at a track's start"),
            column("start_observation_id", I64, "first observation", required=True),
            column("last_observation_id", I64, "last observation so far", required=True),
        ]
    ),
    key="cell",
    time="time_us",
    ids=("stop_id", "time_us"),
)

CONTACTS = Table(
    name="contacts",
    doc="Two hulls close to each other at one instant of the common time grid.",
    columns=pa.schema(
        [
            column("pair_id", I64, "the two hulls, in either order", required=True),
            column("time_us", I64, "grid instant", required=True),
            column("track_id", I64, "hull with the smaller id", required=True),
            column("other_track_id", I64, "hull with the larger id", required=True),
            column("mmsi", I32, "identity of the first", required=True),
            column("other_mmsi", I32, "identity of the second", required=True),
            column("lat_deg", F64, "midway latitude", required=True),
            column("lon_deg", F64, "midway longitude", required=True),
            column("distance_m", F32, "between the two", required=True),
            column("speed_kn", F32, "of the first, from displacement"),
            column("other_speed_kn", F32, "of the second, from displacement"),
            column("observation_id", I64, "nearest observation of the first", required=True),
            column("other_observation_id", I64, "nearest observation of the second", required=True),
            column("n_near", I16, "other hulls in the same fine cell at that instant"),
            column("n_rested", I16, "other hulls that have lain still in the cell before"),
        ]
    ),
    key="pair_id",
    time="time_us",
    ids=("pair_id", "time_us"),
)

EVENTS = Table(
    name="events",
    doc="Behaviour that matters, with its grounds. A later row of an id replaces the earlier.",
    columns=pa.schema(
        [
            column("event_id", TEXT, "content-derived id", required=True),
            column("kind", TEXT, "the detector", required=True),
            column("version", I16, "version of the detector", required=True),
            column("parameters", TEXT, "the detector's settings, canonical JSON", required=True),
            column("time_us", I64, "when this row became known, in event time", required=True),
            column("start_us", I64, "start of the behaviour", required=True),
            column("end_us", I64, "end; null while it lasts"),
            column("lat_deg", F64, "place"),
            column("lon_deg", F64, "place"),
            column("track_id", I64, "the hull; null for an identity's event"),
            column("mmsi", I32, "the identity", required=True),
            column("other_track_id", I64, "the second hull"),
            column("other_mmsi", I32, "the second identity"),
            column("confidence", F64, "probability that it happened as said", required=True),
            column("detail", TEXT, "the sentence an officer reads", required=True),
            column("measures", TEXT, "what was measured, units in the names, JSON", required=True),
            column("evidence", pa.list_(I64), "observation ids, in order of time", required=True),
        ]
    ),
    key="mmsi",
    time="time_us",
    ids=("event_id",),
    upserted=True,
)

_OF_THE_EVENT = ("track_id", "mmsi", "other_track_id", "other_mmsi")

VESSEL_EVENTS = Table(
    name="vessel_events",
    doc="Each event once per vessel that takes part in it; `mmsi` is the vessel concerned.",
    columns=pa.schema(
        [
            column("mmsi", I32, "the vessel concerned", required=True),
            column("track_id", I64, "its hull; null for an identity's event"),
            column("partner_mmsi", I32, "the other vessel that takes part"),
            column("partner_track_id", I64, "its hull"),
            *(field for field in EVENTS.columns if field.name not in _OF_THE_EVENT),
        ]
    ),
    key="mmsi",
    time="time_us",
    ids=("event_id", "mmsi"),
    upserted=True,
)

LINKS = Table(
    name="links",
    doc="A vessel and a claim that may speak of it, with the probability and its grounds.",
    columns=pa.schema(
        [
            column("link_id", TEXT, "content-derived id", required=True),
            column("mmsi", I32, "the vessel as it calls itself", required=True),
            column("time_us", I64, "when this became known, in event time", required=True),
            column("claim_id", TEXT, "the claim", required=True),
            column("claim_source", TEXT, "the list", required=True),
            column("probability", F64, "that the claim speaks of this vessel", required=True),
            column("factors", TEXT, "each agreement and disagreement, JSON", required=True),
            column("detail", TEXT, "the sentence an officer reads", required=True),
            column("evidence", pa.list_(I64), "static observation ids", required=True),
        ]
    ),
    key="mmsi",
    time="time_us",
    ids=("link_id",),
    upserted=True,
)

PARTNERS = Table(
    name="partners",
    doc="What is known of the other vessel of an event, told to the vessel concerned.",
    columns=pa.schema(
        [
            column("mmsi", I32, "the vessel that is told", required=True),
            column("time_us", I64, "when this became known, in event time", required=True),
            column("event_id", TEXT, "the event both take part in", required=True),
            column("partner_mmsi", I32, "the other vessel", required=True),
            column("fact", TEXT, "ship_type, name, flag or link", required=True),
            column("value", TEXT, "the value, or the link's id: hostile text", required=True),
            column("probability", F64, "of a link; null for the others"),
            column("detail", TEXT, "the link's sentence"),
            column("since_us", I64, "of a link: start of the listing, where stated"),
            column("until_us", I64, "of a link: end of the listing"),
            column("edition_us", I64, "of a link: date of the list's edition"),
            column("evidence", pa.list_(I64), "static observation ids", required=True),
        ]
    ),
    key="mmsi",
    time="time_us",
    ids=("event_id", "mmsi", "fact", "value"),
    upserted=True,
)

LEADS = Table(
    name="leads",
    doc="What a person should look at: an additive score with its sentences and evidence.",
    columns=pa.schema(
        [
            column("lead_id", TEXT, "content-derived id", required=True),
            column("scorer", TEXT, "named scorer and version", required=True),
            column("mmsi", I32, "the vessel", required=True),
            column("track_id", I64, "its hull"),
            column("time_us", I64, "event time of the last change", required=True),
            column("start_us", I64, "start of the behaviour", required=True),
            column("end_us", I64, "end of the behaviour as known", required=True),
            column("lat_deg", F64, "place of the strongest event"),
            column("lon_deg", F64, "place of the strongest event"),
            column("log_odds", F64, "sum of the factors and the prior", required=True),
            column("probability", F64, "that a person will find it worth acting on", required=True),
            column("title", TEXT, "one line", required=True),
            column(
                "factors", TEXT, "name, log_odds, detail, evidence of each, JSON", required=True
            ),
            column("events", pa.list_(TEXT), "event ids", required=True),
            column("links", pa.list_(TEXT), "link ids", required=True),
            column("digest", TEXT, "SHA-256 of exactly what is shown", required=True),
        ]
    ),
    key="mmsi",
    time="time_us",
    ids=("lead_id",),
    upserted=True,
)

TABLES = (
    RAW,
    POSITION_MESSAGES,
    STATIC_MESSAGES,
    OBSERVATIONS,
    STATICS,
    CLAIMS,
    REJECTS,
    TRACK_POINTS,
    SET_ASIDE,
    IDENTITIES,
    PRESENCE,
    COVERAGE,
    SILENCES,
    TRACK_GRID,
    CONTACTS,
    EVENTS,
    VESSEL_EVENTS,
    LINKS,
    PARTNERS,
    LEADS,
)
