"""Finding a sheet of paper in a photo: four corners, only when they are certain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from ingest.scanning.engine import Pixels, Quad

_SIDE: Final = 640
"""Pixels of the longer side in which it is looked for."""
_LEAST_AREA: Final = 0.12
_MOST_AREA: Final = 0.97
"""Shares of the picture: less is something on the desk, more is the picture itself."""
_FILLED: Final = 0.94
"""Share of the four-sided shape that what was found must fill."""
_CONTRAST: Final = 10.0
"""Difference of colour (CIELAB) between both sides of an edge."""


def find_paper(picture: Pixels) -> Quad | None:
    """The corners of the sheet (from the left top, clockwise, in pixels); None when there is none to be
    sure of."""
    scale = _SIDE / max(picture.shape[:2])
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    if min(small.shape[:2]) < 60:
        return None
    lab = cv2.cvtColor(cv2.medianBlur(small, 5), cv2.COLOR_BGR2LAB).astype(np.float32)
    best, best_score = None, 0.0
    for mask in _masks(lab):
        for quad, filled in _shapes(mask):
            contrast = _contrast(lab, quad)
            score = contrast * filled * cv2.contourArea(quad) ** 0.5
            if score > best_score:
                best, best_score = quad, score
    if best is None:
        return None
    return order((best / scale).astype(np.float32))


def order(corners: Quad) -> Quad:
    """Corners from the left top clockwise, of a shape that is turned by less than 45 degrees."""
    centre = corners.mean(axis=0)
    around = np.argsort(np.arctan2(corners[:, 1] - centre[1], corners[:, 0] - centre[0]))
    turning = corners[around]
    sums = turning.sum(axis=1)
    ordered: Quad = np.roll(turning, -int(np.argmin(sums)), axis=0)
    return ordered


def _masks(lab: npt.NDArray[np.float32]) -> Iterator[npt.NDArray[np.uint8]]:
    """Pictures in black and white in which the sheet may be one white piece."""
    high, wide = lab.shape[:2]
    rim = np.concatenate([lab[:4].reshape(-1, 3), lab[-4:].reshape(-1, 3), lab[:, :4].reshape(-1, 3)])
    rim = np.concatenate([rim, lab[:, -4:].reshape(-1, 3)])
    apart = np.linalg.norm(lab - np.median(rim, axis=0), axis=2)
    chroma = np.hypot(lab[..., 1] - 128, lab[..., 2] - 128)
    # a shadow changes the lightness slowly, an edge quickly: the ground is taken out of it
    even = lab[..., 0] - cv2.GaussianBlur(lab[..., 0], (0, 0), max(high, wide) / 6)
    for values in (apart, lab[..., 0], -chroma, even):
        grey = cv2.normalize(values, np.empty_like(values), 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
        level, mask = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
        for strict in (0.0, 0.35):  # the paper's own shades pull Otsu's level up or down
            if strict:
                _, mask = cv2.threshold(grey, level * (1 - strict), 255, cv2.THRESH_BINARY)
            yield cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((13, 13), np.uint8)).astype(np.uint8)
    for low, far in ((40, 120), (15, 50)):
        edges = np.zeros((high, wide), np.uint8)
        for channel in range(3):
            edges |= cv2.Canny(lab[..., channel].astype(np.uint8), low, far).astype(np.uint8)
        yield _enclosed(edges)


def _enclosed(edges: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """What edges enclose. Their gaps are closed by making them broader, which is taken back afterwards."""
    broad = np.ones((5, 5), np.uint8)
    outlines, _ = cv2.findContours(cv2.dilate(edges, broad), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    filled = cv2.drawContours(np.zeros_like(edges), outlines, -1, 255, cv2.FILLED)
    return np.asarray(cv2.erode(filled, broad), dtype=np.uint8)


def _shapes(mask: npt.NDArray[np.uint8]) -> Iterator[tuple[Quad, float]]:
    """Four-sided shapes that pieces of the mask fill, and how far they do."""
    total = mask.shape[0] * mask.shape[1]
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    for outline in sorted(outlines, key=cv2.contourArea, reverse=True)[:3]:
        hull = cv2.convexHull(outline)
        area = cv2.contourArea(hull)
        if not _LEAST_AREA * total <= area:
            continue
        quad = _four_sided(hull)
        if quad is None:
            continue
        covered = cv2.contourArea(quad)
        if covered > _MOST_AREA * total or not _is_sheet_like(quad):
            continue
        filled = min(area, covered) / max(area, covered)
        if filled >= _FILLED:
            yield quad, filled


def _four_sided(hull: Any) -> Quad | None:
    around = cv2.arcLength(hull, True)
    for share in (0.01, 0.015, 0.02, 0.03, 0.04, 0.06):
        shape = cv2.approxPolyDP(hull, share * around, True)
        if len(shape) == 4:
            return _refined(hull, shape.reshape(4, 2).astype(np.float32))
        if len(shape) < 4:
            return None
    return None


def _refined(hull: Any, quad: Quad) -> Quad:
    """Corners where the straight sides meet: those of the outline are rounded or bent."""
    sides = []
    mask_points = _dense(hull.reshape(-1, 2).astype(np.float32))
    for at in range(4):
        start, end = quad[at], quad[(at + 1) % 4]
        ahead = (end - start) / max(float(np.linalg.norm(end - start)), 1e-6)
        offset = mask_points - start
        along = offset @ ahead
        aside = np.abs(offset[:, 0] * ahead[1] - offset[:, 1] * ahead[0])
        length = float(np.linalg.norm(end - start))
        near = mask_points[(aside < 6) & (along > 0.08 * length) & (along < 0.92 * length)]
        if len(near) < 8:
            return quad
        vx, vy, x, y = cv2.fitLine(near, cv2.DIST_HUBER, 0, 0.01, 0.01).ravel().tolist()
        sides.append((np.array([x, y]), np.array([vx, vy])))
    corners = []
    for at in range(4):
        (p, u), (q, v) = sides[at - 1], sides[at]
        cross = u[0] * v[1] - u[1] * v[0]
        if abs(cross) < 0.2:
            return quad
        step = ((q[0] - p[0]) * v[1] - (q[1] - p[1]) * v[0]) / cross
        corners.append(p + u * step)
    fine = np.array(corners, dtype=np.float32)
    return fine if np.abs(fine - quad).max() < 25 else quad


def _dense(points: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Points along the outline, a pixel or two apart."""
    pieces = []
    for start, end in zip(points, np.roll(points, -1, axis=0), strict=True):
        count = max(int(np.linalg.norm(end - start) / 2), 1)
        pieces.append(start + (end - start) * np.linspace(0, 1, count, endpoint=False)[:, None])
    return np.concatenate(pieces).astype(np.float32)


