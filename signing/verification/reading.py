"""What reading a stranger's PDF may raise, and whether it can be read at all."""

from __future__ import annotations

import re
import zlib
from itertools import islice
from typing import Final

from pyhanko.pdf_utils.misc import PdfError

from signing.source import Source
from signing.verification.objects import File, OutOfBounds

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
    ArithmeticError,
    OutOfBounds,
    EOFError,
    zlib.error,
)
MALFORMED: Final = (*_MALFORMED, OSError)
"""What libraries raise on files that are not what they claim to be."""
MOST_BYTES_OF_HEADER: Final = 1024


class NotReadable(Exception):
    """The bytes are not a PDF that can be read. ``code`` names the problem."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


def open_file(source: Source) -> File:
    """Open a file; what is encrypted opens with the empty password or not at all. Raises NotReadable."""
    if b"%PDF-" not in source.data[:MOST_BYTES_OF_HEADER]:
        raise NotReadable("not-a-pdf")
    try:
        file = File(source)
        if file.reader.encrypted and not _opens_without_password(file):
            raise NotReadable("encrypted")
        if file.resolve(file.trailer("/Root", file.revisions - 1), file.revisions - 1) is None:
            raise NotReadable("broken-file", "Root")
    except NotReadable:
        raise
    except MALFORMED as error:
        raise NotReadable("broken-file", f"{type(error).__name__}: {error}"[:160]) from error
    return file


def _opens_without_password(file: File) -> bool:
    """Many files are encrypted only to forbid printing or copying: everybody may read them."""
    try:
        return bool(file.reader.decrypt("").status.value > 0)
    except MALFORMED:
        return False


def count_locked_in(source: Source, most: int) -> int:
    """The signatures of a file that cannot be opened: their byte ranges are never encrypted."""
    name = re.compile(b"/ByteRange")
    return sum(1 for _ in islice(source.places(name, len(name.pattern)), most))
