"""CSV bytes into records and the places of the wanted fields: one pass, no copies.

A newline always ends a record, inside quotes too: where a block of lines is cut must change
nothing, and one stray quotation mark must cost one record and not the rest of the file.
"""

from __future__ import annotations

import numpy as np
from numba import njit

INTACT, WRONG_COLUMNS, OPEN_QUOTE = 0, 1, 2
_QUOTE, _NEWLINE, _RETURN = 34, 10, 13


@njit(cache=True, nogil=True)
def _end_of_quoted(text, i):
    """The closing quote of the field whose opening quote is at i; -1 when the line ends first."""
    i += 1
    while i < len(text) and text[i] != _NEWLINE:
        if text[i] == _QUOTE:
            if i + 1 < len(text) and text[i + 1] == _QUOTE:
                i += 2
                continue
            return i
        i += 1
    return -1


@njit(cache=True, nogil=True)
def _end_of_plain(text, i, delimiter):
    while i < len(text) and text[i] != delimiter and text[i] != _NEWLINE:
        i += 1
    return i


@njit(cache=True, nogil=True)
def tokenise(text, start, delimiter, slots, n_lines, n_slots):
    """Records of `text` from `start`, at most n_lines of them.

    `slots[c]` is the row of `begins` and `ends` that gets column c, or -1. Gives the number of
    records, then by record: first byte, one past its last byte, number of its line from 0, fault,
    the column (from 1) of an open quote or else how many columns there are; and by slot and record
    the begin and end of each wanted field (these two keep the length n_lines). Blank lines are no
    records.
    """
    first = np.empty(n_lines, np.int64)
    last = np.empty(n_lines, np.int64)
    line = np.empty(n_lines, np.int64)
    fault = np.zeros(n_lines, np.uint8)
    at_column = np.zeros(n_lines, np.int32)
    begins = np.zeros((n_slots, n_lines), np.int32)
    ends = np.zeros((n_slots, n_lines), np.int32)
    n_columns, size = len(slots), len(text)
    i, n, at_line = start, 0, 0
    while i < size and n < n_lines:
        begin_of_record, column = i, 0
        while True:
            begin = i
            if i < size and text[i] == _QUOTE:
                closing = _end_of_quoted(text, i)
                if closing < 0:
                    fault[n], at_column[n] = OPEN_QUOTE, column + 1
                    end = i = _end_of_plain(text, i, _NEWLINE)
                else:
                    begin, end = i + 1, closing
                    i = _end_of_plain(text, closing, delimiter)
            else:
                end = i = _end_of_plain(text, i, delimiter)
            at_end = i >= size or text[i] == _NEWLINE
            if at_end and end > begin and text[end - 1] == _RETURN:
                end -= 1
            if column < n_columns:
                slot = slots[column]
                if slot >= 0:
                    begins[slot, n] = begin
                    ends[slot, n] = end
            elif end > begin and fault[n] == INTACT:
                fault[n] = WRONG_COLUMNS
            column += 1
            if at_end:
                break
            i += 1
        if column < n_columns and fault[n] == INTACT:
            fault[n] = WRONG_COLUMNS
        if fault[n] != OPEN_QUOTE:
            at_column[n] = column
        n_bytes = i - begin_of_record
        if n_bytes > 1 or (n_bytes == 1 and text[begin_of_record] != _RETURN):
            first[n], last[n], line[n] = begin_of_record, i, at_line
            n += 1
        else:
            fault[n] = INTACT
        at_line += 1
        i += 1
    return n, first[:n], last[:n], line[:n], fault[:n], at_column[:n], begins, ends


@njit(cache=True, nogil=True)
def hash_fields(text, begins, ends, slots, n):
    """FNV-1a over the fields in `slots` of each of n records, and whether any is there."""
    hashes = np.empty(n, np.uint64)
    filled = np.zeros(n, np.bool_)
    for k in range(n):
        value = np.uint64(0xCBF29CE484222325)
        for slot in slots:
            for i in range(begins[slot, k], ends[slot, k]):
                value = (value ^ np.uint64(text[i])) * np.uint64(0x100000001B3)
            filled[k] |= ends[slot, k] > begins[slot, k]
            value = (value ^ np.uint64(255)) * np.uint64(0x100000001B3)
        hashes[k] = value
    return hashes, filled


@njit(cache=True, nogil=True)
def run_ends(mmsi, hashes, filled):
    """The first and last row of each run of equal hashes of an MMSI, over the filled rows: bool."""
    n = len(mmsi)
    size = 16
    while size < 2 * n:
        size *= 2
    last = np.full(size, -1, np.int64)
    kept = np.zeros(n, np.bool_)
    for k in range(n):
        if not filled[k]:
            continue
        place = (mmsi[k] * 2654435761) & (size - 1)
        while last[place] >= 0 and mmsi[last[place]] != mmsi[k]:
            place = (place + 1) & (size - 1)
        before = last[place]
        if before < 0 or hashes[before] != hashes[k]:
            kept[k] = True
            if before >= 0:
                kept[before] = True
        last[place] = k
    for k in last:
        if k >= 0:
            kept[k] = True
    return kept


@njit(cache=True, nogil=True)
def trimmed(text, begins, ends, rows):
    """The chosen rows' fields end to end, spaces and AIS padding (`@`) trimmed: bytes, offsets."""
    offsets = np.zeros(len(rows) + 1, np.int32)
    n_bytes = 0
    for k in range(len(rows)):
        n_bytes += ends[rows[k]] - begins[rows[k]]
    data = np.empty(n_bytes, np.uint8)
    n = 0
    for k in range(len(rows)):
        begin, end = begins[rows[k]], ends[rows[k]]
        while end > begin and (text[end - 1] == 32 or text[end - 1] == 64):
            end -= 1
        while begin < end and text[begin] == 32:
            begin += 1
        for i in range(begin, end):
            data[n] = text[i]
            n += 1
        offsets[k + 1] = n
    return data[:n], offsets


@njit(cache=True, nogil=True)
def gather(text, begins, ends):
    """Pieces of a text end to end: bytes, offsets (int32, one more than pieces)."""
    offsets = np.zeros(len(begins) + 1, np.int32)
    for k in range(len(begins)):
        offsets[k + 1] = offsets[k] + ends[k] - begins[k]
    data = np.empty(offsets[-1], np.uint8)
    for k in range(len(begins)):
        data[offsets[k] : offsets[k + 1]] = text[begins[k] : ends[k]]
    return data, offsets
