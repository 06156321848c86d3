"""Every text a person reads exists in both languages, and templates hold none themselves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fluent.syntax import ast as fluent
from fluent.syntax import parse, visitor

import portal
from core.i18n import LANGUAGES, Language, locale_files, translator
from portal import navigation

ROOT = Path(portal.__file__).parent
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
ATTRIBUTES = re.compile(r"\b(?:aria-label|placeholder|title|alt|data-done)=\"([^\"{]*[^\W\d_][^\"{]*)\"")
LITERAL_CODE = re.compile(r"""\bt\(\s*["']([a-z0-9-]+)["']\s*[,)]""")


class _Names(visitor.Visitor):
    def __init__(self) -> None:
        self.found: set[str] = set()

    def visit_VariableReference(self, node: fluent.VariableReference) -> None:
        self.found.add(node.id.name)


def _messages(language: Language) -> dict[str, set[str]]:
    files = [path for path in locale_files(language) if path.is_relative_to(ROOT)]
    resource = parse("\n\n".join(path.read_text("utf-8") for path in files))
    messages: dict[str, set[str]] = {}
    for entry in resource.body:
        assert not isinstance(entry, fluent.Junk), f"{language}: {entry.content}"
        if isinstance(entry, fluent.Message):
            names = _Names()
            names.visit(entry)
            assert entry.id.name not in messages, f"{entry.id.name} is there twice in {language}"
            messages[entry.id.name] = names.found
    return messages


def test_both_languages_have_the_same_texts_with_the_same_variables() -> None:
    chinese, english = (_messages(language) for language in LANGUAGES)

    assert chinese == english


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_holds_no_text_outside_translation(template: Path) -> None:
    source = template.read_text("utf-8")
    source = re.sub(r"\{#.*?#\}", "", source, flags=re.S)
    plain = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", source, flags=re.S)
    words = re.sub(r"<!--.*?-->|<[^>]*>", " ", plain, flags=re.S).replace("SHA-256", "")
    words = re.sub(r"\b[a-z-]+=\"[^\"]*\"|\brequired\b", "", words)  # attributes that a macro writes

    assert not re.findall(r"[^\W\d_]{2,}", re.sub(r"&[a-z]+;", "", words)), template.name
    assert not ATTRIBUTES.findall(plain), template.name


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_text_that_a_template_asks_for_exists(template: Path) -> None:
    asked = set(LITERAL_CODE.findall(template.read_text("utf-8")))

    assert {code for code in asked if not translator("en").has(code)} == set()


def test_every_navigation_entry_has_its_text_and_its_icon() -> None:
    from portal.assets import ICONS

    for entry in (*navigation.MAIN, *navigation.AREAS):
        assert translator("zh-CN").has(entry.text)
        assert entry.icon in ICONS


def test_every_icon_that_a_template_uses_is_in_the_sprite() -> None:
    from portal.assets import ICONS

    for template in TEMPLATES:
        for name in re.findall(r"icon\(\"([a-z0-9-]+)\"", template.read_text("utf-8")):
            assert name in ICONS, f"{name} in {template.name}"


def test_the_bottom_bar_of_the_phone_has_at_most_five_entries() -> None:
    assert sum(entry.on_phone for entry in navigation.MAIN) <= 5
