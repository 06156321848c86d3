"""What attacks are made on and judged with."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pikepdf
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name

from signing.verification import verify_pdf
from signing.verification.verdict import Verdict
from tests.signing.conftest import Desk
from tests.signing.verification.attacks import (
    dictionary,
    first_page,
    numbers,
    revised,
    stream,
)

EVIL = b"q 1 0 0 RG 0 0 1 rg 50 400 400 300 re f Q"


def judged(desk: Desk, pdf: bytes) -> Verdict:
    return verify_pdf(pdf, desk.roots(), datetime.now(UTC))


def codes(verdict: Verdict) -> set[str]:
    """Codes of all problems, and of the changes they are about."""
    problems = [*verdict.facts.problems, *(one for sig in verdict.facts.signatures for one in sig.problems)]
    return {one.code for one in problems} | {one.change.code for one in problems if one.change is not None}


def drawing(writer: Any, data: bytes, width: int, height: int) -> generic.IndirectObject:
    """A form XObject."""
    kind = {"Type": pdf_name("/XObject"), "Subtype": pdf_name("/Form")}
    return stream(writer, data, **kind, BBox=numbers(0, 0, width, height))


def with_text_field(pdf: bytes) -> bytes:
    """A file with a text field whose value says who is paid."""

    def add(writer: Any) -> None:
        look = stream(
            writer,
            b"/Tx BMC EMC",
            Type=pdf_name("/XObject"),
            Subtype=pdf_name("/Form"),
            BBox=numbers(0, 0, 200, 20),
        )
        field = dictionary(
            Type=pdf_name("/Annot"), Subtype=pdf_name("/Widget"), FT=pdf_name("/Tx"),
            T=generic.pdf_string("Payee"), V=generic.pdf_string("Alice"), Rect=numbers(100, 100, 300, 120),
            F=generic.NumberObject(4), AP=dictionary(N=look), P=writer.root["/Pages"]["/Kids"].raw_get(0),
        )  # fmt: skip
        made = writer.add_object(field)
        page = first_page(writer)
        page[pdf_name("/Annots")] = generic.ArrayObject([made])
        writer.update_container(page)
        writer.root[pdf_name("/AcroForm")] = writer.add_object(dictionary(Fields=generic.ArrayObject([made])))
        writer.update_root()

    return revised(pdf, add)


def page_number(pdf: bytes) -> int:
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return opened.pages[0].objgen[0]


def content_number(pdf: bytes) -> int:
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return opened.pages[0].obj.Contents.objgen[0]


def stream_body(data: bytes) -> bytes:
    return b"<</Length %d>>\nstream\n%s\nendstream" % (len(data), data)
