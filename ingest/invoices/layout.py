"""A page of words as rows that can be searched: letters with their places, labels, stacked labels.

Made alike from a file's own text and from recognition. In a row's text a space is a small gap and a tab one
of more than a letter and a half; wide forms of digits and signs are narrow ones, letter for letter.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from statistics import median
from typing import Final

from ingest.invoices.facts import Source
from ingest.words import Page, Place, Word

MOST_WORDS: Final = 5_000
"""Of a page that are looked at: no invoice has more."""
MOST_LETTERS: Final = 20_000
"""Of those words together, and of one word a hundredth of them: patterns then stay quick on anything."""
_MOST_SINGLES: Final = 300
_TAB: Final = 1.6
_SPACE: Final = 0.15
_SIGNS: Final = str.maketrans(
    "￥：∶﹕；－−–—﹣【】〔〕﹙﹚℅％．，＊",
    "¥:::;-----[]()()%%.,*",
)
_PASSWORD: Final = re.compile(r"[0-9<>+\-*/]{12,}")
_STACKED: Final = re.compile(
    r"^(购买方(信息)?|销售方(信息)?|购货单位|销货单位|购方|销方|密码区|备注|合计|购买方及|销售方及)$"
)


@dataclass(frozen=True)
class Span:
    """A piece of a row: what it says as it is searched, what stood there, where, and how sure that is."""

    text: str
    raw: str
    place: Place
    confidence: float


@dataclass
class Row:
    """The words of one level. ``text`` and ``said`` have a letter for each of ``lefts`` and ``rights``."""

    words: list[Word]
    text: str = ""
    said: str = ""
    lefts: list[float] = field(default_factory=list)
    rights: list[float] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)
    """The word of each letter, by its number in ``words``."""

    @property
    def top(self) -> float:
        return min(word.place.top for word in self.words)

    @property
    def bottom(self) -> float:
        return max(word.place.bottom for word in self.words)

    @property
    def middle(self) -> float:
        return median(word.place.middle for word in self.words)

    def span(self, start: int, end: int) -> Span | None:
        """The letters from ``start`` to before ``end``, without the space around them; None when none are."""
        while start < end and self.text[start] in " \t":
            start += 1
        while end > start and self.text[end - 1] in " \t":
            end -= 1
        if start >= end:
            return None
        owned = [self.words[self.owners[at]] for at in range(start, end) if self.text[at] not in " \t"]
        place = Place(
            owned[0].place.page,
            self.lefts[start],
            min(word.place.top for word in owned),
            max(self.rights[start:end]),
            max(word.place.bottom for word in owned),
        )
        return Span(self.text[start:end], self.said[start:end], place, min(word.confidence for word in owned))

    def tokens(self) -> Iterator[Span]:
        """The pieces between gaps."""
        for found in re.finditer(r"[^ \t]+", self.text):
            span = self.span(*found.span())
            if span is not None:
                yield span

    def between(self, left: float, right: float) -> tuple[int, int]:
        """The range of letters whose middles lie between two sides."""
        inside = [
            at
            for at in range(len(self.text))
            if self.text[at] not in " \t" and left <= (self.lefts[at] + self.rights[at]) / 2 <= right
        ]
        return (inside[0], inside[-1] + 1) if inside else (0, 0)


@dataclass(frozen=True)
class Stack:
    """A label whose letters stand one below the other."""

    text: str
    place: Place


@dataclass(frozen=True)
class Sheet:
    """One page, ready to be searched. ``em`` is the usual width of a full letter, ``line`` its height, both
    as fractions of the page."""

    number: int
    rows: list[Row]
    stacks: list[Stack]
    em: float
    line: float
    is_exact: bool
    dense: str
    """All rows without any space, one line each."""

    def texts(self, pattern: re.Pattern[str]) -> Iterator[tuple[Row, re.Match[str]]]:
        """Every match in every row, from the top."""
        for row in self.rows:
            for found in pattern.finditer(row.text):
                yield row, found


def label(*names: str, exact: bool = True) -> re.Pattern[str]:
    """A pattern for labels however their letters are spaced.

    When not ``exact``, one letter of those that have four or more may be another: recognition errs.
    """
    return _label(names, exact)


@cache
def _label(names: tuple[str, ...], exact: bool) -> re.Pattern[str]:
    spelled: list[str] = []
    for name in sorted(names, key=len, reverse=True):
        letters = [re.escape(letter) for letter in name]
        spelled.append(_spaced(letters))
        if not exact and len(name) >= 4:
            spelled += [
                _spaced([*letters[:at], r"[^ \t:\d]", *letters[at + 1 :]]) for at in range(len(letters))
            ]
    return re.compile("|".join(spelled))


def _spaced(letters: list[str]) -> str:
    return r"[ \t]*".join(letters)


def values_of(sheet: Sheet, labels: re.Pattern[str], value: str, *, below: bool = True) -> list[Span]:
    """What stands right of labels, or else below them. ``value`` is a pattern without groups."""
    shape = re.compile(rf"[ \t:;.]*({value})")
    found = []
    for row, at in sheet.texts(labels):
        here = shape.match(row.text, at.end())
        span = row.span(*here.span(1)) if here else _value_below(sheet, row, at, value) if below else None
        if span is not None:
            found.append(span)
    return found


def _value_below(sheet: Sheet, row: Row, at: re.Match[str], value: str) -> Span | None:
    label_span = row.span(*at.span())
    if label_span is None:
        return None
    place = label_span.place
    for under in sheet.rows:
        if not 0.3 * sheet.line < under.middle - row.middle < 3 * sheet.line:
            continue
        start, end = under.between(place.left - 2 * sheet.em, place.right + 2 * sheet.em)
        if start == end:
            continue
        while start > 0 and under.text[start - 1] != "\t":
            start -= 1
        while end < len(under.text) and under.text[end] != "\t":
            end += 1
        found = re.fullmatch(rf"[ \t:]*({value})[ \t]*", under.text[start:end])
        if found:
            span = under.span(start + found.start(1), start + found.end(1))
            return None if span is None else replace(span, confidence=span.confidence * 0.95)
    return None


def sheet_of(page: Page, number: int, source: Source) -> Sheet:
    """A page's words as a sheet."""
    exact = source is not Source.OCR
    words = [word for word in _bounded(page) if word.text.strip() and not _is_password(word)]
    em, line = _measure(words)
    if not exact:
        words = [one for word in words for one in _apart_downwards(word, em, line)]
    stacks, words = _take_stacks(words, em, line)
    shear = 0.0 if exact else _slope(words)
    rows = [_lettered(row) for row in _levels(words, shear)]
    dense = "\n".join(re.sub(r"[ \t]", "", row.text) for row in rows)
    return Sheet(number, rows, stacks, em, line, exact, dense)


