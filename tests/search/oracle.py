"""The documented matching rule, written a second time and as plainly as possible."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from search.index import Lookup, Record
from search.query import Word
from search.tokens import normalise


@dataclass(frozen=True)
class Run:
    """A run of one text."""

    text: str
    is_chinese: bool


def runs(text: str) -> list[Run]:
    """The runs of a text, letter by letter."""
    found: list[list[str]] = []
    kinds: list[str] = []
    gap = ""
    for letter in normalise(text):
        kind = _kind(letter)
        if kind in ("space", "other"):
            gap = "other" if "other" in (kind, gap) else "space"
            continue
        goes_on = kinds and kinds[-1] == kind and (not gap or (gap == "space" and kind == "chinese"))
        if goes_on:
            found[-1].append(letter)
        else:
            found.append([letter])
            kinds.append(kind)
        gap = ""
    return _split(found, kinds)


def _split(found: list[list[str]], kinds: list[str]) -> list[Run]:
    result = []
    for letters, kind in zip(found, kinds, strict=True):
        joined = "".join(letters)
        step = len(joined) if kind == "chinese" else 60
        result += [Run(joined[at : at + step], kind == "chinese") for at in range(0, len(joined), step)]
    return result


def _kind(letter: str) -> str:
    if letter.isspace():
        return "space"
    if unicodedata.category(letter) == "Nd":
        return "digit"
    name = unicodedata.name(letter, "")
    if letter in "〇々" or name.startswith(
        ("CJK UNIFIED", "CJK COMPAT", "HIRAGANA LETTER", "KATAKANA LETTER")
    ):
        return "chinese"
    return "letter" if unicodedata.category(letter)[0] in "LM" else "other"


def is_plain(text: str) -> bool:
    """Whether the oracle knows the scripts of a text: Han, kana, Latin; not the rarer ones."""
    normal = normalise(text)
    is_known = all(ord(letter) < 0x20000 or unicodedata.name(letter, "") for letter in normal)
    return is_known and all(_kind(letter) != "letter" or ord(letter) < 0x370 for letter in normal)


def matches_text(word: Word, text: str) -> bool:
    """Whether the word stands in the text."""
    wanted = [Run(run, _kind(run[0]) == "chinese") for run in word.runs]
    there = runs(text)
    return any(
        _stands(wanted, there[at : at + len(wanted)], word.is_exact)
        for at in range(len(there) - len(wanted) + 1)
    )


def _stands(wanted: list[Run], there: list[Run], is_exact: bool) -> bool:
    last = len(wanted) - 1
    for place, (want, have) in enumerate(zip(wanted, there, strict=True)):
        if want.is_chinese != have.is_chinese:
            return False
        if want.is_chinese:
            fits = (
                want.text in have.text
                if last == 0
                else have.text.endswith(want.text)
                if place == 0
                else have.text.startswith(want.text)
                if place == last
                else have.text == want.text
            )
        elif place == last and not is_exact:
            fits = have.text.startswith(want.text)
        else:
            fits = have.text == want.text
        if not fits:
            return False
    return True


def matches_number(word: Word, number: str) -> bool:
    """Whether a number begins with the word, or ends with its digits."""
    plain = "".join(run.text for run in runs(number))
    typed = "".join(word.runs)
    if len(typed) < 3 or all(_kind(run[0]) == "chinese" for run in word.runs):
        return False
    return plain.startswith(typed) or (len(typed) >= 4 and typed.isdecimal() and plain.endswith(typed))


def matches_word(record: Record, word: Word) -> bool:
    """Whether a record has the word anywhere."""
    passages = (record.title, *record.numbers, *record.texts, *record.pages)
    return any(matches_text(word, passage) for passage in passages) or any(
        matches_number(word, number) for number in record.numbers
    )


def is_found(record: Record, lookup: Lookup) -> bool:
    """Whether a lookup finds a record."""
    if lookup.access is not None and not lookup.access & set(record.access):
        return False
    if lookup.kind is not None and record.kind != lookup.kind:
        return False
    if lookup.state is not None and record.state != lookup.state:
        return False
    if lookup.seal is not None and (record.seal is None or record.seal.id != lookup.seal):
        return False
    if lookup.department is not None and (
        record.department is None or record.department.id != lookup.department
    ):
        return False
    if lookup.person is not None and lookup.person not in {person.id for person in record.people}:
        return False
    if lookup.since is not None and record.date < lookup.since:
        return False
    if lookup.until is not None and record.date >= lookup.until:
        return False
    return all(matches_word(record, word) != word.is_excluded for word in lookup.words)


def tier(record: Record, lookup: Lookup) -> int:
    """0 for a number typed whole, 1 for title and numbers, 2 for the rest."""
    wanted = [word for word in lookup.words if not word.is_excluded]
    if not wanted:
        return 0
    plain = {"".join(run.text for run in runs(number)) for number in record.numbers}
    typed = {"".join(word.runs) for word in wanted if word.number is not None}
    if plain & typed:
        return 0
    head = Record(record.kind, record.id, record.title, record.date, record.number, record.other_numbers)
    return 1 if all(matches_word(head, word) for word in wanted) else 2


def expected(records: Iterable[Record], lookup: Lookup) -> list[Record]:
    """What a lookup finds, in order; equals (same tier, same millisecond) in any order."""
    found = [record for record in records if is_found(record, lookup)]
    return sorted(found, key=lambda record: (tier(record, lookup), -record.date.timestamp()))
