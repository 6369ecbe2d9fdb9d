"""Compile every kernel ahead of time."""

from __future__ import annotations

from fairlead.observations.ais.decode import Place, decode_block, frame, give_up
from fairlead.observations.ais.run import compile_now

_SAMPLE = b"""\\s:station,c:1635731889*4B\\!AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0*23
!AIVDM,2,1,1,A,55?MbV02;H;s<HtKR20EHE:0@T4@Dn2222222216L961O5Gf0NSQEp6ClRp8,0*1C
!AIVDM,2,2,1,A,88888888880,2*25
!AIVDM,1,1,,B,177KQJ5000G?tO`K>RA1wUbN0TKH,0*5D
nothing
"""


def warm() -> None:
    """Compile the kernels, or load them where they are compiled already."""
    with compile_now():
        decode_block(_SAMPLE, source="warm", infer_time=True)
        first = _SAMPLE.split(b"\n")[1] + b"\n"
        place = Place(0, 1, 0)
        opened = frame(first, None, place, final=False, infer_time=False)
        give_up(opened.carry, place, 1)
