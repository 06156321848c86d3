"""Reading a stranger's PDF: its signature objects, found twice over, and their byte ranges.

The fields say which signatures there are; a scan of every object finds those that no field names.
Byte ranges are judged on the bytes of the file themselves (against the attacks known as universal
signature forgery, incremental saving and signature wrapping).
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import Any, Final

from asn1crypto import parser
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature, extract_contents

from signing.verification.facts import Coverage

MOST_OBJECTS: Final = 300_000
MOST_SIGNATURES: Final = 500
_END: Final = re.compile(rb"%%EOF[\r\n\s\x00]*$")
_MALFORMED: Final = (
    PdfError,
    KeyError,
    ValueError,
    TypeError,
    IndexError,
    AttributeError,
    AssertionError,
    OverflowError,
    RecursionError,
    NotImplementedError,
    UnicodeError,
    MemoryError,
    ZeroDivisionError,
)
MALFORMED: Final = (*_MALFORMED, OSError)
"""What libraries raise on files that are not what they claim to be."""


class BareSignature(EmbeddedPdfSignature):
    """A signature whose content is no CMS that the library can read: only its place in the file counts."""

    def __init__(self, reader: PdfFileReader, sig_field: Any, fq_name: str) -> None:
        value = sig_field.raw_get("/V")
        self.reader = reader
        self.sig_field = sig_field
        self.sig_object = value.get_object()
        self.byte_range = self.sig_object["/ByteRange"]
        self.pkcs7_content = extract_contents(self.sig_object)
        self.signed_revision = reader.xrefs.get_last_change(value.reference)
        self.fq_name = fq_name
        self._docmdp = self._fieldmdp = None
        self._docmdp_queried = self._fieldmdp_queried = False


@dataclass(frozen=True)
class Found:
    """The signatures of a file. ``unreadable`` are fields whose signature could not be read."""

    reader: PdfFileReader
    signatures: tuple[EmbeddedPdfSignature, ...]
    unreadable: tuple[str, ...]
    hidden: int


class NotReadable(Exception):
    """The bytes are not a PDF that can be read. ``code`` names the problem."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


def open_pdf(pdf: bytes) -> Found:
    """Open a file and find its signatures. Raises NotReadable."""
    if b"%PDF-" not in pdf[:1024]:
        raise NotReadable("not-a-pdf")
    try:
        reader = PdfFileReader(io.BytesIO(pdf), strict=False)
        if reader.encrypted and not _opens_without_password(reader):
            raise NotReadable("encrypted")
        fields = _signature_fields(reader)
    except NotReadable:
        raise
    except MALFORMED as error:
        raise NotReadable("broken-file", f"{type(error).__name__}: {error}"[:160]) from error
    signatures: list[EmbeddedPdfSignature] = []
    unreadable: list[str] = []
    named: set[tuple[int, int]] = set()
    for name, field in fields:
        try:
            raw = field.raw_get("/V")
            if hasattr(raw, "idnum"):
                named.add((raw.idnum, raw.generation))
            signatures.append(_signature(reader, field, name))
        except MALFORMED:
            unreadable.append(name)
    # The order in which they were made is the order of the bytes they cover.
    signatures.sort(key=_covered_end)
    return Found(reader, tuple(signatures), tuple(unreadable), _count_hidden(reader, named))


def _opens_without_password(reader: PdfFileReader) -> bool:
    """Many files are encrypted only to forbid printing or copying: everybody may read them."""
    try:
        return bool(reader.decrypt("").status.value > 0)
    except MALFORMED:
        return False


def _signature(reader: PdfFileReader, field: Any, name: str) -> EmbeddedPdfSignature:
    try:
        return EmbeddedPdfSignature(reader, field, name)
    except MALFORMED:
        return BareSignature(reader, field, name)


