"""What byte ranges cover, judged on the file's own bytes, and the digests over them.

Against the attacks known as universal signature forgery, incremental saving and signature wrapping.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Any, Final

from asn1crypto import parser

from signing.source import Source
from signing.verification.facts import Coverage
from signing.verification.finding import Found, Signature, is_named_once
from signing.verification.objects import File
from signing.verification.reading import MALFORMED

_BLANK: Final = b"\x00\t\n\r "
_END: Final = re.compile(rb"startxref[\x00\t\n\f\r ]+(\d{1,12})[\x00\t\n\f\r ]+%%EOF[\r\n \x00]*$")


def judge(file: File, signature: Signature) -> Coverage:
    """What a byte range covers; sets the revision that it covers whole.

    Good is: four numbers, from byte 0, a gap that is exactly the hexadecimal value of ``/Contents`` in
    the signature's own dictionary, up to the end of a revision whose cross-references are those that
    the newest revision builds on.
    """
    pdf, numbers = file.data, signature.byte_range
    if len(numbers) != 4 or numbers[0] != 0 or any(number < 0 for number in numbers):
        return Coverage.PART
    _, first, second, length = numbers
    end = second + length
    if not first < second <= end <= len(pdf) or not _is_whole_gap(pdf[first:second], signature.contents):
        return Coverage.PART
    try:
        if not is_named_once(file, signature):
            return Coverage.PART
        revision = _revision(file, end)
    except MALFORMED:
        return Coverage.UNKNOWN
    if revision is None:
        return Coverage.PART
    signature.revision = revision
    if file.source.is_blank(end, len(pdf), _BLANK) and revision == file.revisions - 1:
        return Coverage.FILE
    return Coverage.REVISION


def _is_whole_gap(gap: bytes, contents: bytes) -> bool:
    """Whether the bytes that are left out are the signature's value and nothing else."""
    if not (gap.startswith(b"<") and gap.endswith(b">")):
        return False
    try:
        value = bytes.fromhex(gap[1:-1].decode("ascii"))
        length_of_cms = int(parser.peek(value))
    except ValueError:
        return False
    # Behind the signature value there is room that was not needed: zeros, and nothing else.
    return not value[length_of_cms:].strip(b"\x00") and contents.startswith(value[:length_of_cms])


def _revision(file: File, end: int) -> int | None:
    """The revision whose file ended at ``end``; None where there was none.

    What stood there as the newest section must be a link of the chain that today's newest one begins,
    with all links below it inside and all above it outside: else what was signed is not what is shown.
    """
    tail = _END.search(file.data[max(0, end - 200) : end])
    if tail is None:
        return None
    inside = [file.startxref(revision) < end for revision in range(file.revisions)]
    count = sum(inside)
    if count == 0 or not all(inside[:count]):
        return None
    facts = file.reader.xrefs.get_xref_container_info(count - 1)
    if int(tail[1]) not in (facts.declared_startxref, facts.start_location, facts.start_location - 4):
        return None
    return count - 1


def has_trailing_bytes(found: Found) -> bool:
    """Whether there is something behind the last revision, which no signature and no revision explains."""
    source = found.file.source
    mark = source.data.rfind(b"%%EOF")
    if mark < 0 or not source.is_blank(mark + 5, source.size, _BLANK + b"\f"):
        return True
    newest = found.file.revisions - 1
    ends = [one.end for one in found.signatures if one.revision == newest]
    return bool(ends) and not source.is_blank(max(ends), source.size, _BLANK)


class Digests:
    """The digests of what byte ranges cover. What signatures share is read once for each algorithm."""

    def __init__(self, source: Source, signatures: Iterable[Signature]) -> None:
        self._source = source
        self._firsts = sorted({one.byte_range[1] for one in signatures if _is_plain(one, source.size)})
        self._shared: dict[str, dict[int, Any]] = {}

    def of(self, signature: Signature, algorithm: str) -> bytes:
        """The digest of the covered bytes. Raises ValueError for a range that is none."""
        if not _is_plain(signature, self._source.size):
            digest = hashlib.new(algorithm, usedforsecurity=False)
            for begin, length in _pairs(signature):
                self._source.feed(digest, begin, begin + length)
            return digest.digest()
        if algorithm not in self._shared:
            self._shared[algorithm] = self._read(algorithm)
        running = self._shared[algorithm][signature.byte_range[1]].copy()
        self._source.feed(running, signature.byte_range[2], signature.end)
        return bytes(running.digest())

    def _read(self, algorithm: str) -> dict[int, Any]:
        running, begin, states = hashlib.new(algorithm, usedforsecurity=False), 0, {}
        for first in self._firsts:
            self._source.feed(running, begin, first)
            states[first], begin = running.copy(), first
        return states

    def covered(self, signature: Signature) -> bytes:
        """The covered bytes themselves. Raises ValueError for a range that is none."""
        data = self._source.data
        return b"".join(data[begin : begin + length] for begin, length in _pairs(signature))


def _pairs(signature: Signature) -> list[tuple[int, int]]:
    numbers = signature.byte_range
    if len(numbers) < 2 or len(numbers) % 2 or any(number < 0 for number in numbers):
        raise ValueError("byte range")
    return list(zip(numbers[::2], numbers[1::2], strict=True))[:10]


def _is_plain(signature: Signature, size: int) -> bool:
    numbers = signature.byte_range
    if len(numbers) != 4 or any(number < 0 for number in numbers):
        return False
    return numbers[0] == 0 and numbers[1] <= numbers[2] and numbers[2] + numbers[3] <= size
