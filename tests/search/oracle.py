"""The documented matching rule, written a second time and as plainly as possible."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from search.index import Lookup, Record, Tag
from search.query import Amount, Between, Condition, InField, Is, NumberHas, Term, Word
from search.sounds import sounds
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


def compact(text: str) -> str:
    """A number without any separation."""
    return "".join(run.text for run in runs(text))


def matches_number(word: Word, number: str) -> bool:
    """Whether a number begins with the word, or a short one has it inside."""
    plain, typed = compact(number), "".join(word.runs)
    if len(typed) < 3 or all(_kind(run[0]) == "chinese" for run in word.runs):
        return False
    return plain.startswith(typed) or (len(typed) >= 4 and len(plain) <= 40 and typed in plain)


def sounds_like(word: Word, name: str) -> bool:
    """Whether letters are the beginning of how a name sounds from one of its characters on."""
    typed = "".join(word.runs)
    is_plain = len(word.runs) == 1 and not word.is_exact and typed.isascii() and typed.isalpha()
    return is_plain and len(typed) >= 2 and any(sound.startswith(typed) for sound in sounds(name))


def names(record: Record, field: str) -> tuple[str, ...]:
    """The names in a field."""
    match field:
        case "title":
            return (record.title,)
        case "seal" | "applicant" | "department":
            tag = getattr(record, field)
            return () if tag is None else (tag.name,)
        case "person":
            return tuple(person.name for person in record.people)
    return () if record.counterparty is None else (record.counterparty,)


FIELDS = ("title", "seal", "applicant", "person", "department", "counterparty")
SOUNDING = ("applicant", "person", "counterparty")


def matches_word(record: Record, word: Word) -> bool:
    """Whether a record has the word anywhere."""
    named = [name for field in FIELDS for name in names(record, field)]
    passages = (*named, *record.numbers, *record.texts, *record.pages)
    return (
        any(matches_text(word, passage) for passage in passages)
        or any(matches_number(word, number) for number in record.numbers)
        or any(sounds_like(word, name) for field in SOUNDING for name in names(record, field))
        or any(matches_word(record, other) for other in word.alike)
    )


def matches_head(record: Record, word: Word) -> bool:
    """Whether a record's head has the word."""
    fields = ("title", "counterparty", "seal", "applicant")
    passages = [*record.numbers, *(name for field in fields for name in names(record, field))]
    return (
        any(matches_text(word, passage) for passage in passages)
        or any(matches_number(word, number) for number in record.numbers)
        or any(matches_head(record, other) for other in word.alike)
    )


def meets(record: Record, condition: Condition) -> bool:
    """Whether a record meets a condition."""
    match condition:
        case Word():
            return matches_word(record, condition)
        case InField(field, word):
            return any(
                any(matches_text(each, name) for each in (word, *word.alike))
                or (field in SOUNDING and sounds_like(word, name))
                for name in names(record, field)
            )
        case NumberHas(word):
            typed = "".join(word.runs)
            return any(
                compact(number).startswith(typed)
                or (len(typed) >= 4 and len(compact(number)) <= 40 and typed in compact(number))
                for number in record.numbers
            )
        case Amount(least, most):
            if record.amount is None:
                return False
            fen = record.amount * 100
            return (least is None or fen >= least) and (most is None or fen <= most)
        case Between(since, until):
            return (since is None or record.date >= since) and (until is None or record.date < until)
        case Is("kind", value):
            return value in (record.kind, record.subkind)
        case Is("state", value):
            return value == record.state or value in record.marks
    raise AssertionError(condition)


def holds(record: Record, term: Term) -> bool:
    """Whether a term holds."""
    return meets(record, term.condition) != term.is_excluded


def is_found(record: Record, lookup: Lookup) -> bool:
    """Whether a lookup finds a record."""
    if lookup.access is not None and not lookup.access & set(record.access):
        return False
    for name in ("kind", "state", "counterparty", "year"):
        wanted = getattr(lookup, name)
        if wanted is not None and getattr(record, name) != wanted:
            return False
    if lookup.seal is not None and (record.seal is None or record.seal.id != lookup.seal):
        return False
    if lookup.department is not None and (
        record.department is None or record.department.id != lookup.department
    ):
        return False
    if lookup.person is not None and lookup.person not in {person.id for person in everybody(record)}:
        return False
    if lookup.since is not None and record.date < lookup.since:
        return False
    if lookup.until is not None and record.date >= lookup.until:
        return False
    return all(any(holds(record, term) for term in clause) for clause in lookup.clauses)


def everybody(record: Record) -> tuple[Tag, ...]:
    """All who take part."""
    return (*record.people, record.applicant) if record.applicant else record.people


def tier(record: Record, lookup: Lookup) -> int:
    """0 for a number typed whole, 1 for a name typed whole, 2 for the head, 3 for the rest."""
    words = lookup.plain_words
    if not words:
        return 0
    numbers = {compact(number) for number in record.numbers}
    if numbers & {"".join(word.runs) for word in words if word.number is not None}:
        return 0
    shown = (
        name for field in ("title", "counterparty", "seal", "applicant") for name in names(record, field)
    )
    if "".join("".join(word.runs) for word in words) in {compact(name) for name in shown}:
        return 1
    return 2 if all(matches_head(record, word) for word in words) else 3


def expected(records: Iterable[Record], lookup: Lookup) -> list[Record]:
    """What a lookup finds, in order; equals (same tier, same millisecond) in any order."""
    found = [record for record in records if is_found(record, lookup)]
    match lookup.order:
        case "oldest":
            return sorted(found, key=lambda record: record.date.timestamp())
        case "newest":
            return sorted(found, key=lambda record: -record.date.timestamp())
        case "amount-down" | "amount-up":
            sign = -1 if lookup.order == "amount-down" else 1
            return sorted(found, key=lambda r: (r.amount is None, sign * (r.amount or 0)))
    return sorted(found, key=lambda record: (tier(record, lookup), -record.date.timestamp()))
