"""What search has to say in the reader's words: mistakes of a query, kinds and states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from core.i18n import Translator
from search.language import FIELDS, Mistake

_STATE_GROUPS: Final = ("case", "document", "search-state")
"""Beginnings of the names of texts that say a state; most are those of the room whose state it is."""


def explain(mistake: Mistake, translator: Translator) -> str:
    """One sentence in the reader's language: what was typed, why it was left out or read otherwise, and what
    is known.
    """
    between = translator.text("search-mistake-between")
    typed = _field_name(mistake.text, translator) if mistake.code == "value-missing" else mistake.text
    known = between.join(known_names(mistake, translator))
    return translator.text(f"search-mistake-{mistake.code}", text=typed, known=known)


def known_names(mistake: Mistake, translator: Translator) -> tuple[str, ...]:
    """What would have been understood, as it is called in the reader's language."""
    if mistake.code == "field-unknown":
        return field_names(translator)
    return tuple(dict.fromkeys(_own(names, translator) for names in mistake.known))


def field_names(translator: Translator) -> tuple[str, ...]:
    """The fields of the query language as they are called in the reader's language."""
    return tuple(_own(names, translator) for names in FIELDS.values())


def _field_name(field: str, translator: Translator) -> str:
    return next((_own(names, translator) for known, names in FIELDS.items() if known == field), field)


def _own(names: Sequence[str], translator: Translator) -> str:
    """The first of the names in the reader's language; the first of all where there is none."""
    is_english = translator.language == "en"
    return next((name for name in names if name.isascii() == is_english), names[0])


def kind_text(kind: str, translator: Translator) -> str:
    """What a kind of thing is called."""
    return translator.text(f"search-kind-{kind.replace('_', '-')}")


def state_group(state: str, translator: Translator) -> str | None:
    """The beginning of the name of the text that says a state or mark; None when there is none."""
    return next((one for one in _STATE_GROUPS if translator.has(f"{one}-{state}")), None)


def state_text(state: str, translator: Translator) -> str:
    """What a state or mark is called; itself where it has no words."""
    group = state_group(state, translator)
    return translator.text(f"{group}-{state}") if group else state
