"""The words of a PDF's own text and where they stand, as the page is shown. Runs in the worker only.

PDFium gives characters with their boxes in the page's own coordinates; here they are turned as the page is
shown, grouped to runs without a visible gap, and cleaned of what nobody can see.
"""

from __future__ import annotations

import ctypes
import math
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pypdfium2
from pypdfium2 import raw

from ingest import substitute_fonts
from ingest.errors import FileBroken
from ingest.pdf_runs import Letter, joined, runs_of, slanted
from ingest.words import Page, Place, Word

substitute_fonts.provide()

MOST_TEXT: Final = 200_000
"""Characters that are read of one page."""
MOST_EXACT: Final = 300_000
"""Characters of a file that are read one by one; the pages after that give whole lines as words."""
_INVISIBLE_CONFIDENCE: Final = 0.8
"""Of invisible text under a picture: somebody else's recognition."""
_SMALLEST: Final = 0.4
"""Points; text of less height cannot be seen."""
_RADICALS: Final = dict(
    zip(
        "⺁⺇⺋⺌⺐⺒⺓⺕⺘⺙⺛⺟⺠⺡⺢⺣⺤⺨⺩⺫⺬⺭⺮⺯⺶⺷⺸⺻⺼⺽⻁⻂⻃⻄⻅⻆⻈⻉⻊⻋⻌⻍⻎⻐⻒⻓⻔⻗⻘⻙⻚⻛⻜⻝⻠⻢⻣⻤⻥⻦⻧⻨⻩⻬⻮⻰⻳",
        "厂几㔾小尢巳幺彐扌攵旡母民氵氺灬爫犭王罒示礻竹糸羊羊羊聿肉臼虎衤覀西见角讠贝足车辶辶辶钅长长门雨青韦页风飞食饣马骨鬼鱼鸟卤麦黄齐齿龙龟",
        strict=True,
    )
)
"""CJK radicals that fonts give instead of characters and that Unicode does not fold (U+2E80 to U+2EFF)."""


_object_of: Final = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)(
    ctypes.cast(raw.FPDFText_GetTextObject, ctypes.c_void_p).value  # type: ignore[arg-type]
)
"""The address of the text object of a character: an integer costs half of what a typed pointer does."""


