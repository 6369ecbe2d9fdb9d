"""The scenario's clock: when a sea begins, and the date columns of its messages."""

import numpy as np

from fairlead.simulate.payloads import MOTION

START_US = 1_760_443_200_000_000
"""2025-10-14T12:00:00Z: noon in autumn, so that the long night falls into the first day."""
START_HOUR = 12.0
DEFAULT_HOURS = 30.0
"""Long enough for every planted behaviour to begin and end."""
_AT = {name: k for k, name in enumerate(MOTION)}


def clock_columns(motion: np.ndarray, time_us: np.ndarray) -> None:
    """Fills second, minute, hour, day, month and year of `motion` (payloads.pack)."""
    stamps = time_us.astype("datetime64[us]")
    months = stamps.astype("datetime64[M]")
    since_month = stamps.astype("datetime64[D]") - months.astype("datetime64[D]")
    second = time_us // 1_000_000
    motion[:, _AT["second"]] = second % 60
    motion[:, _AT["minute"]] = second // 60 % 60
    motion[:, _AT["hour"]] = second // 3600 % 24
    motion[:, _AT["day"]] = since_month.astype(np.int64) + 1
    motion[:, _AT["month"]] = months.astype(np.int64) % 12 + 1
    motion[:, _AT["year"]] = stamps.astype("datetime64[Y]").astype(np.int64) + 1970