def _is_sheet_like(quad: Quad) -> bool:
    """Whether it may be a rectangle seen from some side: corners not too sharp, sides not too unlike."""
    lengths = [float(np.linalg.norm(quad[at] - quad[(at + 1) % 4])) for at in range(4)]
    if (
        min(lengths) < 40
        or not 0.55 < lengths[0] / lengths[2] < 1.8
        or not 0.55 < lengths[1] / lengths[3] < 1.8
    ):
        return False
    for at in range(4):
        one, other = quad[at - 1] - quad[at], quad[(at + 1) % 4] - quad[at]
        cosine = float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))
        if abs(cosine) > 0.57:  # 55 to 125 degrees
            return False
    return True


def _contrast(lab: npt.NDArray[np.float32], quad: Quad) -> float:
    """How unlike the colours on both sides of the edges are: the least of the sides inside the picture.

    0 where one of them is no edge, or when fewer than three can be seen.
    """
    high, wide = lab.shape[:2]
    centre = quad.mean(axis=0)
    seen: list[float] = []
    for at in range(4):
        start, end = quad[at], quad[(at + 1) % 4]
        ahead = (end - start) / np.linalg.norm(end - start)
        outward = np.array([ahead[1], -ahead[0]])
        if outward @ (start - centre) < 0:
            outward = -outward
        points = start + (end - start) * np.linspace(0.06, 0.94, 60)[:, None]
        outside, inside = points + outward * 6, points - outward * 6
        within = (outside >= 1).all(axis=1) & (outside < (wide - 1, high - 1)).all(axis=1)
        within &= (inside >= 1).all(axis=1) & (inside < (wide - 1, high - 1)).all(axis=1)
        if within.sum() < 20:
            continue
        out, into = outside[within].astype(int), inside[within].astype(int)
        difference = lab[into[:, 1], into[:, 0]] - lab[out[:, 1], out[:, 0]]
        seen.append(float(np.percentile(np.linalg.norm(difference, axis=1), 25)))
    if len(seen) < 3 or min(seen) < _CONTRAST:
        return 0.0
    return float(min(seen) ** 0.5)
