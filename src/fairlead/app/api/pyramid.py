"""How many positions lie in each cell of the map, at every zoom."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np

from fairlead.app.api.picture import View
from fairlead.engines.picture import FINE_ZOOM

CELLS_ZOOM = 6
"""A density tile has 2**6 by 2**6 cells."""
KEPT = 8

Level = tuple[np.ndarray, np.ndarray]


class Pyramids:
    """Counts by sets of sources that may be seen. What new files bring is added to what was."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[frozenset[str] | None, tuple[frozenset[Path], list[Level]]] = {}

    def of(self, view: View) -> list[Level]:
        """Codes and counts at each zoom from CELLS_ZOOM to FINE_ZOOM, of what may be seen."""
        held = view.kept.get(("pyramid",))
        if held is None:
            with self._lock:
                held = self._built(view)
            view.kept["pyramid",] = held
        return held

    def _built(self, view: View) -> list[Level]:
        points = {p.file.path: p for p in view.stored.points}
        paths, levels = self._held.get(view.sources, (frozenset(), []))
        if not paths <= points.keys():
            paths, levels = frozenset(), []
        fresh = [
            cells
            for path in points.keys() - paths
            for source, cells in points[path].cells.items()
            if view.sources is None or source in view.sources
        ]
        if fresh or not levels:
            levels = _levels([*levels[-1:], *fresh])
        if len(self._held) >= KEPT:
            self._held.clear()
        self._held[view.sources] = (frozenset(points), levels)
        return levels


def _levels(parts: list[Level]) -> list[Level]:
    codes = np.concatenate([np.empty(0, np.int64), *(c for c, _ in parts)])
    counts = np.concatenate([np.empty(0, np.int64), *(n for _, n in parts)])
    # a few sorted runs: the stable sort merges them
    order = np.argsort(codes, kind="stable")
    levels = [_summed(codes[order], counts[order])]
    for _ in range(FINE_ZOOM - CELLS_ZOOM):
        finer, n = levels[-1]
        levels.append(_summed(finer >> 2, n))
    return levels[::-1]


def _summed(codes: np.ndarray, counts: np.ndarray) -> Level:
    """Counts of equal codes added up; the codes are sorted."""
    if not len(codes):
        return codes, counts
    starts = np.flatnonzero(np.append(True, codes[1:] != codes[:-1]))
    return codes[starts], np.add.reduceat(counts, starts)
