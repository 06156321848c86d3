"""Words that count as the same, from a file.

One group a line, its words separated by commas: ``合同专用章, 合同章``. ``a => b, c`` means that whoever
looks for a finds b and c as well, but not the other way round. ``#`` begins a remark.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final

from core.errors import SettingUnusable
from search import tokens
from search.query import Clause, InField, Term, Word

OWN_FILE: Final = Path(__file__).with_name("synonyms.txt")
"""What applies where the organisation has no file of its own."""
_LARGEST: Final = 1_000_000  # bytes


class Synonyms:
    """What else is looked for with a word."""

    def __init__(self, lines: Iterable[str] = ()) -> None:
        """Raises ValueError with the number of the line that makes no sense."""
        self._alike: dict[tuple[str, ...], dict[tuple[str, ...], None]] = {}
        for number, line in enumerate(lines, start=1):
            text = line.partition("#")[0].strip()
            if not text:
                continue
            typed, arrow, meant = text.partition("=>")
            left = _group(typed)
            right = _group(meant) if arrow else left
            if not left or not right or (not arrow and len(left) < 2):
                raise ValueError(f"line {number}")
            for word in left:
                self._alike.setdefault(word, {}).update(dict.fromkeys(right))

    def of(self, word: Word) -> Word:
        """The word with what counts as the same."""
        others = self._alike.get(word.runs, {})
        alike = tuple(Word(runs, word.is_exact) for runs in others if runs != word.runs)
        return replace(word, alike=alike) if alike else word

    def applied(self, clauses: Iterable[Clause]) -> tuple[Clause, ...]:
        """Clauses with what counts as the same."""
        return tuple(tuple(self._term(term) for term in clause) for clause in clauses)

    def _term(self, term: Term) -> Term:
        match term.condition:
            case Word() as word:
                return replace(term, condition=self.of(word))
            case InField(field, word):
                return replace(term, condition=InField(field, self.of(word)))
        return term


def _group(text: str) -> list[tuple[str, ...]]:
    words = (tuple(tokens.canonical(part).split()) for part in text.replace("，", ",").split(","))
    return [word for word in words if word]


def read_synonyms(file: Path | None, setting: str = "VERMILION_SEARCH_SYNONYMS") -> Synonyms:
    """The synonyms of a file; our own without one. Raises SettingUnusable."""
    path = file or OWN_FILE
    try:
        if path.stat().st_size > _LARGEST:
            raise SettingUnusable(setting=setting, reason=f"{path}: > {_LARGEST} bytes")
        return Synonyms(path.read_text("utf-8-sig").splitlines())
    except UnicodeDecodeError as error:
        raise SettingUnusable(setting=setting, reason=f"{path}: not UTF-8") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SettingUnusable(setting=setting, reason=f"{path}: {reason}") from error
