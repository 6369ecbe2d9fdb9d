"""How the tables are laid out that tell the extraction kernels which bits go to which column."""

from __future__ import annotations

(
    F_FIRST,
    F_WIDTH,
    F_SIGNED,
    F_NA_LOW,
    F_NA_HIGH,
    F_NA_FIRST,
    F_NA_WIDTH,
    F_STORE,
    F_PLACE,
    F_VALID,
    F_DIMENSIONS,
) = range(11)
"""A number field. F_PLACE and F_VALID hold a column's number until a block gives it a place."""

STORE_F64, STORE_F32, STORE_I32, STORE_I16, STORE_I8, STORE_BIT, STORE_TURN, STORE_SIGN = range(8)

T_FIRST, T_WIDTH, T_FORM, T_COLUMN = range(4)
C_UNIT, C_OFFSETS, C_VALID, C_END = range(4)
UNIT_TEXT, UNIT_BYTES, UNIT_ETA = range(3)
"""A text field, the column of one, and what its characters are."""

(
    H_LINE,
    H_TIME,
    H_OFFSET,
    H_HASH,
    H_BASIS,
    H_BITS,
    H_OWN,
    H_CHANNEL,
    H_CHANNEL_VALID,
    H_PLACES,
) = range(10)
"""Where the columns go that come from the line and not from the message; -1 where not wanted."""

G_START, G_END, G_FIRST, G_LAST = range(4)
"""A form's messages among the rows, and its fields."""

TURN_FACTOR = 4.733
"""Rate of turn sensor value in degrees per minute is (raw / 4.733) squared (M.1371-5, table 45)."""