def _bounded(page: Page) -> Iterator[Word]:
    """The words that are looked at."""
    letters = 0
    for word in page[:MOST_WORDS]:
        letters += min(len(word.text), MOST_LETTERS // 100)
        if letters > MOST_LETTERS:
            return
        long = len(word.text) > MOST_LETTERS // 100
        yield replace(word, text=word.text[: MOST_LETTERS // 100]) if long else word


def _is_password(word: Word) -> bool:
    """Whether a word is of the 密码区: a cipher of digits and signs that reads like numbers."""
    text = word.text.replace(" ", "").translate(_SIGNS)
    found = _PASSWORD.search(text)
    if found is None:
        return False
    signs = {sign for sign in "<>+*/-" if sign in found[0]}
    # an identity number has stars too, a date has strokes
    return len(signs) >= 3 or (len(signs) == 2 and bool(signs & set("<>")))


def _measure(words: list[Word]) -> tuple[float, float]:
    """The usual width of a full letter and height of a line; of a blank page those of a usual one."""
    wide = [_em(word) for word in words if len(word.text) > 1]
    high = [word.place.bottom - word.place.top for word in words]
    return (median(wide) if wide else 0.015, median(high) if high else 0.02)


def _em(word: Word) -> float:
    """The width of a full letter of a word, taking two narrow ones for one."""
    units = sum(_units(letter) for letter in word.text)
    return (word.place.right - word.place.left) / max(units, 0.5)


def _units(letter: str) -> float:
    return 1.0 if unicodedata.east_asian_width(letter) in "WF" else 0.5


def _take_stacks(words: list[Word], em: float, line: float) -> tuple[list[Stack], list[Word]]:
    """Labels whose letters stand below each other, and the other words."""
    stacks: list[Stack] = []
    taken: set[int] = set()
    for at, word in enumerate(words):
        high, wide = word.place.bottom - word.place.top, word.place.right - word.place.left
        if len(word.text) > 1 and high > 1.8 * line and wide < 1.8 * em and _STACKED.match(word.text):
            stacks.append(Stack(word.text, word.place))
            taken.add(at)
    singles = [
        at
        for at, word in enumerate(words)
        if at not in taken and len(word.text) == 1 and word.text >= "\u2e80"
    ]
    singles = sorted(singles[:_MOST_SINGLES], key=lambda at: words[at].place.top)
    for first in singles:
        if first in taken or words[first].text not in "购销密备合":
            continue
        chain = [first]
        for other in singles:
            place, last = words[other].place, words[chain[-1]].place
            near = abs(place.left + place.right - last.left - last.right) < em
            if other not in taken and near and last.middle < place.middle < last.bottom + 3.5 * line:
                chain.append(other)
        for length in range(len(chain), 1, -1):
            text = "".join(words[at].text for at in chain[:length])
            if _STACKED.match(text):
                place = words[chain[0]].place
                for at in chain[1:length]:
                    place = place.joined(words[at].place)
                stacks.append(Stack(text, place))
                taken.update(chain[:length])
                break
    return stacks, [word for at, word in enumerate(words) if at not in taken]


def _apart_downwards(word: Word, em: float, line: float) -> list[Word]:
    """A word as it is; or its letters, each on the level of its own, where recognition took those of a narrow
    column, such as the units of several lines, for one word that runs down."""
    high, wide, count = word.place.bottom - word.place.top, word.place.right - word.place.left, len(word.text)
    is_level = wide > 2.0 * em or high < 0.75 * count * line
    if count < 2 or is_level or not all(_units(letter) == 1.0 for letter in word.text):
        return [word]
    tall = min(line, high / count)
    step = (high - tall) / (count - 1)
    tops = [word.place.top + step * at for at in range(count)]
    return [
        replace(word, text=letter, place=replace(word.place, top=top, bottom=top + tall))
        for letter, top in zip(word.text, tops, strict=True)
    ]


def _slope(words: list[Word]) -> float:
    """How much a page hangs: the change of level over its whole width, by neighbours of similar height."""
    slopes = []
    ordered = sorted(words, key=lambda one: one.place.left)
    for at, word in enumerate(ordered):
        high = word.place.bottom - word.place.top
        for other in ordered[at + 1 : at + 60]:
            apart = (other.place.left + other.place.right - word.place.left - word.place.right) / 2
            level = other.place.middle - word.place.middle
            similar = 0.7 < high / max(other.place.bottom - other.place.top, 1e-6) < 1.4
            if similar and other.place.left > word.place.right and abs(level) < 0.6 * high and apart > 0.08:
                slopes.append(level / apart)
    return median(slopes) if len(slopes) >= 8 else 0.0


def _levels(words: list[Word], shear: float) -> list[list[Word]]:
    """Words by level, from the top; a row's words from the left."""

    def level(word: Word) -> float:
        return word.place.middle - shear * (word.place.left + word.place.right) / 2

    rows: list[list[Word]] = []
    for word in sorted(words, key=lambda one: (level(one), one.place.left)):
        high = word.place.bottom - word.place.top
        for row in reversed(rows[-4:]):
            nearest = min(row, key=lambda one: _apart(one.place, word.place))
            least = min(high, nearest.place.bottom - nearest.place.top)
            if abs(level(nearest) - level(word)) < 0.5 * least and not _covers(nearest.place, word.place):
                row.append(word)
                break
        else:
            rows.append([word])
    return [sorted(row, key=lambda one: one.place.left) for row in rows]


def _apart(one: Place, other: Place) -> float:
    return max(one.left - other.right, other.left - one.right, 0.0)


def _covers(one: Place, other: Place) -> bool:
    """Whether two words stand over each other, so that they cannot be of one row."""
    shared = min(one.right, other.right) - max(one.left, other.left)
    return shared > 0.5 * min(one.right - one.left, other.right - other.left)


def _lettered(words: list[Word]) -> Row:
    """A row with its letters."""
    row = Row(words)
    texts: list[str] = []
    for number, word in enumerate(words):
        if number:
            before = words[number - 1]
            gap = word.place.left - before.place.right
            usual = (_em(word) + _em(before)) / 2
            if gap > _SPACE * usual:
                texts.append("\t" if gap > _TAB * usual else " ")
                row.lefts.append(before.place.right)
                row.rights.append(word.place.left)
                row.owners.append(number)
        _add_letters(row, texts, word, number)
    row.said = "".join(texts)
    row.text = "".join(_narrow(letter) for letter in row.said)
    return row


def _add_letters(row: Row, texts: list[str], word: Word, number: int) -> None:
    said = re.sub(r"\s+", " ", word.text.strip())
    unit = (word.place.right - word.place.left) / max(sum(_units(letter) for letter in said), 0.5)
    left = word.place.left
    for letter in said:
        texts.append(letter)
        row.lefts.append(left)
        left += unit * _units(letter)
        row.rights.append(left)
        row.owners.append(number)


@cache
def _narrow(letter: str) -> str:
    """A letter as it is searched: always one letter."""
    known = letter.translate(_SIGNS)
    if known != letter or letter < "\uff01":
        return known
    folded = unicodedata.normalize("NFKC", letter)
    return folded if len(folded) == 1 else letter
