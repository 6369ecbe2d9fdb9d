"""Ship names made comparable: folding, numerals, typing errors, and how common a name is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

AIS_NAME_LENGTH = 20
"""AIS carries twenty characters; a longer name arrives cut."""

_PREFIXES = re.compile(
    r"^(?:(?:M|F|S|T|G|L|R|D)\s?[/.]\s?[VTSYB]\b\.?|MV|MT|MS|MY|FV|SS|SV|TB|LPG/C|LNG/C)\s+"
)
_NUMBER_WORDS = re.compile(r"\b(?:NO|NR|N|NUM|NUMBER)\b\s*(?=\d)")
_ROMAN = {
    **{"II": "2", "III": "3", "IV": "4", "VI": "6", "VII": "7", "VIII": "8", "IX": "9"},
    **{"XI": "11", "XII": "12", "XIII": "13", "XIV": "14", "XV": "15", "XVI": "16", "XX": "20"},
    **{"I": "1", "V": "5", "X": "10"},
}
_CYRILLIC = {
    **dict(zip("АБВГДЕЗИЙКЛМНОПРСТУФЫЭ", "ABVGDEZIYKLMNOPRSTUFYE", strict=True)),
    **{"Ё": "E", "Ж": "ZH", "Х": "KH", "Ц": "TS", "Ч": "CH", "Ш": "SH", "Щ": "SHCH", "Ъ": ""},
    **{"Ь": "", "Ю": "YU", "Я": "YA", "І": "I", "Ї": "YI", "Є": "YE", "Ґ": "G"},
}
_LATIN = str.maketrans({**_CYRILLIC, "Ø": "O", "Æ": "AE", "Ł": "L", "Đ": "D", "ẞ": "SS", "Œ": "OE"})


def comparable_name(text: str) -> str:
    """A name in capitals A to Z and digits, words separated by one space.

    Accents and Cyrillic are written in Latin letters, `M/V` and its like are taken off, `No.`
    before a number is dropped, a last Roman numeral becomes digits, letters and digits are parted.
    """
    upper = unicodedata.normalize("NFKC", text.split("@", 1)[0]).upper().translate(_LATIN)
    upper = unicodedata.normalize("NFKD", upper).encode("ascii", "ignore").decode()
    upper = _PREFIXES.sub("", upper.strip().strip("'\""))
    words = re.findall(r"[A-Z]+|\d+", upper.replace("'", ""))
    joined = _NUMBER_WORDS.sub("", " ".join(words))
    words = [w.lstrip("0") or "0" if w.isdigit() else w for w in joined.split()]
    if len(words) > 1 and words[-1] in _ROMAN:
        words[-1] = _ROMAN[words[-1]]
    return " ".join(words)


def compact(plain: str) -> str:
    """A plain name without its spaces: lists and crews part words differently."""
    return plain.replace(" ", "")


def numbers_in(plain: str) -> tuple[str, ...]:
    """The numbers of a plain name: TONG SAN 2 and TONG SAN 3 are two ships, not a typing error."""
    return tuple(re.findall(r"\d+", plain))


def one_less(key: str) -> Iterator[str]:
    """The key and every key with one character less.

    Two keys that differ by one insertion, deletion, change or swap of neighbours share one of
    these (symmetric deletion, Garbe 2012).
    """
    yield key
    for i in range(len(key)):
        yield key[:i] + key[i + 1 :]


def edits_between(a: str, b: str, most: int = 3) -> int:
    """Insertions, deletions, changes and swaps of neighbours from a to b, or `most` if more.

    Optimal string alignment (Damerau 1964, restricted to one edit per part).
    """
    if abs(len(a) - len(b)) >= most:
        return most
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        two_before, before, row = before, row, [i]
        for j, y in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, two_before[j - 2] + 1)
            row.append(cost)
        if min(row) >= most:
            return most
    return min(row[-1], most)


@dataclass(frozen=True, slots=True)
class Likeness:
    """How a vessel's name resembles one on a list: `edits` 0 is the same name."""

    said: str
    listed: str
    edits: int


def likeness(said: str, listed: str) -> Likeness | None:
    """The likeness of two plain names, or None when they are different names.

    One error is taken for a typing error from five letters on, two from ten on, never in numbers.
    """
    a, b = compact(said), compact(listed)
    if not a or not b:
        return None
    if a == b:
        return Likeness(said, listed, 0)
    if numbers_in(said) != numbers_in(listed):
        return None
    letters = min(len(re.sub(r"\d", "", a)), len(re.sub(r"\d", "", b)))
    allowed = 0 if letters < 5 else 1 if letters < 10 else 2
    edits = edits_between(a, b, allowed + 1)
    return Likeness(said, listed, edits) if edits <= allowed else None


def namesakes(plain: str, n_listed: int, n_word: int) -> float:
    """How many ships in a world of 100,000 may bear the name.

    `n_listed` vessels on the lists bear it, in how many of their names each of its words occurs is
    at least `n_word`. Short single words are the names that dozens of ships share; names with a
    number or three words rarely have a namesake. Orders of magnitude, from counting names in ship
    registers.
    """
    words = plain.split()
    letters = sum(len(w) for w in words if not w.isdigit())
    if len(words) == 1:
        expected = 60.0 if letters <= 4 else 30.0 if letters <= 6 else 10.0
    elif len(words) == 2:
        expected = 5.0
    else:
        expected = 1.5
    if n_word >= 3:
        expected *= 2.0
    return expected * max(1, n_listed)
