"""Reading one file, whole: its PDF, words, findings, signatures and invoice. Runs in the worker only.

Everything that a stranger's file makes slow or dangerous happens here, in one request, so that the file
is opened once and a crash costs that file only.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from core.i18n import LANGUAGES
from ingest import pdf, pdf_words
from ingest.conversion import Converted, Member, converter_of
from ingest.errors import TooManyPages
from ingest.invoices import embedded, qr, text
from ingest.invoices.facts import Reading, Source
from ingest.invoices.merging import merge
from ingest.limits import MOST_RECOGNISED
from ingest.media import MediaType
from ingest.words import Page, plain
from signing.national.ofd_signatures import verify_ofd
from signing.source import Source as PdfSource
from signing.verification import verify_pdf
from signing.verification.verdict import Verdict

_FEW_LETTERS: Final = 12
"""A page with fewer letters is taken for a picture of one: page numbers and stamps are not content."""
_CODE_PAGES: Final = 2
"""Invoices carry their QR code on the first page; a scan may have a cover sheet."""
_INVOICE_WORDS: Final = re.compile(r"发\s*票|行\s*程\s*单|铁路|客票|invoice", re.IGNORECASE)


@dataclass
class Outcome:
    """What came of a file. Paths are names in the folder that the request named."""

    pages: int
    pdf: str | None
    """The PDF that people see, where the original is none or is damaged."""
    searchable: str | None
    """A copy of a scan with its recognised words: the ground of the archival rendition."""
    standard: str | None
    """``2b`` or ``3b`` when ``pdf`` is PDF/A."""
    findings: list[dict[str, Any]]
    texts: list[str]
    has_recognised_text: bool
    facts: dict[str, Any] | None
    verdict: str | None
    signatures: dict[str, Any] | None
    members: list[dict[str, str]] = field(default_factory=list)
    attachments: list[dict[str, str]] = field(default_factory=list)


def read(
    source: Path, folder: Path, media_type: MediaType, trust: Sequence[str], at: datetime, most_pages: int
) -> Outcome:
    """Read a file. ``trust`` holds root certificates (DER, base64); what is made is written to ``folder``.

    Raises FileRefused, TooManyPages among them.
    """
    roots = [base64.b64decode(one) for one in trust]
    converter = converter_of(media_type)
    made = converter(source, folder) if converter else Converted()
    if converter is not None and made.pdf is None:
        return _container(made)
    shown = made.pdf or source
    inspected = pdf.inspect(shown)
    findings = _joined(made.findings, inspected["findings"])
    if made.standard is not None:  # made here: the data that it carries is the original's own
        findings = [one for one in findings if one["code"] != "embedded-files"]
    codes = {one["code"] for one in findings}
    if made.pdf is None and "repaired" in codes and "signed" not in codes:
        made.pdf = shown = folder / "repaired.pdf"
        pdf.repair(source, shown)
        inspected = pdf.inspect(shown)
        findings = _joined([{"code": "repaired"}], inspected["findings"])
    if inspected["pages"] > most_pages:
        raise TooManyPages(pages=inspected["pages"], limit=most_pages)
    looked = _Looked(shown, made, findings)
    looked.find_words()
    readings = looked.readings(folder, is_pdf=media_type is MediaType.PDF)
    facts = merge(readings, looked.other_numbers)
    if looked.is_recognised:
        looked.findings = _joined(looked.findings, [{"code": "recognised-text"}])
    verdict, signatures = _judge(source, media_type, codes, roots, at)
    searchable = looked.write_searchable(folder / "searchable.pdf")
    return Outcome(
        pages=inspected["pages"],
        pdf=made.pdf.name if made.pdf else None,
        searchable=searchable.name if searchable else None,
        standard=made.standard if made.pdf else None,
        findings=looked.findings,
        texts=[plain(page)[: pdf.MOST_TEXT] for page in looked.pages],
        has_recognised_text=looked.is_recognised,
        facts=facts.to_json() if facts else None,
        verdict=verdict,
        signatures=signatures,
        members=_named(made.members),
        attachments=_named(made.attachments),
    )


class _Looked:
    """The pages of one PDF while they are read."""

    def __init__(self, shown: Path, made: Converted, findings: list[dict[str, Any]]) -> None:
        self._shown = shown
        self._made = made
        self.findings = findings
        self.pages: list[Page] = made.pages or []
        self.is_recognised = made.pages is not None and made.pages_are_recognised
        self.recognised: dict[int, Page] = {}
        self.other_numbers: list[str] = []

    def find_words(self) -> None:
        """The words of every page; those without text of their own are recognised."""
        if self._made.pages is not None:
            return
        self.pages = pdf_words.words(self._shown)
        if self._made.pdf is not None and self._made.standard is not None:
            return  # made here from data: what it does not say as text it does not say
        bare = [number for number, page in enumerate(self.pages, start=1) if _letters(page) < _FEW_LETTERS]
        drawn = pdf.pages_with_pictures(self._shown, bare) if bare else []
        if not drawn:
            return
        from ingest.scanning.pages import recognise

        self.recognised = recognise(self._shown, drawn[:MOST_RECOGNISED])
        if len(self.recognised) < len(drawn):
            self.findings = _joined(self.findings, [{"code": "recognition-stopped"}])
        for number, page in self.recognised.items():
            self.pages[number - 1] = (*self.pages[number - 1], *page)
        self.is_recognised = bool(self.recognised)

    def write_searchable(self, target: Path) -> Path | None:
        """A copy of a scan with what was recognised as an invisible layer; None when nothing was."""
        if not self.recognised:
            return None
        from ingest.scanning.pages import add_text

        add_text(self._shown, target, self.recognised)
        return target

    def readings(self, folder: Path, is_pdf: bool) -> list[Reading]:
        """What every source says: data inside, codes, words."""
        readings = list(self._made.readings)
        if is_pdf:
            inside, attachments = embedded.look(self._shown, folder)
            readings += inside
            self._made.attachments += attachments
        source = Source.OCR if self.is_recognised else Source.TEXT
        said = text.read(self.pages, source)
        if said is not None:
            readings.append(said)
            self.other_numbers = text.other_numbers(self.pages, said)
        if not any(reading.source is Source.QR for reading in readings):
            readings += self._codes(said is not None)
        return readings

    def _codes(self, is_invoice: bool) -> list[Reading]:
        """QR codes cost more than all the rest of a text page, so they are looked for where one may be."""
        found: list[Reading] = []
        for number, page in enumerate(self.pages[:_CODE_PAGES], start=1):
            may_have_one = is_invoice or self.is_recognised or _INVOICE_WORDS.search(plain(page))
            if not may_have_one or found:
                continue
            from ingest.scanning.codes import codes_of_page

            for said, place in codes_of_page(self._shown, number):
                reading = qr.read(said, place)
                if reading is not None:
                    found.append(reading)
        return found


def _letters(page: Page) -> int:
    return sum(letter.isalnum() for word in page for letter in word.text)


def _judge(
    source: Path, media_type: MediaType, codes: set[str], roots: list[bytes], at: datetime
) -> tuple[str | None, dict[str, Any] | None]:
    """The verdict on the original's signatures: ``unsigned`` where the format could carry some."""
    if media_type is MediaType.OFD:
        return _kept(verify_ofd(source.read_bytes(), roots, at))
    if media_type is not MediaType.PDF:
        return None, None
    if "signed" not in codes:
        return "unsigned", None
    with PdfSource.opened(source) as file:
        return _kept(verify_pdf(file, roots, at))