def _signature_fields(reader: PdfFileReader) -> list[tuple[str, Any]]:
    """Name and dictionary of every signed signature field, kids included."""
    root = reader.root
    if "/AcroForm" not in root or "/Fields" not in root["/AcroForm"]:
        return []
    found: list[tuple[str, Any]] = []
    waiting = [(field, "", None, 0) for field in root["/AcroForm"]["/Fields"]]
    visited = 0
    while waiting and visited < MOST_OBJECTS:
        visited += 1
        reference, prefix, inherited_type, depth = waiting.pop(0)
        field = reference.get_object()
        if depth > 30 or not hasattr(field, "get"):
            continue
        own = str(field["/T"]) if "/T" in field else ""
        name = ".".join(part for part in (prefix, own) if part)
        kind = field["/FT"] if "/FT" in field else inherited_type  # noqa: SIM401 (get does not resolve)
        if "/Kids" in field and "/V" not in field:
            waiting += [(kid, name, kind, depth + 1) for kid in field["/Kids"]]
        if kind == "/Sig" and "/V" in field:
            found.append((name, field))
        if len(found) > MOST_SIGNATURES:
            raise NotReadable("too-many-signatures", str(MOST_SIGNATURES))
    return found


def _covered_end(signature: EmbeddedPdfSignature) -> int:
    try:
        return int(signature.byte_range[2]) + int(signature.byte_range[3])
    except MALFORMED:
        return 0


def _count_hidden(reader: PdfFileReader, named: set[tuple[int, int]]) -> int:
    """Signature dictionaries in the newest state of the file that no field leads to."""
    hidden = 0
    try:
        references = list(reader.xrefs.explicit_refs_in_revision(0))
        for revision in range(1, reader.xrefs.total_revisions):
            references += list(reader.xrefs.explicit_refs_in_revision(revision))
    except MALFORMED:
        return 0
    for reference in list(dict.fromkeys(references))[:MOST_OBJECTS]:
        try:
            item = reader.get_object(reference)
        except MALFORMED:
            continue
        is_signature = hasattr(item, "get") and "/ByteRange" in item and "/Contents" in item
        if is_signature and (reference.idnum, reference.generation) not in named:
            hidden += 1
    return hidden


def count_locked_in(pdf: bytes) -> int:
    """The signatures of a file that cannot be opened: their byte ranges are never encrypted."""
    return min(pdf.count(b"/ByteRange"), MOST_SIGNATURES)


def has_trailing_bytes(pdf: bytes, found: Found) -> bool:
    """Whether there is something behind the last revision, which no signature and no revision explains."""
    blank = b"\r\n\t \x00"
    if pdf.rpartition(b"%%EOF")[2].strip(blank):
        return True
    if not found.signatures:
        return False
    last = max(signature.signed_revision for signature in found.signatures)
    ends = [_covered_end(signature) for signature in found.signatures]
    return last == found.reader.xrefs.total_revisions - 1 and bool(pdf[max(ends) :].strip(blank))


def coverage(pdf: bytes, signature: EmbeddedPdfSignature) -> Coverage:
    """What the byte range covers, judged on the file's own bytes.

    Good is: four numbers, from byte 0, a gap that is exactly the hexadecimal signature value, up to
    the end of the file or of a whole revision.
    """
    try:
        numbers = [int(number) for number in signature.byte_range]
    except MALFORMED:
        return Coverage.PART
    if len(numbers) != 4 or numbers[0] != 0 or any(number < 0 for number in numbers):
        return Coverage.PART
    _, first, second, length = numbers
    end = second + length
    if not first < second <= end <= len(pdf):
        return Coverage.PART
    gap = pdf[first:second]
    if not (gap.startswith(b"<") and gap.endswith(b">")):
        return Coverage.PART
    try:
        value = bytes.fromhex(gap[1:-1].decode("ascii"))
    except ValueError:
        return Coverage.PART
    try:
        length_of_cms = int(parser.peek(value))
    except ValueError:
        return Coverage.PART
    # Behind the signature value there is room that was not needed: zeros, and nothing else.
    if value[length_of_cms:].strip(b"\x00") or not signature.pkcs7_content.startswith(value[:length_of_cms]):
        return Coverage.PART
    if not _END.search(pdf[max(0, end - 64) : end]):
        return Coverage.PART
    if pdf[end:].strip(b"\r\n \x00") == b"":
        return Coverage.FILE
    try:
        level = signature.evaluate_signature_coverage()
    except MALFORMED:
        return Coverage.UNKNOWN
    return Coverage.REVISION if level.name in ("ENTIRE_REVISION", "ENTIRE_FILE") else Coverage.PART
