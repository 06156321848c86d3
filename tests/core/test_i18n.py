"""Texts: everything exists in both languages, with the same variables."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from fluent.syntax import FluentParser
from fluent.syntax import ast as ftl
from fluent.syntax.visitor import Visitor
from hypothesis import given
from hypothesis import strategies as st

from core.i18n import LANGUAGES, ROOMS, choose_language, locale_files, translator

ROOT = Path(__file__).parents[2]


class Variables(Visitor):
    """Collects the variables that a message uses."""

    def __init__(self) -> None:
        self.found: set[str] = set()

    def visit_VariableReference(self, node: ftl.VariableReference) -> None:
        self.found.add(node.id.name)


def messages(path: Path) -> dict[str, set[str]]:
    resource = FluentParser().parse(path.read_text("utf-8"))
    found: dict[str, set[str]] = {}
    for entry in resource.body:
        assert not isinstance(entry, ftl.Junk), f"{path.parent.parent.name}: {entry.content}"
        if isinstance(entry, ftl.Message):
            variables = Variables()
            variables.visit(entry)
            assert entry.id.name not in found, f"{entry.id.name} is there twice in {path}"
            # A name that exists in both languages comes twice; each text takes its own.
            found[entry.id.name] = {name.removesuffix("_en") for name in variables.found}
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_both_languages_of_a_room_have_the_same_messages_and_variables(room: str) -> None:
    files = [ROOT / room / "locales" / f"{language}.ftl" for language in LANGUAGES]
    if not any(file.exists() for file in files):
        assert room == "api", f"{room} has no texts"
        return
    first, second = map(messages, files)
    assert first == second


def test_no_message_is_defined_by_two_rooms() -> None:
    seen: dict[str, Path] = {}
    for path in locale_files("en"):
        for name in messages(path):
            assert name not in seen, f"{name} is in {seen[name]} and {path}"
            seen[name] = path


def error_codes() -> list[str]:
    codes = []
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.ClassDef):
                    for line in node.body:
                        target = (
                            line.targets[0] if isinstance(line, ast.Assign) else getattr(line, "target", None)
                        )
                        value = getattr(line, "value", None)
                        if (
                            isinstance(target, ast.Name)
                            and target.id == "code"
                            and isinstance(value, ast.Constant)
                            and value.value  # an empty one is a field of a form
                            and isinstance(value.value, str)
                        ):
                            codes.append(value.value)
    return sorted(set(codes))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_error_code_has_a_text(language: str) -> None:
    texts = translator(language)  # type: ignore[arg-type]
    assert [code for code in error_codes() if not texts.has(f"error-{code}")] == []


@pytest.mark.parametrize(
    ("preferred", "header", "expected"),
    [
        ("en", "zh-CN", "en"),
        (None, "en-GB,en;q=0.9,zh;q=0.8", "en"),
        (None, "fr,zh-TW;q=0.8,en;q=0.3", "zh-CN"),
        (None, "de", "zh-CN"),
        (None, None, "zh-CN"),
        ("xx", "en;q=0,zh", "zh-CN"),
    ],
)
def test_the_person_chooses_the_language_else_the_browser(
    preferred: str | None, header: str | None, expected: str
) -> None:
    assert choose_language(preferred, header) == expected


@given(st.text())
def test_any_header_chooses_some_language(header: str) -> None:
    assert choose_language(None, header) in LANGUAGES