def _kept(verdict: Verdict) -> tuple[str, dict[str, Any] | None]:
    """A verdict to be kept: whoever looks at it later reads it in their own language."""
    outcome = verdict.outcome.value
    if outcome == "unsigned":
        return outcome, None
    return outcome, {language: verdict.to_json("", language) for language in LANGUAGES}


def _container(made: Converted) -> Outcome:
    return Outcome(
        pages=0,
        pdf=None,
        searchable=None,
        standard=None,
        findings=made.findings,
        texts=[],
        has_recognised_text=False,
        facts=None,
        verdict=None,
        signatures=None,
        members=_named(made.members),
    )


def _named(members: Sequence[Member]) -> list[dict[str, str]]:
    return [{"name": one.name, "file": one.path.name} for one in members]


def _joined(*lists: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Findings, each once, in the order of their codes."""
    found: list[dict[str, Any]] = []
    for findings in lists:
        found.extend(one for one in findings if one not in found)
    return sorted(found, key=lambda one: (one["code"], one.get("page") or 0))


def archival(
    source: Path, target: Path, folder: Path, attachments: Sequence[dict[str, str]]
) -> dict[str, Any]:
    """The archival rendition of a PDF: ``standard``, ``method``, ``pages``. Raises FileRefused."""
    from ingest import renditions

    members = [Member(one["name"], folder / Path(one["file"]).name) for one in attachments]
    standard, method = renditions.archival(source, target, members)
    return {"standard": standard, "method": method, "pages": pdf.inspect(target)["pages"]}
