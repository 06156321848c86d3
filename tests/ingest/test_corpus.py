"""Every field of every paper of the corpus, read in one go as the worker reads it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest import identification, media, office, reading
from ingest.invoices.facts import InvoiceFacts
from ingest.media import OFFICE, MediaType
from ingest.reading import Outcome
from tests.ingest import invoice_forms, invoice_pdfs
from tests.ingest.corpus import Case, corpus, differences
from tests.ingest.invoice_pdfs import Look
from tests.ingest.invoices.builder import InvoiceSpec, Kind

_NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
_OFFICE_NAMES = tuple(f".{kind.name.lower()}" for kind in OFFICE)


@pytest.mark.parametrize("case", corpus(), ids=lambda case: case.name)
def test_every_field_of_the_file_is_right(case: Case, tmp_path: Path) -> None:
    if case.name.endswith(_OFFICE_NAMES) and office.program() is None:
        pytest.skip("LibreOffice is not on this machine")
    _check(case, tmp_path)


@pytest.mark.parametrize("count", [1, 2])
def test_invoices_that_were_joined_to_one_file_are_told(count: int, tmp_path: Path) -> None:
    specs = [InvoiceSpec.random(1500 + at, Kind.DIGITAL, lines=24, red=False) for at in range(count)]
    pages = [page for spec in specs for page in invoice_forms.drawings(spec)]
    assert len(pages) > count
    outcome, _ = _read(Case("joined.pdf", invoice_pdfs.pdf(pages, Look())), tmp_path)
    assert outcome.facts is not None
    facts = InvoiceFacts.from_json(outcome.facts)
    assert facts.get("number") == specs[0].number
    told = [one.context["numbers"] for one in facts.warnings if one.code == "several-invoices"]
    assert told == ([", ".join(spec.number for spec in specs)] if count > 1 else [])


def test_the_corpus_has_files_of_every_type_that_is_taken() -> None:
    seen: set[str] = set()
    waiting = list(corpus())
    while waiting:
        case = waiting.pop()
        seen.add(case.name.rpartition(".")[2].upper())
        waiting.extend(case.members)
    names = {name.upper() for name in media.NAMES.values()}
    assert {"JPG" if name == "JPEG" else name for name in names} <= seen


def _check(case: Case, place: Path) -> None:
    """Read a file, and those inside it, and compare."""
    outcome, folder = _read(case, place)
    if case.expected:
        assert outcome.facts is not None, case.name
        facts = InvoiceFacts.from_json(outcome.facts)
        assert differences(case.expected, facts) == [], case.name
        assert [one for one in facts.warnings if one.code in ("sources-disagree", "several-invoices")] == []
    else:
        assert outcome.facts is None, case.name
    if case.texts is not None:
        assert outcome.pages == len(case.texts)
        for said, words in zip(outcome.texts, case.texts, strict=True):
            assert [word for word in words if word not in said] == []
    assert [one["name"] for one in outcome.members] == [one.name for one in case.members]
    for number, (made, member) in enumerate(zip(outcome.members, case.members, strict=True)):
        assert (folder / made["file"]).read_bytes() == member.data, member.name
        inside = place / f"member-{number}"
        inside.mkdir()
        _check(member, inside)


def _read(case: Case, place: Path) -> tuple[Outcome, Path]:
    source, folder = place / "original", place / "made"
    source.write_bytes(case.data)
    folder.mkdir()
    found = _type_of(source, case)
    if found in OFFICE:
        source, found = office.to_pdf(source, folder, 90), MediaType.PDF
    return reading.read(source, folder, found, [], _NOW, 500), folder


def _type_of(source: Path, case: Case) -> MediaType:
    family = media.recognise(case.data[: media.HEAD])
    assert family is not None, case.name
    return identification.identify(source, family)
