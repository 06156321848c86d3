"""What a file is, by its content and never by its name.

The table of accepted types is the seam for more formats: an entry names the type and how it becomes
a PDF (``ingest.conversion``).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class MediaType(StrEnum):
    """Types that are accepted."""

    PDF = "application/pdf"
    JPEG = "image/jpeg"
    PNG = "image/png"


NAMES: Final = {MediaType.PDF: "PDF", MediaType.JPEG: "JPEG", MediaType.PNG: "PNG"}
HEAD: Final = 1024
"""How many bytes from the start are looked at."""

_KNOWN: Final[tuple[tuple[bytes, str], ...]] = (
    (b"MZ", "windows-program"),
    (b"\x7fELF", "linux-program"),
    (b"\xca\xfe\xba\xbe", "program"),
    (b"#!", "script"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\xd0\xcf\x11\xe0", "office"),
    (b"{\\rtf", "rtf"),
    (b"GIF8", "gif"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"BM", "bmp"),
    (b"Rar!", "archive"),
    (b"7z\xbc\xaf", "archive"),
    (b"\x1f\x8b", "archive"),
    (b"%!PS", "postscript"),
    (b"<?xml", "xml"),
)


def recognise(head: bytes) -> MediaType | None:
    """The accepted type that these first bytes show, or None.

    A PDF header may stand anywhere in the first 1024 bytes (ISO 32000-1, annex H.3.4.1), but not
    behind the signature of another format: such a file is judged by what comes first.
    """
    if head.startswith(b"\xff\xd8\xff"):
        return MediaType.JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return MediaType.PNG
    if head.startswith(b"%PDF-"):
        return MediaType.PDF
    if b"%PDF-" in head[:HEAD] and describe(head) is None:
        return MediaType.PDF
    return None


def describe(head: bytes) -> str | None:
    """The code of a known type that is not accepted, such as ``zip`` (texts: error-type-not-accepted)."""
    stripped = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if head[4:8] == b"ftyp":
        return "heic"
    if head[:4] == b"RIFF":
        return "webp" if head[8:12] == b"WEBP" else "media"
    if stripped[:9].lower().startswith((b"<html", b"<!doctype")):
        return "html"
    return next((name for magic, name in _KNOWN if stripped.startswith(magic)), None)