@dataclass(frozen=True)
class _Frame:
    """How a page is shown: its box in its own coordinates, and the quarter turns clockwise."""

    left: float
    bottom: float
    right: float
    top: float
    turns: int

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.top - self.bottom

    @property
    def size(self) -> tuple[float, float]:
        """Width and height as shown."""
        return (self.height, self.width) if self.turns % 2 else (self.width, self.height)

    def shown(self, box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        """A box (left, bottom, right, top) of the page as (left, top, right, bottom) of the shown page."""
        left, right = box[0] - self.left, box[2] - self.left
        top, bottom = self.top - box[3], self.top - box[1]
        return _turned((left, top, right, bottom), self.width, self.height, self.turns)


def _turned(
    box: tuple[float, float, float, float], width: float, height: float, turns: int
) -> tuple[float, float, float, float]:
    """A box from the top left of an area, after quarter turns of the area clockwise."""
    left, top, right, bottom = box
    if turns == 1:
        return height - bottom, left, height - top, right
    if turns == 2:
        return width - right, height - bottom, width - left, height - top
    if turns == 3:
        return top, width - right, bottom, width - left
    return box


def words(source: Path) -> list[Page]:
    """The words of every page, in reading order as far as levels tell it. Raises FileBroken."""
    try:
        document = pypdfium2.PdfDocument(source)
    except pypdfium2.PdfiumError as error:
        raise FileBroken(reason=str(error)[:200]) from error
    try:
        pages: list[Page] = []
        read = 0
        for index in range(len(document)):
            page, count = _page(document, index, exact=read < MOST_EXACT)
            pages.append(page)
            read += count
        return pages
    finally:
        document.close()


def _page(document: pypdfium2.PdfDocument, index: int, exact: bool) -> tuple[Page, int]:
    """The words of a page (from 0) and the number of its characters. A page that cannot be read has none."""
    try:
        page = document[index]
    except pypdfium2.PdfiumError:
        return (), 0
    try:
        text = page.get_textpage()
    except pypdfium2.PdfiumError:
        page.close()
        return (), 0
    try:
        left, bottom, right, top = page.get_bbox()
        frame = _Frame(left, bottom, right, top, page.get_rotation() // 90 % 4)
        if frame.width <= 0 or frame.height <= 0:
            return (), 0
        count = min(raw.FPDFText_CountChars(text), MOST_TEXT)
        if exact:
            return _Letters(frame, index + 1).words(text, count), count
        return tuple(_lines(text, count, frame, index + 1)), count
    finally:
        text.close()
        page.close()


def _lines(text: pypdfium2.PdfTextPage, count: int, frame: _Frame, number: int) -> Iterator[Word]:
    """Every line as one word: a tenth of the work, for the later pages of a long file."""
    box = raw.FS_RECTF()
    line: list[str] = []
    first = 0
    for index in range(count + 1):
        code = raw.FPDFText_GetUnicode(text, index) if index < count else 10
        if code not in (10, 13):
            first = first if line else index
            line.append(_letter(code))
            continue
        said = _paired("".join(line)).strip()
        line = []
        if not said:
            continue
        corners = []
        for at in (first, index - 1):
            raw.FPDFText_GetLooseCharBox(text, at, box)
            corners.append(frame.shown((box.left, box.bottom, box.right, box.top)))
        place = _place(_around(corners), frame.size, number)
        if place is not None:
            yield Word(said, place)


class _Letters:
    """The letters of one page on their way to words."""

    def __init__(self, frame: _Frame, number: int) -> None:
        self._frame = frame
        self._number = number
        self._seen: dict[bool, dict[int, list[Letter]]] = {True: {}, False: {}}
        """By whether they can be seen, and by the direction they run: quarter turns, or -1 for slanted."""

    def words(self, text: pypdfium2.PdfTextPage, count: int) -> Page:
        """All that can be seen; only when nothing can, what lies invisible under a picture."""
        self._collect(text, count)
        visible = self._seen[True]
        hidden = self._seen[False]
        if _many(visible) >= _many(hidden) / 20:
            return self._grouped(visible, 1.0)
        return (*self._grouped(visible, 1.0), *self._grouped(hidden, _INVISIBLE_CONFIDENCE))

    def _collect(self, text: pypdfium2.PdfTextPage, count: int) -> None:
        """Every letter with its box. The loop is what reading a text PDF costs: it makes three calls each."""
        box = raw.FS_RECTF()
        by_box = ctypes.byref(box)
        unicode_of, box_of, handle = raw.FPDFText_GetUnicode, raw.FPDFText_GetLooseCharBox, text.raw
        frame, (width, height) = self._frame, self._frame.size
        known: dict[int | None, tuple[bool, int]] = {}
        follows, high = False, 0
        for index in range(count):
            code = unicode_of(handle, index)
            if 0x21 <= code < 0x7F or 0x3001 <= code < 0xA000:
                letter = chr(code)
            else:
                if 0xD800 <= code < 0xE000:
                    high, code = _surrogate(high, code)
                letter = _letter(code)
                if not letter or letter == " ":
                    # a space that PDFium made from a gap says nothing that the gap does not
                    made = letter == " " and raw.FPDFText_IsGenerated(handle, index) == 1
                    follows = follows and (made or high > 0)
                    continue
            address = _object_of(handle, index)
            if address not in known:
                known[address] = _looks(text, index, frame.turns)
            is_seen, turns = known[address]
            box_of(handle, index, by_box)
            left, top, right, bottom = (
                box.left - frame.left,
                frame.top - box.top,
                box.right - frame.left,
                frame.top - box.bottom,
            )
            if frame.turns:
                left, top, right, bottom = _turned(
                    (left, top, right, bottom), frame.width, frame.height, frame.turns
                )
            if bottom - top < _SMALLEST or right <= 0 or left >= width or bottom <= 0 or top >= height:
                continue
            if turns > 0:
                left, top, right, bottom = _turned((left, top, right, bottom), width, height, 4 - turns)
            directions = self._seen[is_seen]
            if turns not in directions:
                directions[turns] = []
            directions[turns].append((letter, left, top, right, bottom, follows))
            follows = True

    def _grouped(self, letters: dict[int, list[Letter]], confidence: float) -> Page:
        """Words of all directions: upright ones first."""
        found: list[Word] = []
        for turns in sorted(letters, key=lambda one: (one != 0, one)):
            runs = joined(runs_of(letters[turns])) if turns >= 0 else slanted(letters[turns])
            width, height = self._frame.size
            for run in runs:
                box = (run.start, run.top, run.end, run.bottom)
                if turns > 0:
                    area = (height, width) if turns % 2 else (width, height)
                    box = _turned(box, *area, turns)
                place = _place(box, self._frame.size, self._number)
                if place is not None:
                    found.append(Word(run.text, place, confidence))
        return tuple(found)


def _many(letters: dict[int, list[Letter]]) -> int:
    return sum(len(one) for one in letters.values())


def _surrogate(high: int, code: int) -> tuple[int, int]:
    """The half of a pair that waits now, and the character that is complete (0 for none)."""
    if code < 0xDC00:
        return code, 0
    return 0, 0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00) if high else 0


def _looks(text: pypdfium2.PdfTextPage, index: int, turns: int) -> tuple[bool, int]:
    """Whether a letter's text object can be seen, and its direction as shown in quarter turns clockwise.

    -1 stands for any other direction, such as a slanted watermark's.
    """
    item = raw.FPDFText_GetTextObject(text, index)
    mode = raw.FPDFTextObj_GetTextRenderMode(item) if item else 0
    is_seen = mode not in (raw.FPDF_TEXTRENDERMODE_INVISIBLE, raw.FPDF_TEXTRENDERMODE_CLIP)
    if is_seen and item:
        is_seen = _opacity(item, mode) > 0
    matrix = raw.FS_MATRIX()
    if not raw.FPDFText_GetMatrix(text, index, matrix) or (matrix.a == 0 and matrix.b == 0):
        return is_seen, 0
    angle = math.degrees(math.atan2(-matrix.b, matrix.a)) + 90 * turns
    nearest = round(angle / 90)
    return is_seen, nearest % 4 if abs(angle - 90 * nearest) < 8 else -1


def _opacity(item: object, mode: int) -> int:
    """0 to 255, of what is painted: the outline for outlined text, else the filling."""
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    stroked = mode == raw.FPDF_TEXTRENDERMODE_STROKE
    ask = raw.FPDFPageObj_GetStrokeColor if stroked else raw.FPDFPageObj_GetFillColor
    return alpha.value if ask(item, red, green, blue, alpha) else 255


def _letter(code: int) -> str:
    """A character code as text: radicals as characters, all kinds of space as one, the rest as nothing."""
    if code == 2:  # what PDFium makes of a hyphen at the end of a line
        return "-"
    if code in (9, 32, 0xA0, 0x3000) or 0x2000 <= code <= 0x200A:
        return " "
    if code < 32 or 0x7F <= code < 0xA0 or code in (0xAD, 0xFEFF, 0xFFFD, 0xFFFE, 0xFFFF):
        return ""
    if 0x200B <= code <= 0x200F or 0xE000 <= code < 0xF900 or code > 0x10FFFF:
        return ""
    letter = chr(code)
    if 0x2E80 <= code < 0x2FE0 or 0xF900 <= code < 0xFB07:
        return _RADICALS.get(letter) or unicodedata.normalize("NFKC", letter)
    return letter


def _paired(text: str) -> str:
    """Text whose surrogates stand in pairs; a lone one is dropped."""
    if not any("\ud800" <= letter < "\ue000" for letter in text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")


def _around(
    boxes: list[tuple[float, float, float, float]],
) -> tuple[float, float, float, float]:
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )


def _place(box: tuple[float, float, float, float], size: tuple[float, float], number: int) -> Place | None:
    """A box in points as fractions of the shown page, cut at its sides; None when it lies outside."""
    left, right = (min(max(side / size[0], 0.0), 1.0) for side in (box[0], box[2]))
    top, bottom = (min(max(side / size[1], 0.0), 1.0) for side in (box[1], box[3]))
    if right <= left or bottom <= top:
        return None
    return Place(number, left, top, right, bottom)
