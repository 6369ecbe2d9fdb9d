"""The strait as TRACK_POINTS with true hulls, without sentences: for detectors and benches."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from fairlead.geo.cells import COVERAGE_CELL_DEG, cells_of
from fairlead.schema.ids import row_ids
from fairlead.schema.table import code
from fairlead.schema.tables import STATION_CLASSES, TRACK_POINTS
from fairlead.simulate.clock import START_US
from fairlead.simulate.fleet import AID, AIRCRAFT, BASE, CLASS_A, CLASS_B
from fairlead.simulate.payloads import MSG_TYPES
from fairlead.simulate.sea import make_scene, received, transmitted
from fairlead.simulate.transmissions import FORM

_CLASS = {
    CLASS_A: code(STATION_CLASSES, "ship"),
    CLASS_B: code(STATION_CLASSES, "ship"),
    BASE: code(STATION_CLASSES, "coast_station"),
    AID: code(STATION_CLASSES, "aid_to_navigation"),
    AIRCRAFT: code(STATION_CLASSES, "sar_aircraft"),
}
_STATIC = [FORM["5"], FORM["24a"], FORM["24b"]]


def sea_points(scenario: str, seed: int, hours: float, *, report_every_s: float = 60.0) -> pa.Table:
    """What receivers heard of the scenario's positions: TRACK_POINTS, `track_id` the true hull.

    The same transmissions as `simulate` writes; positions as reported, lies included, one row per
    transmission that anybody heard, sorted by track and time.
    """
    scene, motions = make_scene(scenario, seed, hours)
    sent = transmitted(scene, motions, report_every_s)
    row = np.unique(received(scene, sent)[0])
    row = row[~np.isin(sent.forms[row], _STATIC)]
    row = row[np.lexsort((sent.forms[row], sent.times_s[row], sent.hull[row]))]
    mmsi = np.array([i.mmsi for i in sent.identities], np.int32)[sent.identity[row]]
    time_us = START_US + np.rint(sent.times_s[row] * 1e6).astype(np.int64)
    classes = np.zeros(max(h.hull_id for h in scene.hulls) + 1, np.int8)
    for hull in scene.hulls:
        classes[hull.hull_id] = _CLASS[hull.station]
    lat_deg, lon_deg, speed, course, heading, _, status = sent.said[row].T
    forms = sent.forms[row]
    class_a = np.isin(forms, [FORM["1"], FORM["2"], FORM["3"], FORM["27"]])
    return TRACK_POINTS.rows(
        {
            "track_id": sent.hull[row],
            "time_us": time_us,
            "observation_id": row_ids(mmsi, time_us, forms),
            "mmsi": mmsi,
            "msg_type": MSG_TYPES[forms],
            "station_class": classes[sent.hull[row]],
            "lat_deg": lat_deg,
            "lon_deg": lon_deg,
            "speed_kn": speed.astype(np.float32),
            "course_deg": course.astype(np.float32),
            "heading_deg": heading.astype(np.float32),
            "nav_status": pa.array(status.astype(np.int8), mask=~class_a),
            "cell": cells_of(
                np.ascontiguousarray(lat_deg), np.ascontiguousarray(lon_deg), COVERAGE_CELL_DEG
            ),
        }
    )
