"""The query language. Nothing typed is ever refused: what makes no sense is explained, the rest is asked.

Words are separated by white space or a comma; all must match. ``"quoted words"`` stand together and
end where they end; ``-word`` must not match; ``a OR b`` is either. ``field:value`` looks in one field,
``seal:合同专用章 amount:>10000 date:本月``; the names of fields are known in both languages, and any
colon, quotation mark, minus or comparison sign in use will do. Line ``FIELDS`` says which there are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final, Literal

from search import tokens
from search.days import read_days, relative_at
from search.query import (
    NAME_FIELDS,
    Amount,
    Clause,
    Condition,
    Days,
    InField,
    Is,
    NumberHas,
    Term,
    Word,
    words_of,
)

LONGEST_QUERY: Final = 500
"""In characters; what follows is left out, and said so."""
MOST_TERMS: Final = 40
_MOST_KNOWN: Final = 12
"""Of the values of a field, that are told to who typed another one."""

FieldName = Literal[
    "title", "seal", "applicant", "person", "department", "counterparty",
    "number", "amount", "date", "kind", "state",
]  # fmt: skip
FIELDS: Final[Mapping[FieldName, tuple[str, ...]]] = {
    "seal": ("seal", "印章", "章"),
    "applicant": ("applicant", "申请人", "经办人", "上传人"),
    "person": ("person", "people", "人员", "相关人", "审批人", "保管人"),
    "department": ("department", "dept", "部门"),
    "counterparty": ("counterparty", "party", "相对方", "对方", "对方单位", "往来单位", "客户", "供应商"),
    "number": ("number", "no", "编号", "号码", "流水号", "用印编号", "发票号码"),
    "amount": ("amount", "金额"),
    "date": ("date", "日期", "时间"),
    "kind": ("kind", "type", "类型", "类别", "种类"),
    "state": ("state", "status", "状态"),
    "title": ("title", "subject", "标题", "事由", "名称"),
}
"""The fields and what they are called, the name for English and the one for Chinese first."""

_BY_NAME: Final = {name: known for known, names in FIELDS.items() for name in names}
_CLOSING: Final = {'"': '"', "＂": "＂", "“": "”", "”": "”", "「": "」", "『": "』"}
_MINUS: Final = "-－−–"
_BREAK: Final = re.compile(r"(?<!\d)[,，、;；]|[,，、;；](?!\d)")  # 1,234 is one word
_FIELD: Final = re.compile(r"([^\W\d_]{1,12})[:：](?!//)")
_EITHER: Final = frozenset({"OR", "|", "||", "｜", "或"})
_BOTH: Final = frozenset({"AND", "&&", "&"})
_NUMBER: Final = re.compile(r"[¥￥$]?\s*(-?\d[\d,，]*(?:\.\d+)?)\s*(千|万|亿|k|m)?\s*元?", re.IGNORECASE)
_TIMES: Final = {"千": 10**3, "k": 10**3, "万": 10**4, "m": 10**6, "亿": 10**8}
_MOST_FEN: Final = 10**17


@dataclass(frozen=True)
class Mistake:
    """Something in a query that was left out or read otherwise, and why.

    ``code``: ``too-long``, ``too-many``, ``field-unknown`` (read as words), ``value-missing``,
    ``amount-unclear``, ``date-unclear``, ``kind-unknown``, ``state-unknown``, ``either-alone``.
    ``text`` is what was typed (of ``value-missing``: the field); ``known`` what would have been understood,
    where that is a short list: of each value all its names, in either language (see ``search.explaining``).
    """

    code: str
    text: str
    known: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Asked:
    """A query understood."""

    clauses: tuple[Clause, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    places: Mapping[Term, tuple[int, int]] = field(default_factory=dict, compare=False)
    """Where the value of each term stands in what was typed, quotation marks included."""

    @property
    def words(self) -> tuple[Word, ...]:
        """What is marked in results."""
        return words_of(self.clauses)


@dataclass(frozen=True)
class Vocabulary:
    """What values of ``kind:`` and ``state:`` are called: what is typed, normalised, and what it means."""

    kinds: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Piece:
    text: str
    is_quoted: bool = False
    is_excluded: bool = False
    field: FieldName | None = None
    place: tuple[int, int] = (0, 0)


def parse(text: str, today: date, vocabulary: Vocabulary | None = None) -> Asked:
    """Understand a query. ``today`` is what relative dates count from. Raises nothing.

    Without clauses when nothing was typed that can be searched for.
    """
    reading = _Reading(today, vocabulary or Vocabulary())
    if len(text) > LONGEST_QUERY:
        reading.mistakes.append(Mistake("too-long", str(LONGEST_QUERY)))
        text = text[:LONGEST_QUERY]
    for piece in _pieces(text, reading):
        reading.take(piece)
    return reading.asked()


class _Reading:
    """Clauses as they grow."""

    def __init__(self, today: date, vocabulary: Vocabulary) -> None:
        self.today = today
        self.vocabulary = vocabulary
        self.mistakes: list[Mistake] = []
        self._clauses: list[list[Term]] = []
        self._places: dict[Term, tuple[int, int]] = {}
        self._joins_next = False
        self._negates_next = False

    def take(self, piece: _Piece) -> None:
        if not piece.is_quoted and piece.field is None and not piece.is_excluded:
            if piece.text in _EITHER:
                self._either(piece.text)
                return
            if piece.text in _BOTH:
                return
            if piece.text == "NOT":
                self._negates_next = True
                return
        condition = self._condition(piece)
        is_excluded = piece.is_excluded or self._negates_next
        self._negates_next = False
        if condition is None:
            self._joins_next = False
            return
        if sum(map(len, self._clauses)) == MOST_TERMS:
            self.mistakes.append(Mistake("too-many", str(MOST_TERMS)))
        if sum(map(len, self._clauses)) >= MOST_TERMS:
            return
        term = Term(condition, is_excluded)
        self._places.setdefault(term, piece.place)
        if self._joins_next and self._clauses:
            self._clauses[-1].append(term)
        else:
            self._clauses.append([term])
        self._joins_next = False

    def _either(self, typed: str) -> None:
        if not self._clauses or self._joins_next:
            self.mistakes.append(Mistake("either-alone", typed))
            return
        self._joins_next = True

    def asked(self) -> Asked:
        if self._joins_next:
            self.mistakes.append(Mistake("either-alone", "OR"))
        clauses = dict.fromkeys(tuple(dict.fromkeys(clause)) for clause in self._clauses)
        return Asked(tuple(clauses), tuple(dict.fromkeys(self.mistakes)), self._places)

    # values

    def _condition(self, piece: _Piece) -> Condition | None:
        if piece.field is None:
            return _word(piece)
        value = piece.text.strip()
        if not value:
            self.mistakes.append(Mistake("value-missing", piece.field))
            return None
        if piece.field in NAME_FIELDS:
            word = _word(piece)
            return None if word is None else InField(piece.field, word)
        match piece.field:
            case "number":
                word = _word(piece)
                return None if word is None else NumberHas(word)
            case "amount":
                return self._understood("amount-unclear", value, read_amount(value))
            case "date":
                return self._understood("date-unclear", value, read_days(tokens.normalise(value), self.today))
            case "kind":
                return self._named("kind", self.vocabulary.kinds, value)
        return self._named("state", self.vocabulary.states, value)

    def _understood(self, code: str, value: str, read: Amount | Days | None) -> Condition | None:
        if read is None:
            self.mistakes.append(Mistake(code, value))
        return read

    def _named(self, name: Literal["kind", "state"], known: Mapping[str, str], value: str) -> Is | None:
        meant = known.get(named(value))
        if meant is None:
            self.mistakes.append(Mistake(f"{name}-unknown", value, _names_of_values(known)[:_MOST_KNOWN]))
            return None
        return Is(name, meant)


def _names_of_values(known: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
    names: dict[str, list[str]] = {}
    for name, meant in known.items():
        names.setdefault(meant, []).append(name)
    return tuple(map(tuple, names.values()))


def vocabulary_of(kinds: Mapping[str, tuple[str, ...]], states: Mapping[str, tuple[str, ...]]) -> Vocabulary:
    """A vocabulary of values and what else they are called; each goes by itself as well."""
    return Vocabulary(
        *({named(n): str(v) for v, ns in each.items() for n in (v, *ns)} for each in (kinds, states))
    )


def named(text: str) -> str:
    """How values of ``kind:`` and ``state:`` are compared."""
    return tokens.compact(text)


def _word(piece: _Piece) -> Word | None:
    runs = tuple(tokens.canonical(piece.text).split())
    return Word(runs, piece.is_quoted) if runs else None


def read_amount(text: str) -> Amount | None:
    """``>10000``, ``>=1万``, ``5,000..8,000``, ``¥1234.50``: amounts in fen. None for anything else."""
    text = "".join(tokens.normalise(text).split())
    for sign in (">=", "<=", "≥", "≤", ">", "<", "="):
        if text.startswith(sign):
            fen = _fen(text.removeprefix(sign))
            return None if fen is None else _compared(sign, fen)
    parts = re.split(r"\.\.+|~|至|到", text)
    if len(parts) == 2:
        least, most = (_fen(part) if part else None for part in parts)
        if (parts[0] and least is None) or (parts[1] and most is None) or not any(parts):
            return None
        if least is not None and most is not None and least > most:
            least, most = most, least
        return Amount(least, most)
    fen = _fen(text)
    return None if fen is None else Amount(fen, fen)


def _compared(sign: str, fen: int) -> Amount:
    match sign:
        case ">":
            return Amount(least=fen + 1)
        case ">=" | "≥":
            return Amount(least=fen)
        case "<":
            return Amount(most=fen - 1)
        case "<=" | "≤":
            return Amount(most=fen)
    return Amount(fen, fen)


def _fen(text: str) -> int | None:
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    try:
        amount = Decimal(re.sub("[,，]", "", match[1])) * _TIMES.get((match[2] or "").lower(), 1) * 100
    except InvalidOperation:
        return None
    return int(amount) if amount == int(amount) and abs(amount) <= _MOST_FEN else None


# pieces


def _pieces(text: str, reading: _Reading) -> list[_Piece]:
    """The typed pieces, each with what stands before it."""
    pieces: list[_Piece] = []
    place = 0
    while place < len(text):
        if text[place].isspace():
            place += 1
            continue
        is_excluded = text[place] in _MINUS and place + 1 < len(text) and not text[place + 1].isspace()
        place += is_excluded
        known, place = _field_at(text, place, reading)
        found, place = _value_at(text, place, known)
        pieces.extend(_Piece(part, is_quoted, is_excluded, known, at) for part, is_quoted, at in found)
    return pieces


def _field_at(text: str, place: int, reading: _Reading) -> tuple[FieldName | None, int]:
    """The field that is named here, and where its value begins."""
    match = _FIELD.match(text, place)
    if match is None:
        return None, place
    known = _BY_NAME.get(tokens.normalise(match[1]))
    if known is not None:
        value = match.end()
        while value < len(text) and text[value].isspace():
            value += 1
        return known, match.end() if _FIELD.match(text, value) else value
    reading.mistakes.append(Mistake("field-unknown", match[1]))
    return None, place


def _value_at(
    text: str, place: int, known: FieldName | None
) -> tuple[list[tuple[str, bool, tuple[int, int]]], int]:
    """What stands here, whether it was quoted, and from where to where; and where all of it ends."""
    if place < len(text) and (closing := _CLOSING.get(text[place])) is not None:
        end = text.find(closing, place + 1)
        end = len(text) if end < 0 else end
        after = min(end + 1, len(text))
        return [(text[place + 1 : end], True, (place, after))], end + 1
    end = max(relative_at(text.lower(), place), place) if known == "date" else place
    while end < len(text) and not text[end].isspace() and text[end] not in _CLOSING:
        end += 1
    if known is not None:
        return [(text[place:end], False, (place, end))], end
    found = []
    for part in _BREAK.split(text[place:end]):
        if part:
            found.append((part, False, (place, place + len(part))))
        place += len(part) + 1
    return found, end
