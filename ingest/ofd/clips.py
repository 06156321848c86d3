"""Clips of objects (GB/T 33190, 8.4): areas of one clip are joined, several clips are intersected."""

from __future__ import annotations

from typing import Final

from ingest.ofd import text
from ingest.ofd.canvas import Canvas
from ingest.ofd.geometry import Matrix, matrix_of, moved, segments, times, written
from ingest.ofd.markup import Element, box, children, is_true
from ingest.ofd.resources import Resources

MOST: Final = 200


def clip(canvas: Canvas, resources: Resources, element: Element, outer: Matrix) -> None:
    """Cut what the object draws from here on.

    Clips stand in the object's space, from the corner of its box, before its CTM; those that say
    ``TransFlag="true"`` go through the CTM with it.
    """
    clips = element.find("Clips")
    if clips is None:
        return
    place = box(element.get("Boundary")) or (0.0, 0.0, 0.0, 0.0)
    base = times(moved(place[0], place[1]), outer)
    if is_true(clips.get("TransFlag"), otherwise=False):
        base = times(matrix_of(element.get("CTM")), base)
    for one in list(children(clips, "Clip"))[:MOST]:
        _cut(canvas, resources, one, base)


def _cut(canvas: Canvas, resources: Resources, element: Element, base: Matrix) -> None:
    paths: list[str] = []
    rule = ""
    letters: list[tuple[Element, Matrix]] = []
    for area in list(children(element, "Area"))[:MOST]:
        through = times(matrix_of(area.get("CTM")), base)
        for inner in children(area, "Path", "Text"):
            place = box(inner.get("Boundary")) or (0.0, 0.0, 0.0, 0.0)
            matrix = times(times(matrix_of(inner.get("CTM")), moved(place[0], place[1])), through)
            if inner.tag == "Text":
                letters.append((inner, matrix))
                continue
            outline = segments(inner.findtext("AbbreviatedData"))
            if outline:
                paths.append(written(outline, matrix))
                if (inner.get("Rule") or "").strip().lower() in ("even-odd", "evenodd"):
                    rule = "*"
    if paths:
        canvas.write(*paths, f"W{rule} n")
    elif len(letters) == 1:  # the letters of several areas would have to be joined, which PDF cannot
        inner, matrix = letters[0]
        setting = text.lettering(inner, resources.font(inner.get("Font")))
        text.write(canvas, text.glyphs(inner, setting), setting, 7, matrix)
    elif not letters and element.find("Area") is not None:
        canvas.write("0 0 0 0 re W n")  # an empty area shows nothing
