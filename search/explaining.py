"""What of a query was not understood, in the reader's words."""

from __future__ import annotations

from core.i18n import Translator
from search.language import FIELDS, Mistake


def explain(mistake: Mistake, translator: Translator) -> str:
    """One sentence: what was typed, why it was left out or read otherwise, and what is known."""
    between = translator.text("search-mistake-between")
    known = mistake.known
    if mistake.code == "field-unknown":
        known = field_names(translator)
    return translator.text(f"search-mistake-{mistake.code}", text=mistake.text, known=between.join(known))


def field_names(translator: Translator) -> tuple[str, ...]:
    """The fields of the query language as they are called in the reader's language."""
    place = 1 if translator.language == "zh-CN" else 0
    return tuple(names[place] for names in FIELDS.values())
