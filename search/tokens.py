"""How text becomes comparable, and what counts as a match: the same on every engine.

**Normal form.** Character by character: compatibility forms (full-width letters, ligatures, radicals
that PDFs have in place of characters), case, accents of Latin letters, and traditional characters all
come out as one; invisible characters go. As every character is replaced by itself alone, the normal
form of a part is a part of the normal form, and each place in it leads back to the original.

**Canonical form.** The normal form cut into *runs*: Chinese characters, letters, digits. Whatever
stands between runs only separates, except that white space between two Chinese characters is no
separation at all (a PDF breaks its lines anywhere). Runs are joined, led and closed by one space:
``合同HT-2026（盖章）`` becomes `` 合同 ht 2026 盖章 ``.

**Matching rule.** A word matches a text where the word's canonical form stands in the text's one: its
first and last Chinese run may be parts of longer runs; a letter or digit run has to begin where the
text's run begins, and may end early only at the end of the word.

**Tokens** for an engine that splits at white space: letters and digits as they are, a Chinese run as
its overlapping pairs and its last character alone. With them a phrase query is exactly the rule.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from operator import add
from pathlib import Path
from typing import Final

LONGEST_RUN: Final = 60
"""Letters or digits in one token; a longer run is several tokens."""

# The simplified radicals that fonts map to whole characters, and which NFKC leaves alone.
# Source: Unicode, EquivalentUnifiedIdeograph.txt.
_RADICALS: Final = dict(
    zip(
        "⺁⺈⺊⺌⺎⺒⺓⺜⺝⺟⺠⺧⺩⺫⺬⺮⺶⺼⺽⻁⻄⻅⻆⻉⻋⻏⻑⻓⻔⻖⻗⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻧⻨⻩⻪⻬⻮⻰",
        "厂刀卜小兀巳幺日月母民牛王目示竹羊肉臼虎西见角贝车邑长长门阜雨青韦页风飞食马骨鬼鱼鸟卤麦黄黾齐齿龙",
        strict=True,
    )
)
_RUNS: Final = re.compile(r"c(?:s*c)*|l+|d+")


@cache
def simplified() -> dict[str, str]:
    """Traditional characters and their simplified ones, from zhconv's table of single characters."""
    package = importlib.util.find_spec("zhconv")  # found, not imported: its import wants setuptools
    if package is None or not package.submodule_search_locations:
        raise LookupError("the zhconv package is not installed")
    table = Path(package.submodule_search_locations[0]) / "zhcdict.json"
    pairs = json.loads(table.read_text("utf-8"))["zh2Hans"]
    return {old: new for old, new in pairs.items() if len(old) == 1 and len(new) == 1}


@cache
def fingerprint() -> str:
    """Names the tables behind the tokens; an index that was made with others has to be made again."""
    digest = hashlib.sha256(unicodedata.unidata_version.encode())
    digest.update(json.dumps(sorted(simplified().items())).encode())
    digest.update(importlib.metadata.version("pypinyin").encode())
    return digest.hexdigest()[:16]


def _is_chinese(letter: str) -> bool:
    """Characters written without spaces between words: Han, kana, bopomofo, hangul."""
    point = ord(letter)
    return (
        0x4E00 <= point <= 0x9FFF
        or 0x3400 <= point <= 0x4DBF
        or 0x20000 <= point <= 0x3FFFF
        or point in (0x3005, 0x3007)
        or (0x3041 <= point <= 0x318F and unicodedata.category(letter)[0] in "LM")
        or 0x31A0 <= point <= 0x31FF
        or 0xAC00 <= point <= 0xD7A3
        or 0xF900 <= point <= 0xFAFF
    )


def _once(letter: str) -> str:
    """One character, one step nearer to its normal form."""
    kept = []
    for part in unicodedata.normalize("NFKC", letter).lower():
        category = unicodedata.category(part)
        if category in ("Cf", "Cc", "Cs") and not part.isspace():
            continue
        if 0x300 <= ord(part) <= 0x36F:
            continue
        if category == "Nd":
            kept.append(str(unicodedata.decimal(part)))
            continue
        base = unicodedata.normalize("NFD", part)[0]
        if base.isascii() and base.isalpha():
            part = base
        part = _RADICALS.get(part, part)
        kept.append(simplified().get(part, part))
    return "".join(kept)


def _normal_character(letter: str) -> str:
    found = _once(letter)
    for _ in range(4):  # a few tables lead on to each other, such as a radical to a traditional character
        again = "".join(map(_once, found))
        if again == found:
            break
        found = again
    return found


