"""Two texts compared, page by page, so that a person sees what was changed in a contract.

What counts is what is said: spaces, line breaks, page breaks, page numbers and the width of letters and
punctuation (NFKC) do not. Texts are cut into sentences; sentences that are the same are matched first, then
what lies between them is compared letter by letter. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any, Final

LONGEST: Final = 4000
"""Letters of one change that are compared one by one; a longer one is shown as replaced whole."""
NOISE: Final = 0.8
"""Sentences of recognised text at least so alike, with the same figures, differ by recognition only."""
_END: Final = re.compile(r"[^。！？；.!?;]*[。！？；!?;]+|[^。！？；.!?;]*\.(?!\d)|[^。！？；!?;]+")
_PAGE_NUMBER: Final = re.compile(
    r"\s*(?:第?\s*\d{1,4}\s*页?\s*(?:[/／,，、共]\s*(?:共\s*)?\d{1,4}\s*页?)?|-\s*\d{1,4}\s*-|"
    r"page\s+\d{1,4}(?:\s+of\s+\d{1,4})?)\s*",
    re.IGNORECASE,
)
_FIGURES: Final = re.compile(r"[0-9零壹贰叁肆伍陆柒捌玖拾佰仟万亿一二三四五六七八九十百千]+")
_WEIGHTY: Final = re.compile(r"[不未无非否勿莫免]|[甲乙丙丁戊]方?|[先后前内外上下]|美元|欧元|港元|%|‰")
"""Small words that turn what is said around: recognition is never believed to have invented or lost one."""
_SIGNED: Final = re.compile(
    r"(?:\d{4}|[〇零一二三四五六七八九]{4})[年./-]\d{1,2}[月./-]\d{1,2}日?|[(（]?(?:盖章|签字|签章|签名|公章|章|印)[)）]?|"
    r"(?:合同|财务|发票|业务|法人)?专用章|法定代表人|授权代表|委托代理人|负责人|经办人|日期|[年月日]|[甲乙丙丁]方|\W|_"
)
"""What signing itself adds to a page."""
_SAME: Final = str.maketrans(
    {"“": '"', "”": '"', "‘": "'", "’": "'", "—": "-", "–": "-", "﹒": ".", "·": "."}
)


class Kind(StrEnum):
    """What happened to a piece of text."""

    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"
    NOISE = "noise"  # recognised text that differs as recognition does; figures are the same


@dataclass(frozen=True)
class Span:
    """A run of letters; ``differs`` when the other text does not have it there."""

    text: str
    differs: bool


@dataclass(frozen=True)
class Change:
    """One place where the texts differ. A page is None where that text has nothing there."""

    kind: Kind
    page_before: int | None
    page_after: int | None
    before: tuple[Span, ...]
    after: tuple[Span, ...]

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "kind": self.kind.value,
            "page_before": self.page_before,
            "page_after": self.page_after,
            "before": [[one.text, one.differs] for one in self.before],
            "after": [[one.text, one.differs] for one in self.after],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Change:
        """What ``to_json`` wrote."""
        return cls(
            Kind(data["kind"]),
            data["page_before"],
            data["page_after"],
            tuple(Span(text, bool(differs)) for text, differs in data["before"]),
            tuple(Span(text, bool(differs)) for text, differs in data["after"]),
        )


@dataclass(frozen=True)
class _Sentence:
    key: str  # what is compared
    text: str  # what is shown
    page: int


def compare(
    before: Sequence[str], after: Sequence[str], *, recognised: bool = False, names: Sequence[str] = ()
) -> tuple[Change, ...]:
    """Where two texts differ, in the order of the pages; empty when they say the same.

    Each is a list of pages. ``recognised`` says that one of them was read optically: what differs as
    recognition does is ``NOISE``, when figures, ``names`` (of the parties) and the small words that turn
    a sentence around are the same; so is what only signing adds: names, the words of a seal, a date.
    """
    keys = [key for key in map(_key, names) if len(key) > 1] if recognised else None
    old, new = list(_sentences(before)), list(_sentences(after))
    changes: list[Change] = []
    for a, b, c, d in _gaps([one.key for one in old], [one.key for one in new]):
        changes.extend(_change(old[a:b], new[c:d], keys))
    return tuple(changes)


def _gaps(old: list[str], new: list[str]) -> Iterator[tuple[int, int, int, int]]:
    """Where two lists differ: ``(from, to)`` in each. What is there once in both holds them together.

    Contracts repeat sentences; matching those first would cost the square of their number.
    """
    start, left, right = 0, len(old), len(new)
    while start < min(left, right) and old[start] == new[start]:
        start += 1
    while left > start and right > start and old[left - 1] == new[right - 1]:
        left, right = left - 1, right - 1
    at, to = start, start
    for a, c in [*_anchors(old, new, start, left, right), (left, right)]:
        if a > at or c > to:
            matcher = SequenceMatcher(None, old[at:a], new[to:c], autojunk=False)
            for tag, b, e, d, f in matcher.get_opcodes():
                if tag != "equal":
                    yield at + b, at + e, to + d, to + f
        at, to = a + 1, c + 1


def _anchors(old: list[str], new: list[str], start: int, left: int, right: int) -> list[tuple[int, int]]:
    """Pairs of places of what stands once in both, in the longest order that both have."""
    counts_old, counts_new = Counter(old[start:left]), Counter(new[start:right])
    places = {key: place for place, key in enumerate(new[start:right], start) if counts_new[key] == 1}
    pairs = [
        (place, places[key])
        for place, key in enumerate(old[start:left], start)
        if counts_old[key] == 1 and key in places
    ]
    piles: list[int] = []
    tops: list[tuple[int, int]] = []
    below: dict[tuple[int, int], tuple[int, int] | None] = {}
    for pair in pairs:
        pile = bisect_left(piles, pair[1])
        below[pair] = tops[pile - 1] if pile else None
        if pile == len(piles):
            piles.append(pair[1])
            tops.append(pair)
        else:
            piles[pile], tops[pile] = pair[1], pair
    chosen: list[tuple[int, int]] = []
    last = tops[-1] if tops else None
    while last is not None:
        chosen.append(last)
        last = below[last]
    return chosen[::-1]


def says_the_same(changes: Sequence[Change]) -> bool:
    """Whether nothing differs but what recognition may have got wrong."""
    return all(change.kind is Kind.NOISE for change in changes)


def _sentences(pages: Sequence[str]) -> Iterator[_Sentence]:
    """Sentences over page breaks: each belongs to the page on which it begins."""
    letters: list[str] = []
    places: list[int] = []
    for number, page in enumerate(pages, start=1):
        lines = [line for line in page.splitlines() if not _PAGE_NUMBER.fullmatch(line)]
        text = "\n".join(lines) + "\n"
        letters.append(text)
        places.extend([number] * len(text))
    whole, position = "".join(letters), 0
    for found in _END.finditer(whole):
        key = _key(found[0])
        if key:
            start = found.start() + len(found[0]) - len(found[0].lstrip())
            yield _Sentence(key, " ".join(found[0].split()), places[start])
        position = found.end()
    rest = whole[position:]
    if _key(rest):
        yield _Sentence(_key(rest), " ".join(rest.split()), places[position])


def _key(text: str) -> str:
    """What a text says: no spaces, one width, one case for letters, one kind of quotation mark."""
    plain = unicodedata.normalize("NFKC", text).translate(_SAME).casefold()
    return "".join(letter for letter in plain if not letter.isspace() and letter.isprintable())


def _change(old: list[_Sentence], new: list[_Sentence], names: list[str] | None) -> Iterator[Change]:
    """A replaced block: sentence by sentence where they pair up, else as a whole.

    ``names`` is None where neither text was recognised.
    """
    if old and new and len(old) == len(new):
        for one, other in zip(old, new, strict=True):
            yield _pair([one], [other], names)
        return
    yield _pair(old, new, names)


def _pair(old: list[_Sentence], new: list[_Sentence], names: list[str] | None) -> Change:
    before, after = " ".join(one.text for one in old), " ".join(one.text for one in new)
    page_before, page_after = (old[0].page if old else None), (new[0].page if new else None)
    if not old or not new:
        kind = Kind.ADDED if new else Kind.REMOVED
        if new and names is not None and _is_signing(after, names):
            kind = Kind.NOISE
        spans = (Span(before, True),) if old else (), (Span(after, True),) if new else ()
        return Change(kind, page_before, page_after, *spans)
    if max(len(before), len(after)) > LONGEST:
        return Change(Kind.CHANGED, page_before, page_after, (Span(before, True),), (Span(after, True),))
    kind = Kind.NOISE if names is not None and _is_noise(before, after, names) else Kind.CHANGED
    return Change(kind, page_before, page_after, *_spans(before, after))


def _is_signing(added: str, names: Sequence[str]) -> bool:
    """Whether nothing was added but names of the parties, the words of seals, and dates."""
    rest = _key(added)
    for name in sorted(names, key=len, reverse=True):
        rest = rest.replace(name, "")
    return not _SIGNED.sub("", rest)


def _is_noise(before: str, after: str, names: Sequence[str]) -> bool:
    old, new = _key(before), _key(after)
    return (
        _FIGURES.findall(old) == _FIGURES.findall(new)
        and _WEIGHTY.findall(old) == _WEIGHTY.findall(new)
        and all(old.count(name) == new.count(name) for name in names)
        and SequenceMatcher(None, old, new, autojunk=False).ratio() >= NOISE
    )


def _spans(before: str, after: str) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """The letters of both sides with those marked that the other does not have."""
    old: list[Span] = []
    new: list[Span] = []
    left, right = _folded(before), _folded(after)
    for tag, a, b, c, d in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        differs = tag != "equal" and bool((left[a:b] + right[c:d]).strip())
        if b > a:
            old.append(Span(before[a:b], differs))
        if d > c:
            new.append(Span(after[c:d], differs))
    return tuple(old), tuple(new)


def _folded(text: str) -> str:
    """Letter for letter what is compared, so that places stay what they are."""
    folded = []
    for letter in text.translate(_SAME):
        plain = unicodedata.normalize("NFKC", letter).casefold()
        folded.append(plain if len(plain) == 1 else letter)
    return "".join(folded)
