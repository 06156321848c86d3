"""The letters of a page grouped to runs without a visible gap, and runs to words in reading order. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

_WIDE: Final = "\u2e80"
"""Letters from here on stand in full squares."""
_LEVEL: Final = 0.55
"""Share of a character's height by which neighbours on one line may differ in level."""
Letter = tuple[str, float, float, float, float, bool]
"""A character in the frame of its own direction: text, start, top, end, bottom in points, and whether it
comes straight after the letter before it in the file, with no space or line end between."""


@dataclass
class Run:
    """Letters without a visible gap."""

    text: str
    start: float
    top: float
    end: float
    bottom: float
    last_top: float
    last_bottom: float
    is_vertical: bool = False


def runs_of(letters: Iterable[Letter]) -> Iterator[Run]:
    """Letters grouped in the order of the file."""
    run: Run | None = None
    for text, start, top, end, bottom, follows in letters:
        if run is not None and follows and _continues(run, text, start, top, end, bottom):
            run.text += text
            run.start = min(run.start, start)
            run.end = max(run.end, end)
            run.top = min(run.top, top)
            run.bottom = max(run.bottom, bottom)
            run.last_top, run.last_bottom = top, bottom
            continue
        if run is not None:
            yield run
        run = Run(text, start, top, end, bottom, top, bottom)
    if run is not None:
        yield run


def _continues(run: Run, text: str, start: float, top: float, end: float, bottom: float) -> bool:
    """Whether a letter goes on a run without a visible gap; says so in the run when it goes downwards."""
    height = max(run.last_bottom - run.last_top, bottom - top)
    if run.is_vertical or len(run.text) == 1:
        if (
            abs(top - run.last_bottom) < 0.2 * height
            and abs(start + end - run.start - run.end) < 1.1 * height
        ):
            run.is_vertical = True
            return True
        if run.is_vertical:
            return False
    gap = start - run.end
    room = 0.25 if text >= _WIDE or run.text[-1] >= _WIDE else 0.17
    if not -0.5 * height < gap < room * height:
        # letters of one ligature share its box
        return abs(end - run.end) < 0.01 and abs(top - run.last_top) < 0.01
    return abs(top + bottom - run.last_top - run.last_bottom) < 0.6 * height


def slanted(letters: Iterable[Letter]) -> Iterator[Run]:
    """Letters that run in no straight direction, such as a watermark's: each text of the file is one."""
    run: Run | None = None
    for text, start, top, end, bottom, follows in letters:
        if run is not None and follows:
            run.text += text
            run.start, run.end = min(run.start, start), max(run.end, end)
            run.top, run.bottom = min(run.top, top), max(run.bottom, bottom)
            continue
        if run is not None:
            yield run
        run = Run(text, start, top, end, bottom, top, bottom)
    if run is not None:
        yield run


def joined(runs: Iterable[Run]) -> list[Run]:
    """Runs in reading order; those that touch on one level are one, those printed twice are one."""
    lines: list[list[Run]] = []
    for run in sorted(runs, key=lambda one: (one.top + one.bottom, one.start)):
        line = lines[-1] if lines else None
        if line is not None and _is_level(line[-1], run):
            line.append(run)
        else:
            lines.append([run])
    found: list[Run] = []
    for line in lines:
        line.sort(key=lambda one: one.start)
        kept: list[Run] = []
        for run in line:
            if any(_is_overprint(before, run) for before in kept[-4:]):
                continue
            if kept and _touches(kept[-1], run):
                kept[-1].text += run.text
                kept[-1].end = max(kept[-1].end, run.end)
                kept[-1].top = min(kept[-1].top, run.top)
                kept[-1].bottom = max(kept[-1].bottom, run.bottom)
            else:
                kept.append(run)
        found += kept
    return found


def _is_level(one: Run, other: Run) -> bool:
    least = min(one.bottom - one.top, other.bottom - other.top)
    return abs(one.top + one.bottom - other.top - other.bottom) / 2 < _LEVEL * least


def _is_overprint(one: Run, other: Run) -> bool:
    """The same text again at nearly the same place: bold by printing twice."""
    if one.text != other.text:
        return False
    room = 0.12 * (one.bottom - one.top)
    return abs(one.start - other.start) < room and abs(one.top - other.top) < room


def _touches(one: Run, other: Run) -> bool:
    """Whether two runs of one level are parts of one word that the file draws apart."""
    if one.is_vertical or other.is_vertical:
        return False
    height = min(one.bottom - one.top, other.bottom - other.top)
    if max(one.bottom - one.top, other.bottom - other.top) > 1.4 * height:
        return False
    if abs(one.bottom - other.bottom) > 0.25 * height:
        return False
    return -0.15 * height < other.start - one.end < 0.08 * height
