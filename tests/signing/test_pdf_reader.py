"""The fast reader reads what pyHanko reads, in every file, also in damaged ones."""

from __future__ import annotations

import contextlib
import io
import random
import re
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

from signing.errors import SigningRefused
from signing.fields import FieldSpec
from signing.pdf_reader import Reader
from signing.source import Source
from signing.verification import Outcome, verify_pdf
from tests.ingest import builders_pdf
from tests.office import contract_pdf
from tests.signing.conftest import Desk

_BYTES = tuple(bytes((one,)) for one in b"\x00 \r\n()<>/#\\%09[R")


def plain(value: Any) -> Any:
    """A value with its types, to be compared."""
    if isinstance(value, generic.IndirectObject):
        return ("reference", value.idnum, value.generation)
    if isinstance(value, generic.StreamObject):
        return ("stream", value.encoded_data, entries(value))
    if isinstance(value, generic.DictionaryObject):
        return ("dictionary", entries(value))
    if isinstance(value, generic.ArrayObject):
        return ("array", [plain(value.raw_get(number)) for number in range(len(value))])
    if isinstance(value, generic.TextStringObject):
        return ("text", str(value), value.autodetected_encoding)
    if isinstance(value, generic.BooleanObject):
        return ("boolean", value.value)
    if isinstance(value, generic.NullObject):
        return ("null",)
    return (type(value).__name__, value)


def entries(value: generic.DictionaryObject) -> dict[str, Any]:
    return {str(key): plain(value.raw_get(key)) for key in value}


def contents(reader: PdfFileReader) -> dict[str, Any]:
    """Everything that a reader says of a file; what cannot be read is named by nothing but its absence."""
    said: dict[str, Any] = {
        "trailer": entries(reader.trailer.flatten()),
        "start": reader.last_startxref,
        "revisions": reader.total_revisions,
        "streams": reader.has_xref_stream,
    }
    for number in range(1, min(int(reader.trailer["/Size"]), 400)):
        try:
            said[str(number)] = plain(reader.get_object(generic.Reference(number, 0, reader)))
        except Exception:
            continue
    return said


def by_pyhanko(data: bytes) -> dict[str, Any] | None:
    try:
        return contents(PdfFileReader(io.BytesIO(data), strict=False))
    except Exception:
        return None


def rewritten(data: bytes) -> list[bytes]:
    """The same file with streams of references and of objects, and once more put in order for the web."""
    made = []
    for options in ({"object_stream_mode": pikepdf.ObjectStreamMode.generate}, {"linearize": True}):
        out = io.BytesIO()
        with pikepdf.open(io.BytesIO(data)) as opened:
            opened.save(out, **options)
        made.append(out.getvalue())
    return made


@pytest.fixture(scope="module")
def files(shared_desk: Desk) -> list[bytes]:
    """Files of our own maker and of others, signed and not, with tables and with streams of references."""
    signed = shared_desk.signed("head", "legal")
    return [
        contract_pdf(),
        signed,
        shared_desk.signing.add_evidence(signed),
        builders_pdf.named_chinese(),
        builders_pdf.form(),
        builders_pdf.annotated(),
        builders_pdf.layered(),
        *rewritten(contract_pdf()),
    ]


def test_every_object_is_the_one_that_pyhanko_reads(files: list[bytes]) -> None:
    for data in files:
        expected = by_pyhanko(data)
        assert expected is not None
        assert contents(Reader(Source.of(data))) == expected


def test_every_object_of_a_damaged_file_is_the_one_that_pyhanko_reads(files: list[bytes]) -> None:
    chance = random.Random(20261126)
    opened = 0
    for _ in range(300):
        damaged = bytearray(chance.choice(files))
        structural = [damaged.rfind(b"xref"), damaged.rfind(b"trailer"), damaged.find(b" obj")]
        for _ in range(chance.randint(1, 3)):
            near = chance.choice([*(one for one in structural if one >= 0), chance.randrange(len(damaged))])
            place = min(max(near + chance.randint(-20, 300), 0), len(damaged) - 1)
            damaged[place : place + 1] = chance.choice(_BYTES)
        expected = by_pyhanko(bytes(damaged))
        try:
            said = contents(Reader(Source.of(bytes(damaged))))
        except Exception:
            said = None
        assert said == expected
        opened += expected is not None
    assert opened > 50


@contextlib.contextmanager
def little_memory(room: int = 1 << 30) -> Iterator[None]:
    """No more than a gibibyte above what the process has now."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (rb"/Index *\[[^]]*\]", b"/Index [ 0 2147483648 ]"),
        (rb"/Index *\[[^]]*\]", b"/Index [ 0 9 9 99999999 ]"),
        (rb"/W *\[[^]]*\]", b"/W [ 0 0 0 ]"),
        (rb"/W *\[[^]]*\]", b"/W [ 1 -4 9 ]"),
    ],
)
def test_a_list_that_says_more_than_it_holds_costs_nothing(
    shared_desk: Desk, written: bytes, said: bytes
) -> None:
    """Found by `make fuzz`: one changed number in a small file took all the memory that there was."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(contract_pdf())) as pdf:
        pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    signed = shared_desk.signing.sign(
        shared_desk.signing.add_fields(out.getvalue() + b"\n", [FieldSpec("A")]),
        "A",
        shared_desk.signatory(),
        reason="批准",
    )
    place = list(re.finditer(written, signed))[-1]
    damaged = signed[: place.start()] + said + signed[place.end() :]
    with little_memory():
        verdict = verify_pdf(damaged, shared_desk.roots(), shared_desk.now())
        with pytest.raises(SigningRefused):
            shared_desk.signing.add_fields(damaged, [FieldSpec("B")])
    assert verdict.outcome is Outcome.INDETERMINATE
    assert [one.code for one in verdict.facts.problems] == ["broken-file"]
