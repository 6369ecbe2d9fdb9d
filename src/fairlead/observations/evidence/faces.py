"""Faces made unrecognisable, for good, before a photograph is kept. Nobody is ever looked up.

Detection is by the cascades of Viola and Jones (2001) that OpenCV's package carries, set to find
too much rather than too little. They miss faces turned away or very small: whoever uploads sees
the result and can name more places to blur.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from fairlead.schema.errors import ConfigError

Box = tuple[int, int, int, int]
"""Left, top, width, height in pixels."""

CASCADES = ("frontalface_default", "frontalface_alt2", "profileface")
LEAST_PX = 16
NEIGHBOURS = 2
AROUND = 0.35
BLOCKS = 4


def find_faces(pixels: np.ndarray) -> list[Box]:
    """Where faces may be in an RGB image of shape (height, width, 3), uint8.

    Raises ConfigError where OpenCV is not installed.
    """
    cv2 = _opencv()
    grey = cv2.equalizeHist(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))
    width = grey.shape[1]
    found: list[Box] = []
    for name in CASCADES:
        cascade = cv2.CascadeClassifier(
            os.path.join(cv2.data.haarcascades, f"haarcascade_{name}.xml")
        )
        views = [(grey, False), (cv2.flip(grey, 1), True)] if "profile" in name else [(grey, False)]
        for view, flipped in views:
            for x, y, w, h in cascade.detectMultiScale(
                view, scaleFactor=1.08, minNeighbors=NEIGHBOURS, minSize=(LEAST_PX, LEAST_PX)
            ):
                left = width - int(x) - int(w) if flipped else int(x)
                found.append((left, int(y), int(w), int(h)))
    return sorted(set(found))


def blur(pixels: np.ndarray, boxes: Sequence[Box]) -> np.ndarray:
    """A copy in which each box, and a third of its size around, is four by four flat blocks.

    What is left of a face is 48 numbers: it cannot be brought back by sharpening.
    """
    out = pixels.copy()
    height, width = out.shape[:2]
    for x, y, w, h in boxes:
        more_x, more_y = round(w * AROUND), round(h * AROUND)
        left, top = max(0, x - more_x), max(0, y - more_y)
        right, bottom = min(width, x + w + more_x), min(height, y + h + more_y)
        if left < right and top < bottom:
            out[top:bottom, left:right] = _flat(out[top:bottom, left:right])
    return out


def _flat(part: np.ndarray) -> np.ndarray:
    rows = np.arange(part.shape[0]) * BLOCKS // part.shape[0]
    columns = np.arange(part.shape[1]) * BLOCKS // part.shape[1]
    flat = np.empty_like(part)
    for i in np.unique(rows):
        for j in np.unique(columns):
            block = np.ix_(rows == i, columns == j)
            flat[block] = part[block].reshape(-1, part.shape[2]).mean(axis=0).astype(np.uint8)
    return flat


def _opencv() -> Any:
    try:
        import cv2
    except ImportError as error:
        message = "photographs cannot be taken in: OpenCV is not installed"
        raise ConfigError(
            message, help="install the extra: pip install 'fairlead[photographs]'"
        ) from error
    return cv2
