"""What search has to say in the reader's words: mistakes of a query, kinds and states."""

from __future__ import annotations

from typing import Final

from core.i18n import Translator
from search.language import FIELDS, Mistake

_STATE_GROUPS: Final = ("case", "document", "search-state")
"""Beginnings of the names of texts that say a state; most are those of the room whose state it is."""


def explain(mistake: Mistake, translator: Translator) -> str:
    """One sentence: what was typed, why it was left out or read otherwise, and what is known."""
    between = translator.text("search-mistake-between")
    known = mistake.known
    if mistake.code == "field-unknown":
        known = field_names(translator)
    return translator.text(f"search-mistake-{mistake.code}", text=mistake.text, known=between.join(known))


def field_names(translator: Translator) -> tuple[str, ...]:
    """The fields of the query language as they are called in the reader's language."""
    is_english = translator.language == "en"
    return tuple(next(name for name in names if name.isascii() == is_english) for names in FIELDS.values())


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