class _NormalForms(dict[int, str]):
    """The table behind ``str.translate``, filled as characters are met. ``uneven`` are those of them whose
    normal form has more characters than one, or none; ``breaking`` are these, and white space."""

    def __init__(self) -> None:
        super().__init__()
        self.uneven: set[str] = set()
        self.breaking: set[str] = set()

    def __missing__(self, point: int) -> str:
        found = _normal_character(chr(point))
        if len(found) != 1:
            self.uneven.add(chr(point))
        if len(found) != 1 or found.isspace():
            self.breaking.add(chr(point))
        self[point] = found  # the last step: whoever finds it here finds it among the uneven
        return found


class _Classes(dict[int, str]):
    """What a normalised character is: c Chinese, l letter, d digit, s white space, o other."""

    def __missing__(self, point: int) -> str:
        letter = chr(point)
        self[point] = found = _class_of(letter)
        return found


def _class_of(letter: str) -> str:
    if _is_chinese(letter):
        return "c"
    if letter.isspace():
        return "s"
    category = unicodedata.category(letter)
    if category == "Nd":
        return "d"
    return "l" if category[0] in "LM" else "o"


_NORMAL: Final = _NormalForms()
_CLASS: Final = _Classes()


def normalise(text: str) -> str:
    """The normal form. ``normalise(a + b) == normalise(a) + normalise(b)``."""
    return text.translate(_NORMAL)


def origins(text: str) -> list[int]:
    """For each character of ``normalise(text)``, the place in ``text`` that it came from."""
    normalise(text)  # from then on, what is uneven in it is known
    return _origins(text)


def _origins(text: str) -> list[int]:
    """The origins of a text that was normalised already."""
    if _NORMAL.uneven.isdisjoint(text):  # the usual case, and many times as fast
        return list(range(len(text)))
    return [place for place, letter in enumerate(text) for _ in _NORMAL[ord(letter)]]


def runs(normal: str) -> Iterator[tuple[int, int, str]]:
    """The runs of a normalised text: where each begins and ends, and its class."""
    classes = normal.translate(_CLASS)
    for match in _RUNS.finditer(classes):
        start, end = match.span()
        kind = classes[start]
        if kind == "c":
            yield start, end, kind
            continue
        for begin in range(start, end, LONGEST_RUN):
            yield begin, min(end, begin + LONGEST_RUN), kind


def canonical(text: str) -> str:
    """The canonical form; an empty string when nothing in the text can be searched for."""
    parts = _parts(text)
    return f" {' '.join(parts)} " if parts else ""


def _parts(text: str) -> list[str]:
    """The runs of the canonical form."""
    normal = normalise(text)
    return [
        "".join(normal[start:end].split()) if kind == "c" else normal[start:end]
        for start, end, kind in runs(normal)
    ]


def canonical_places(text: str) -> tuple[str, list[int]]:
    """The canonical form and, for each of its characters, the place in ``text`` (-1 for spaces)."""
    normal = normalise(text)
    back = _origins(text)
    found: list[str] = []
    places = [-1]
    for start, end, kind in runs(normal):
        run, its = normal[start:end], back[start:end]
        if kind == "c" and len(parts := run.split()) > 1:
            its = [place for place, letter in zip(its, run, strict=True) if not letter.isspace()]
            run = "".join(parts)
        found.append(run)
        places += its
        places.append(-1)
    return (f" {' '.join(found)} ", places) if found else ("", [])


def unbroken(text: str) -> str | None:
    """The normal form of a text without white space, where each character keeps its place; else None.

    A run of Chinese characters stands in the canonical form of such a text where it stands in this one.
    """
    normal = normalise(text)
    return normal if _NORMAL.breaking.isdisjoint(text) else None


def compact(text: str) -> str:
    """Only what can be searched for, without any separation: how numbers are compared."""
    return "".join(_parts(text))


def starts_chinese(run: str) -> bool:
    """Whether a run of a canonical form is Chinese."""
    return _CLASS[ord(run[0])] == "c"


def tokens(text: str) -> list[str]:
    """What the index holds of a text, in order."""
    found: list[str] = []
    for run in _parts(text):
        if starts_chinese(run):
            found.extend(map(add, run, run[1:]))
            found.append(run[-1])
        else:
            found.append(run)
    return found


def fours(text: str) -> list[str]:
    """For each Chinese character of a text, it and the next three of its run, fewer at the run's end.

    So each character is one place, and two fours that stand less than four places apart are of one run.
    """
    return [run[at : at + 4] for run in _parts(text) if starts_chinese(run) for at in range(len(run))]
