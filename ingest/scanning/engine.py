"""The models that find and read lines of text (PP-OCR), loaded once for a process.

They are files of the installed package ``rapidocr`` and run on ONNX Runtime: nothing is ever downloaded,
and nothing is sent. One thread only: two workers share the machine, and a worker may not start threads.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

# Since 1.29 the official builds for Linux report sessions and models to their maker, with an identifier that
# they write to disk. It is decided when the library is loaded, before any call could switch it off.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import onnxruntime

cv2.setNumThreads(1)
Pixels = npt.NDArray[np.uint8]
"""Height × width × 3; blue, green, red as OpenCV has it."""
Quad = npt.NDArray[np.float32]
"""Four corners (4 × 2: x, y in pixels) of a line of text: from its start at the top, clockwise."""
MOST_LINES: Final = 1200
"""Of one page."""
_BATCH: Final = 6
_HIGH: Final = 48
"""Pixels in height of what the reading model takes."""
_LEAST_WIDE: Final = 160
_WIDEST: Final = 3200
"""Pixels in width of the same: shorter lines are padded, longer ones squeezed."""
_LIKELY: Final = 0.3
"""Of the finding model: from which likelihood on a pixel belongs to text."""
_SURE: Final = 0.5
"""The mean likelihood from which on an area is a line."""
_GROWTH: Final = 1.6
"""The finding model marks the kernel of a line; by this share of area to perimeter the line is larger."""


@dataclass(frozen=True)
class Letters:
    """A read line: its letters, where the middle of each stands along the line (0 to 1), and how sure the
    model is of each (0 to 1)."""

    text: str
    middles: tuple[float, ...]
    confidences: tuple[float, ...]

    @property
    def confidence(self) -> float:
        """The mean; 0 when nothing was read."""
        return sum(self.confidences) / len(self.confidences) if self.confidences else 0.0


def find_lines(picture: Pixels, longest_side: int) -> list[Quad]:
    """Lines of text, looked for in the picture brought to at most ``longest_side`` pixels."""
    high, wide = picture.shape[:2]
    scale = min(1.0, longest_side / max(high, wide))
    size = [max(32, round(side * scale / 32) * 32) for side in (wide, high)]
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    given = (small.astype(np.float32) / 127.5 - 1).transpose(2, 0, 1)[np.newaxis]
    likely = _session("PP-OCRv6_det_small.onnx").run(None, {"x": given})[0][0, 0]
    mask = cv2.dilate((likely > _LIKELY).astype(np.uint8), np.ones((2, 2), np.uint8))
    outlines, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    ratio = np.array([wide / size[0], high / size[1]], dtype=np.float32)
    quads: list[Quad] = []
    for outline in sorted(outlines, key=len, reverse=True)[:MOST_LINES]:
        found = _line(outline, likely)
        if found is not None:
            quads.append(_from_the_start(found * ratio))
    return quads


def _line(outline: Any, likely: npt.NDArray[np.float32]) -> Quad | None:
    """The rectangle of a line around the outline of its kernel; None when it is too small or unlikely."""
    middle, (width, height), angle = cv2.minAreaRect(outline)
    if min(width, height) < 3:
        return None
    left, top, wide, high = cv2.boundingRect(outline)
    mask = np.zeros((high, wide), np.uint8)
    corners = cv2.boxPoints((middle, (width, height), angle)) - (left, top)
    cv2.fillPoly(mask, [corners.astype(np.int32)], 1)
    if cv2.mean(likely[top : top + high, left : left + wide], mask)[0] < _SURE:
        return None
    more = 2 * _GROWTH * width * height / (2 * (width + height))
    quad: Quad = cv2.boxPoints((middle, (width + more, height + more), angle)).astype(np.float32)
    return quad


def _from_the_start(corners: Quad) -> Quad:
    """Corners in the order of a line that runs to the right, or down when it is higher than wide.

    The order is that of a line turned by less than 45 degrees, so it goes on over the quarter turns.
    """
    total = corners.sum(axis=1)
    first = int(np.argmin(total))
    ordered = np.roll(corners, -first, axis=0)
    ahead, below = ordered[1] - ordered[0], ordered[3] - ordered[0]
    if ahead[0] * below[1] - ahead[1] * below[0] < 0:
        ordered = ordered[[0, 3, 2, 1]]
    ahead, below = ordered[1] - ordered[0], ordered[3] - ordered[0]
    if abs(ahead[1]) > abs(ahead[0]):  # the corner with the least sum was not the one at the start
        ordered = np.roll(ordered, 1 if ahead[1] > 0 else -1, axis=0)
    return ordered


def read_lines(pictures: list[Pixels]) -> list[Letters]:
    """The letters of pictures of one line each, in their order."""
    order = sorted(range(len(pictures)), key=lambda at: pictures[at].shape[1] / pictures[at].shape[0])
    read: dict[int, Letters] = {}
    for start in range(0, len(order), _BATCH):
        batch = order[start : start + _BATCH]
        read.update(zip(batch, _read([pictures[at] for at in batch]), strict=True))
    return [read[at] for at in range(len(pictures))]


def _read(pictures: list[Pixels]) -> list[Letters]:
    widths = [min(_WIDEST, max(16, round(one.shape[1] * _HIGH / one.shape[0]))) for one in pictures]
    widest = max(_LEAST_WIDE, *widths)
    given = np.zeros((len(pictures), 3, _HIGH, widest), dtype=np.float32)
    for at, (one, width) in enumerate(zip(pictures, widths, strict=True)):
        shrinks = one.shape[0] > 1.5 * _HIGH
        sized = cv2.resize(one, (width, _HIGH), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        given[at, :, :, :width] = (sized.astype(np.float32) / 127.5 - 1).transpose(2, 0, 1)
    said = _session("PP-OCRv6_rec_small.onnx").run(None, {"x": given})[0]
    columns = said.shape[1]
    return [
        _letters(said[at], columns * width / widest)  # the rest is padding
        for at, width in enumerate(widths)
    ]


def _letters(said: npt.NDArray[np.float32], columns: float) -> Letters:
    """The best letter of every column; a run of the same one is one letter, and 0 separates (CTC)."""
    best = said.argmax(axis=1)
    sure = said[np.arange(len(best)), best]
    known = _alphabet()
    texts: list[str] = []
    middles: list[float] = []
    confidences: list[float] = []
    at = 0
    while at < len(best):
        end = at + 1
        while end < len(best) and best[end] == best[at]:
            end += 1
        if best[at]:
            peak = at + int(sure[at:end].argmax())
            texts.append(known[best[at]])
            middles.append(min(((at + end) / 2 + peak + 0.5) / 2 / columns, 1.0))
            confidences.append(float(sure[peak]))
        at = end
    return Letters("".join(texts), tuple(middles), tuple(confidences))


def cut_out(picture: Pixels, quad: Quad) -> Pixels:
    """A line as a flat picture of its own."""
    wide = max(int(np.linalg.norm(quad[0] - quad[1])), int(np.linalg.norm(quad[2] - quad[3])), 2)
    high = max(int(np.linalg.norm(quad[0] - quad[3])), int(np.linalg.norm(quad[1] - quad[2])), 2)
    corners = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(quad, corners)
    flat = cv2.warpPerspective(
        picture, matrix, (wide, high), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(flat, dtype=np.uint8)


@cache
def _session(name: str) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # memory goes back after every picture
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(str(_models() / name), options, providers=["CPUExecutionProvider"])


def _models() -> Path:
    """The folder of the models: found without importing the package, whose own loader can download."""
    found = find_spec("rapidocr")
    if found is None or found.origin is None:
        raise RuntimeError("rapidocr is not installed")
    return Path(found.origin).parent / "models"


@cache
def _alphabet() -> list[str]:
    """What the classes of the reading model mean; the first one is no letter, the last is a space."""
    said = _session("PP-OCRv6_rec_small.onnx").get_modelmeta().custom_metadata_map["character"]
    return ["", *said.splitlines(), " "]
