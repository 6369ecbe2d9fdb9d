"""Words that archives write where AIS sends a code."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa

from fairlead.observations.archives.mapping import plain_name
from fairlead.schema.tables import NAV_STATUSES

STATUSES: Mapping[str, int] = {
    **{plain_name(words): code for code, words in enumerate(NAV_STATUSES)},
    "restrictedmaneuverability": 3,
    "restrictedmanoeuverability": 3,
    "constrainedbyherdraught": 4,
    "constrainedbyherdraft": 4,
    "engagedinfishingactivities": 7,
    "fishing": 7,
    "sailing": 8,
    "reservedforfutureamendmenthsc": 9,
    "reservedforfutureamendmentwig": 10,
    "powerdrivenvesseltowingastern": 11,
    "powerdrivenvesselpushingaheadortowingalongside": 12,
    "aissartactive": 14,
    "aissart": 14,
    "notdefined": 15,
    "undefineddefault": 15,
    "default": 15,
}
"""Navigational status; reserved and unknown values have no entry and become null."""

SHIP_TYPES: Mapping[str, int] = {
    "wig": 20,
    "fishing": 30,
    "towing": 31,
    "towinglongwide": 32,
    "dredging": 33,
    "diving": 34,
    "military": 35,
    "sailing": 36,
    "pleasure": 37,
    "hsc": 40,
    "pilot": 50,
    "sar": 51,
    "tug": 52,
    "porttender": 53,
    "antipollution": 54,
    "lawenforcement": 55,
    "medical": 58,
    "notpartytoconflict": 59,
    "passenger": 60,
    "cargo": 70,
    "tanker": 80,
    "other": 90,
}
"""ITU-R M.1371 table 53; a word says the first digit only, so the second is 0."""

CLASSES: Mapping[str, int] = {
    "a": 1,
    "classa": 1,
    "b": 18,
    "classb": 18,
    "basestation": 4,
    "aton": 21,
    "sarairborne": 9,
}
"""An archive that tells only the class of station gets a message type that such stations send."""


def coded(texts: pa.Array, code: Callable[[str], int | None]) -> np.ndarray:
    """A code for each text, -1 where it is null or unknown: int16, shape (n,)."""
    encoded = texts.dictionary_encode()
    found = [code(plain_name(word)) for word in encoded.dictionary.to_pylist()]
    codes = np.array([-1 if c is None else c for c in found] + [-1], np.int16)
    return codes[encoded.indices.fill_null(len(found)).to_numpy(zero_copy_only=False)]
