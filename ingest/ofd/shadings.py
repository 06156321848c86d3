"""Gradients (GB/T 33190, 8.3.4) as PDF shadings (ISO 32000-1, 8.7.4.5)."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream

from ingest.ofd.colours import RGB
from ingest.ofd.geometry import IDENTITY, Matrix, applied, moved, times
from ingest.ofd.markup import Box, Element, children, is_true, number, number_of, numbers

KINDS: Final = ("AxialShd", "RadialShd", "GouraudShd", "LaGourandShd", "LaGouraudShd")
_MOST_STOPS: Final = 256
_MOST_REPEATS: Final = 48
_MOST_POINTS: Final = 50_000

Colour = Callable[[Element], tuple[RGB, float]]
"""What a Color element means: the colour and its opacity."""


@dataclass(frozen=True)
class Gradient:
    """A shading, the matrix from its space to the object's, its opacity, and the same shading of opacities
    where they differ from place to place."""

    shading: Any
    matrix: Matrix
    opacity: float
    mask: Any | None


@dataclass(frozen=True)
class _Stop:
    place: float
    colour: RGB
    opacity: float


def gradient(document: pikepdf.Pdf, element: Element, colour: Colour, reach: Box) -> Gradient | None:
    """A gradient that covers ``reach``; None where it says too little to be drawn."""
    if element.tag in ("GouraudShd", "LaGouraudShd", "LaGourandShd"):
        return _mesh(document, element, colour)
    stops = _stops(element, colour)
    geometry = _axis(element) if element.tag == "AxialShd" else _cone(element)
    if not stops or geometry is None:
        return None
    coordinates, matrix, length = geometry
    extend = int(number_of(element, "Extend", 0))
    ends = [extend in (1, 3), extend in (2, 3)]
    mapping = (element.get("MapType") or "Direct").strip()
    if mapping in ("Repeat", "Reflect"):
        unit = max(number_of(element, "MapUnit", length), 1e-3)
        coordinates, stops = _repeated(coordinates, stops, unit / length, reach, mapping == "Reflect")
        ends = [True, True]
    opacities = {stop.opacity for stop in stops}
    common = {
        "/ShadingType": 2 if element.tag == "AxialShd" else 3,
        "/Coords": Array([round(value, 4) for value in coordinates]),
        "/Extend": Array(ends),
    }
    shading = Dictionary(common)
    shading.ColorSpace = Name.DeviceRGB
    shading.Function = _function([(stop.place, stop.colour) for stop in stops])
    if len(opacities) == 1:
        return Gradient(document.make_indirect(shading), matrix, opacities.pop(), None)
    mask = Dictionary(common)
    mask.ColorSpace = Name.DeviceGray
    mask.Function = _function([(stop.place, (stop.opacity,)) for stop in stops])
    return Gradient(document.make_indirect(shading), matrix, 1.0, document.make_indirect(mask))


def _stops(element: Element, colour: Colour) -> list[_Stop]:
    """The colours with their places from 0 to 1, in order; those without a place stand evenly."""
    found = list(children(element, "Segment"))[:_MOST_STOPS]
    stops = []
    for index, one in enumerate(found):
        inner = one.find("Color")
        if inner is None:
            continue
        place = number(one.get("Position"))
        if place is None:
            place = index / max(1, len(found) - 1)
        rgb, opacity = colour(inner)
        stops.append(_Stop(max(0.0, min(1.0, place)), rgb, opacity))
    stops.sort(key=lambda stop: stop.place)
    if stops and stops[0].place > 0:
        stops.insert(0, _Stop(0.0, stops[0].colour, stops[0].opacity))
    if stops and stops[-1].place < 1:
        stops.append(_Stop(1.0, stops[-1].colour, stops[-1].opacity))
    return stops


def _axis(element: Element) -> tuple[list[float], Matrix, float] | None:
    start, end = numbers(element.get("StartPoint"))[:2], numbers(element.get("EndPoint"))[:2]
    if len(start) < 2 or len(end) < 2:
        return None
    length = math.hypot(end[0] - start[0], end[1] - start[1])
    return ([*start, *end], IDENTITY, length) if length > 1e-6 else None


def _cone(element: Element) -> tuple[list[float], Matrix, float] | None:
    """Two circles; with an eccentricity they are ellipses, turned by an angle about the first centre."""
    start, end = numbers(element.get("StartPoint"))[:2], numbers(element.get("EndPoint"))[:2]
    end = end if len(end) == 2 else start
    first, last = number_of(element, "StartRadius", 0), number_of(element, "EndRadius", 0)
    if len(start) < 2 or max(first, last) <= 0:
        return None
    matrix = IDENTITY
    flatness = math.sqrt(1 - min(0.9999, max(0.0, number_of(element, "Eccentricity", 0))) ** 2)
    turn = math.radians(number_of(element, "Angle", 0) % 360)
    if flatness < 1:
        cosine, sine = math.cos(turn), math.sin(turn)
        about = moved(-start[0], -start[1])
        matrix = times(times(about, (cosine, sine, -flatness * sine, flatness * cosine, 0, 0)), moved(*start))
        back = times(times(about, (cosine, -sine / flatness, sine, cosine / flatness, 0, 0)), moved(*start))
        end = list(applied(back, end[0], end[1]))
    length = max(abs(last - first), math.hypot(end[0] - start[0], end[1] - start[1]), 1e-6)
    return [*start, max(0.0, first), *end, max(0.0, last)], matrix, length


def _repeated(
    coordinates: list[float], stops: list[_Stop], unit: float, reach: Box, is_reflected: bool
) -> tuple[list[float], list[_Stop]]:
    """The gradient again and again, as far as ``reach`` goes; ``unit`` is one turn as a share of it."""
    half = len(coordinates) // 2
    first, last = coordinates[:half], coordinates[half:]
    step = [(b - a) * unit for a, b in zip(first, last, strict=True)]
    stride = max(math.hypot(step[0], step[1]), abs(step[2]) if half == 3 else 0, 1e-6)
    x, y, width, height = reach
    far = max(math.hypot(cx - first[0], cy - first[1]) for cx in (x, x + width) for cy in (y, y + height))
    turns = min(_MOST_REPEATS, max(1, math.ceil(far / stride)), max(1, 4096 // len(stops)))
    low, high = -turns, turns
    if half == 3:  # a circle's radius ends at nought
        low = -int(first[2] / step[2]) if step[2] > 1e-9 else 0
        high = turns if step[2] >= 0 else min(turns, int(first[2] / -step[2]))
        low, high = max(-turns, low), max(high, 1)
    count = high - low
    made = []
    for turn in range(count):
        mirrored = is_reflected and (turn + low) % 2 == 1
        for stop in reversed(stops) if mirrored else stops:
            place = 1 - stop.place if mirrored else stop.place
            made.append(_Stop((turn + place) / count, stop.colour, stop.opacity))
    begin = [a + s * low for a, s in zip(first, step, strict=True)]
    finish = [a + s * high for a, s in zip(first, step, strict=True)]
    if half == 3:
        begin[2], finish[2] = max(0.0, begin[2]), max(0.0, finish[2])
    return [*begin, *finish], made


def _function(stops: list[tuple[float, tuple[float, ...]]]) -> Dictionary:
    """Straight between the stops (ISO 32000-1, 7.10.3 and 7.10.4)."""
    parts, bounds = [], []
    for (place, colour), (next_place, next_colour) in pairwise(stops):
        if next_place - place < 1e-6:
            continue
        parts.append(
            Dictionary(FunctionType=2, Domain=Array([0, 1]), N=1, C0=_array(colour), C1=_array(next_colour))
        )
        bounds.append(round(next_place, 6))
    if len(parts) == 1:
        return parts[0]
    return Dictionary(
        FunctionType=3,
        Domain=Array([0, 1]),
        Functions=Array(parts),
        Bounds=Array(bounds[:-1]),
        Encode=Array([0, 1] * len(parts)),
    )


def _array(values: tuple[float, ...]) -> Array:
    return Array([round(value, 5) for value in values])


def _mesh(document: pikepdf.Pdf, element: Element, colour: Colour) -> Gradient | None:
    """Triangles with a colour at each corner, free or in a lattice."""
    points = [(one, one.find("Color")) for one in children(element, "Point")][:_MOST_POINTS]
    corners = [
        (number_of(one, "X", 0), number_of(one, "Y", 0), int(number_of(one, "EdgeFlag", 0)), inner)
        for one, inner in points
        if inner is not None
    ]
    is_lattice = element.tag != "GouraudShd"
    row = int(number_of(element, "VerticesPerRow", 0))
    if len(corners) < (4 if is_lattice else 3) or (is_lattice and not 2 <= row <= len(corners)):
        return None
    left, right = min(one[0] for one in corners), max(one[0] for one in corners)
    top, bottom = min(one[1] for one in corners), max(one[1] for one in corners)
    across, down = max(right - left, 1e-3), max(bottom - top, 1e-3)
    data = bytearray()
    total = 0.0
    for x, y, flag, inner in corners:
        rgb, opacity = colour(inner)
        total += opacity
        if not is_lattice:
            data.append(flag if flag in (0, 1, 2) else 0)
        place = (round((x - left) / across * 65535), round((y - top) / down * 65535))
        data += struct.pack(">HH3B", *place, *(round(part * 255) for part in rgb))
    shading = Stream(document, bytes(data))
    shading.ShadingType = 5 if is_lattice else 4
    shading.ColorSpace = Name.DeviceRGB
    shading.BitsPerCoordinate, shading.BitsPerComponent = 16, 8
    shading.Decode = Array([round(v, 4) for v in (left, left + across, top, top + down)] + [0, 1] * 3)
    if is_lattice:
        shading.VerticesPerRow = row
    else:
        shading.BitsPerFlag = 8
    back = element.find("BackColor")
    if back is not None and is_true(element.get("Extend"), otherwise=False):
        shading.Background = _array(colour(back)[0])
    return Gradient(document.make_indirect(shading), IDENTITY, total / len(corners), None)
