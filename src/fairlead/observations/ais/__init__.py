"""The AIS decoder: NMEA 0183 lines to messages of ITU-R M.1371, in Arrow."""

from fairlead.observations.ais.columns import MESSAGE_COLUMNS
from fairlead.observations.ais.decode import Carry, Decoded, decode_block, iter_decoded
from fairlead.observations.ais.step import OPEN_SENTENCES, DecodeNmea
from fairlead.observations.ais.warm import warm

__all__ = [
    "MESSAGE_COLUMNS",
    "OPEN_SENTENCES",
    "Carry",
    "DecodeNmea",
    "Decoded",
    "decode_block",
    "iter_decoded",
    "warm",
]
