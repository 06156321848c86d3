"""Texts in the reader's language, from Fluent files in each room's ``locales`` folder."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Final, Literal
from uuid import UUID

from fluent.runtime import FluentBundle, FluentResource

from core.errors import VermilionError

Language = Literal["zh-CN", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("zh-CN", "en")
ROOMS: Final = (
    "core", "storage", "search", "signing", "ingest", "workflow", "retention", "api", "portal", "vermilion",
)  # fmt: skip


class Translator:
    """All texts in one language."""

    def __init__(self, language: Language, resources: Iterable[str]) -> None:
        self.language = language
        self._bundle = FluentBundle([language], use_isolating=False)
        for resource in resources:
            self._bundle.add_resource(FluentResource(resource))
        self._plain: dict[str, str] = {}

    def has(self, code: str) -> bool:
        """Whether there is a text of this code."""
        return bool(self._bundle.has_message(code))

    def text(self, code: str, **context: object) -> str:
        """The text of ``code``; the code itself where there is none, so that the gap is seen.

        Context values that are not numbers, dates or strings are written with ``str``.
        """
        if not context and code in self._plain:
            return self._plain[code]
        if not self._bundle.has_message(code):
            return code
        message = self._bundle.get_message(code)
        if message.value is None:
            return code
        value, _errors = self._bundle.format_pattern(
            message.value, {k: _plain(v) for k, v in context.items()}
        )
        result = str(value)
        if not context:
            self._plain[code] = result
        return result

    def error(self, error: VermilionError) -> str:
        """The message of an error: ``error-<code>``."""
        return self.text(f"error-{error.code}", **error.context)


def _plain(value: object) -> object:
    if isinstance(value, UUID | Path) or value is None or isinstance(value, bool):
        return str(value)
    if isinstance(value, int | float | str | Decimal | datetime):
        return value
    return str(value)


@cache
def translator(language: Language) -> Translator:
    """The translator of a language, made once."""
    return Translator(language, (path.read_text("utf-8") for path in locale_files(language)))


def locale_files(language: Language) -> list[Path]:
    """The Fluent files of every room: ``<language>.ftl`` and ``<language>.<part>.ftl``."""
    found = []
    for room in ROOMS:
        spec = importlib.util.find_spec(room)
        for location in (spec.submodule_search_locations or []) if spec else []:
            folder = Path(location) / "locales"
            found += [*folder.glob(f"{language}.ftl"), *sorted(folder.glob(f"{language}.*.ftl"))]
    return found


def choose_language(
    preferred: str | None, accept_language: str | None, default: Language = "zh-CN"
) -> Language:
    """The person's own choice, else the browser's first that we have, else the default.

    ``accept_language`` is an Accept-Language header (RFC 9110, 12.5.4); quality values order it.
    """
    for candidate in (preferred, *_ranked(accept_language or "")):
        match = _match(candidate)
        if match:
            return match
    return default


def _ranked(header: str) -> list[str]:
    ranked: list[tuple[float, str]] = []
    for part in header.split(","):
        tag, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            continue
        if tag and weight > 0:
            ranked.append((weight, tag))
    return [tag for _, tag in sorted(ranked, key=lambda pair: -pair[0])]


def _match(tag: str | None) -> Language | None:
    primary = (tag or "").lower().split("-")[0]
    return {"zh": "zh-CN", "en": "en"}.get(primary)  # type: ignore[return-value]
