"""AIS payloads from columns: ITU-R M.1371-5 layouts as tables, bits packed by one kernel.

A message is a row of `motion` (what changes from report to report), a row of `static` (numbers of
the station's identity) and a row of `texts` (six-bit letters of its name, call sign, destination).
Values are in the units of the air interface: 1/10,000 minute, 1/10 knot, 1/10 degree.
"""

import numpy as np
from numba import njit

MOTION = (
    "lon",
    "lat",
    "sog",
    "cog",
    "heading",
    "turn",
    "nav_status",
    "second",
    "accuracy",
    "radio",
    "altitude",
    "year",
    "month",
    "day",
    "hour",
    "minute",
)
STATIC = (
    "mmsi",
    "imo",
    "ship_type",
    "to_bow",
    "to_stern",
    "to_port",
    "to_starboard",
    "epfd",
    "draught",
    "eta_month",
    "eta_day",
    "eta_hour",
    "eta_minute",
    "aid_type",
    "vendor",
)
TEXTS = {"name": (0, 20), "callsign": (20, 7), "destination": (27, 20)}
TEXT_WIDTH = 47

FORMS = ("1", "2", "3", "4", "5", "9", "18", "19", "21", "24a", "24b", "27")
MSG_TYPES = np.array([1, 2, 3, 4, 5, 9, 18, 19, 21, 24, 24, 27], np.int8)
PAYLOAD_WIDTH = 72

_PLACE = "accuracy:1 lon:28 lat:27"
_SIZE = "to_bow:9 to_stern:9 to_port:6 to_starboard:6"
_CLASS_A = f"nav_status:4 turn:8 sog:10 {_PLACE} cog:12 heading:9 second:6 =0:2 =0:3 =0:1 radio:19"
_CLASS_B = f"=0:8 sog:10 {_PLACE} cog:12 heading:9 second:6"
_LAYOUTS = {
    "1": f"=1:6 =0:2 mmsi:30 {_CLASS_A}",
    "2": f"=2:6 =0:2 mmsi:30 {_CLASS_A}",
    "3": f"=3:6 =0:2 mmsi:30 {_CLASS_A}",
    "4": "=4:6 =0:2 mmsi:30 year:14 month:4 day:5 hour:5 minute:6 second:6 "
    f"{_PLACE} epfd:4 =0:1 =0:9 =0:1 radio:19",
    "5": f"=5:6 =0:2 mmsi:30 =0:2 imo:30 callsign:42 name:120 ship_type:8 {_SIZE} epfd:4 "
    "eta_month:4 eta_day:5 eta_hour:5 eta_minute:6 draught:8 destination:120 =0:1 =0:1",
    "9": f"=9:6 =0:2 mmsi:30 altitude:12 sog:10 {_PLACE} cog:12 second:6 =0:8 =0:1 =0:3 =0:1 "
    "=0:1 radio:20",
    "18": f"=18:6 =0:2 mmsi:30 {_CLASS_B} =0:2 =1:1 =0:1 =1:1 =1:1 =1:1 =0:1 =0:1 radio:20",
    "19": f"=19:6 =0:2 mmsi:30 {_CLASS_B} =0:4 name:120 ship_type:8 {_SIZE} epfd:4 =0:1 =0:1 "
    "=0:1 =0:4",
    "21": f"=21:6 =0:2 mmsi:30 aid_type:5 name:120 {_PLACE} {_SIZE} epfd:4 second:6 =0:1 =0:8 "
    "=0:1 =0:1 =0:1 =0:1",
    "24a": "=24:6 =0:2 mmsi:30 =0:2 name:120",
    "24b": f"=24:6 =0:2 mmsi:30 =1:2 ship_type:8 vendor:42 callsign:42 {_SIZE} epfd:4 =0:2",
    "27": "=27:6 =0:2 mmsi:30 accuracy:1 =0:1 nav_status:4 lon:18 lat:17 sog:6 cog:9 =0:1 =0:1",
}
_FROM_MOTION, _FROM_STATIC, _FROM_TEXT, _CONSTANT = 0, 1, 2, 3


def _field(spec: str) -> tuple[int, int, int]:
    """Where a field's value comes from, which column (or constant), how many bits."""
    name, width = spec.split(":")
    if name.startswith("="):
        return _CONSTANT, int(name[1:]), int(width)
    if name in TEXTS:
        return _FROM_TEXT, TEXTS[name][0], int(width)
    if name in MOTION:
        return _FROM_MOTION, MOTION.index(name), int(width)
    return _FROM_STATIC, STATIC.index(name), int(width)


def _layout_tables() -> tuple[np.ndarray, np.ndarray]:
    fields = [_field(spec) for form in FORMS for spec in _LAYOUTS[form].split()]
    sizes = [len(_LAYOUTS[form].split()) for form in FORMS]
    return np.array(fields, np.int64), np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)


_FIELDS, _STARTS = _layout_tables()
BITS = np.array([_FIELDS[a:b, 2].sum() for a, b in zip(_STARTS[:-1], _STARTS[1:], strict=True)])


def sixbit(text: str, width: int) -> np.ndarray:
    """Text as six-bit codes padded with `@` (0): uint8, shape (width,). Unknown letters: space."""
    codes = np.zeros(width, np.uint8)
    for i, letter in enumerate(text.upper()[:width]):
        code = ord(letter)
        codes[i] = code - 64 if 64 <= code < 96 else code if 32 <= code < 64 else 32
    return codes


def armoured(
    forms: np.ndarray,
    motion: np.ndarray,
    identity: np.ndarray,
    static: np.ndarray,
    texts: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Armoured payloads: uint8 characters, shape (n, PAYLOAD_WIDTH), and their lengths.

    `forms` (n,) index FORMS; `motion` (n, len(MOTION)); `identity` (n,) gives the row of `static`
    and `texts`. Fill bits are those that complete the last character: `fill_bits`.
    """
    out = np.zeros((len(forms), PAYLOAD_WIDTH), np.uint8)
    _pack(_FIELDS, _STARTS, forms, motion, identity, static, texts, out)
    return out, (BITS[forms] + 5) // 6


def fill_bits(forms: np.ndarray) -> np.ndarray:
    return (6 - BITS[forms] % 6) % 6


@njit(cache=True, nogil=True)
def _pack(fields, starts, forms, motion, identity, static, texts, out):  # noqa: ANN001, ANN202
    for i in range(len(forms)):
        bit = 0
        station = identity[i]
        for f in range(starts[forms[i]], starts[forms[i] + 1]):
            source, column, width = fields[f]
            if source == 2:
                for k in range(width // 6):
                    bit = _put(out[i], bit, int(texts[station, column + k]), 6)
            elif source == 0:
                bit = _put(out[i], bit, int(motion[i, column]), width)
            elif source == 1:
                bit = _put(out[i], bit, static[station, column], width)
            else:
                bit = _put(out[i], bit, column, width)
        for k in range((bit + 5) // 6):
            value = out[i, k]
            out[i, k] = value + 48 if value < 40 else value + 56


@njit(cache=True, nogil=True)
def _put(row: np.ndarray, bit: int, value: int, width: int) -> int:
    """Adds `width` bits, two's complement, from bit position `bit`; returns the next position."""
    left = width
    while left > 0:
        room = 6 - bit % 6
        take = min(room, left)
        piece = (value >> (left - take)) & ((1 << take) - 1)
        row[bit // 6] |= np.uint8(piece << (room - take))
        bit += take
        left -= take
    return bit
