"""How a file of each type becomes a PDF: one converter for each, run in the worker process only.

A converter gets the file and an empty folder of its own, writes what it makes into the folder, and
says what it found. It raises FileRefused for what it cannot take.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingest.invoices.facts import Reading
from ingest.media import IMAGES, OFFICE, MediaType
from ingest.words import Page


@dataclass(frozen=True)
class Member:
    """A file that came inside another one (ZIP, e-mail): ``name`` is for people, ``path`` in the folder."""

    name: str
    path: Path


@dataclass
class Converted:
    """What a converter made of a file."""

    pdf: Path | None = None
    """The PDF it made, in the folder; None when the original is one, or when there is nothing to show."""
    pages: list[Page] | None = None
    """Words and places, where the converter knows them better than the PDF's text does (recognition)."""
    pages_are_recognised: bool = False
    """Whether ``pages`` come from optical recognition: their readings have the source ``ocr``."""
    readings: list[Reading] = field(default_factory=list)
    """What structured data inside says: XML, XBRL, custom data, QR codes."""
    findings: list[dict[str, Any]] = field(default_factory=list)
    """Active content and repairs: ``[{"code": …}]`` as ``ingest.pdf.inspect`` gives them."""
    members: list[Member] = field(default_factory=list)
    """Files inside that become documents of their own."""
    attachments: list[Member] = field(default_factory=list)
    """Data files inside (the invoice's XML) that belong to this document and go into its archival PDF."""
    standard: str | None = None
    """``2b`` or ``3b`` when ``pdf`` is PDF/A of that level already."""


Converter = Callable[[Path, Path], Converted]
"""Takes the file and the folder."""


def converter_of(media_type: MediaType) -> Converter | None:
    """The converter of a type; None for PDF, which is what the others become.

    Office files become PDFs before they come here (``ingest.office``): LibreOffice is a program of its
    own, and the worker starts none.
    Imported when first needed: a worker that reads text PDFs need not hold what photos need.
    """
    if media_type is MediaType.PDF:
        return None
    if media_type in OFFICE:
        raise ValueError(media_type)
    if media_type in IMAGES:
        from ingest.scanning import convert
    elif media_type is MediaType.OFD:
        from ingest.ofd.convert import convert
    elif media_type is MediaType.XML:
        from ingest.invoices.typesetting import convert
    elif media_type is MediaType.ZIP:
        from ingest.containers import convert
    else:
        from ingest.mail import convert
    return convert
