"""What a file is, by its content and never by its name.

The first bytes tell the family; what lies inside a ZIP container or an XML file is looked at in the
worker process (``ingest.identification``), which names the type in full. How each type becomes a PDF is
the table in ``ingest.conversion``.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final


class MediaType(StrEnum):
    """Types that are accepted."""

    PDF = "application/pdf"
    OFD = "application/ofd"
    XML = "application/xml"  # an invoice's data: 数电票, XBRL, CII
    JPEG = "image/jpeg"
    PNG = "image/png"
    TIFF = "image/tiff"
    HEIC = "image/heic"
    WEBP = "image/webp"
    DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
    ZIP = "application/zip"
    EML = "message/rfc822"


NAMES: Final = {
    MediaType.PDF: "PDF",
    MediaType.OFD: "OFD",
    MediaType.XML: "XML",
    MediaType.JPEG: "JPEG",
    MediaType.PNG: "PNG",
    MediaType.TIFF: "TIFF",
    MediaType.HEIC: "HEIC",
    MediaType.WEBP: "WebP",
    MediaType.DOCX: "DOCX",
    MediaType.XLSX: "XLSX",
    MediaType.PPTX: "PPTX",
    MediaType.ZIP: "ZIP",
    MediaType.EML: "EML",
}
IMAGES: Final = frozenset({MediaType.JPEG, MediaType.PNG, MediaType.TIFF, MediaType.HEIC, MediaType.WEBP})
OFFICE: Final = frozenset({MediaType.DOCX, MediaType.XLSX, MediaType.PPTX})
CONTAINERS: Final = frozenset({MediaType.ZIP, MediaType.EML})
"""Types whose members become documents of their own."""
ENDINGS: Final = {kind: f".{name.lower()}" for kind, name in NAMES.items()} | {MediaType.JPEG: ".jpg"}
"""What a file of each type is called when it is downloaded."""
HEAD: Final = 4096
"""How many bytes from the start are looked at."""

_KNOWN: Final[tuple[tuple[bytes, str], ...]] = (
    (b"MZ", "windows-program"),
    (b"\x7fELF", "linux-program"),
    (b"\xca\xfe\xba\xbe", "program"),
    (b"#!", "script"),
    (b"\xd0\xcf\x11\xe0", "office"),
    (b"{\\rtf", "rtf"),
    (b"GIF8", "gif"),
    (b"BM", "bmp"),
    (b"Rar!", "archive"),
    (b"7z\xbc\xaf", "archive"),
    (b"\x1f\x8b", "archive"),
    (b"%!PS", "postscript"),
)


_HEIC_BRANDS: Final = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis"}
)
_MAIL_FIELD: Final = re.compile(rb"[A-Za-z][A-Za-z0-9-]{1,70}:[ \t\r\n]?")
_MAIL_FIELDS: Final = (b"from", b"received", b"return-path", b"mime-version", b"message-id", b"delivered-to")


def recognise(head: bytes) -> MediaType | None:
    """The accepted family that these first bytes show, or None.

    ``ZIP`` stands for every ZIP container and ``XML`` for every XML file. A PDF header may stand
    anywhere in the first 1024 bytes (ISO 32000-1, annex H.3.4.1), but not behind the signature of
    another format: such a file is judged by what comes first.
    """
    if head.startswith(b"\xff\xd8\xff"):
        return MediaType.JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return MediaType.PNG
    if head.startswith((b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")):
        return MediaType.TIFF
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return MediaType.WEBP
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS:
        return MediaType.HEIC
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return MediaType.ZIP
    if head.startswith(b"%PDF-"):
        return MediaType.PDF
    if b"%PDF-" in head[:1024] and describe(head) is None:
        return MediaType.PDF
    if _is_xml(head):
        return MediaType.XML
    if describe(head) is None and _is_mail(head):
        return MediaType.EML
    return None


def _is_xml(head: bytes) -> bool:
    """Whether it is XML, in any of the encodings that XML 1.0 (appendix F) tells by the first bytes."""
    if head.startswith((b"\xfe\xff\x00<", b"\xff\xfe<\x00", b"\x00<\x00?", b"<\x00?\x00")):
        return True
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    if text[:9].lower().startswith((b"<html", b"<!doctype")):
        return False
    return re.match(rb"<(\?xml|!--|[A-Za-z_])", text) is not None


def _is_mail(head: bytes) -> bool:
    """Whether it begins with a header (RFC 5322): nothing but fields, some of which every mail has."""
    block = re.split(rb"\r?\n\r?\n", head.removeprefix(b"\xef\xbb\xbf"), maxsplit=1)[0]
    lines = [line for line in block.splitlines() if line and line[:1] not in b" \t"]
    if len(block) >= HEAD - 4:
        lines = lines[:-1]  # the last one may be cut
    names = [line.split(b":", 1)[0].lower() for line in lines if _MAIL_FIELD.match(line)]
    if len(names) < 2 or len(names) < len(lines):
        return False
    return sum(name in names for name in _MAIL_FIELDS) >= 2 or (b"from" in names and b"subject" in names)


def describe(head: bytes) -> str | None:
    """The code of a known type that is not accepted, such as ``rtf`` (texts: error-type-not-accepted)."""
    stripped = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if head[4:8] == b"ftyp" and head[8:12] not in _HEIC_BRANDS:
        return "media"
    if head[:4] == b"RIFF" and head[8:12] != b"WEBP":
        return "media"
    if stripped[:9].lower().startswith((b"<html", b"<!doctype")):
        return "html"
    return next((name for magic, name in _KNOWN if stripped.startswith(magic)), None)
