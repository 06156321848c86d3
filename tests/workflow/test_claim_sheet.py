"""The sheet of a claim: its table, and the invoices behind it, in one PDF/A-2b that is signed as ever."""

from __future__ import annotations

import io
from decimal import Decimal
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from sqlalchemy import select

from core.ids import new_id
from ingest.errors import FileRefused
from ingest.models import Document, DocumentKind, Rendition, Version
from tests.office import Office
from tests.verapdf import violations
from tests.workflow.claiming import SELLER, form, invoice, next_number, submit
from workflow.claim_sheet import MOST_IN_ALL, MOST_PAGES
from workflow.models import Outcome


def texts(pdf: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [page.get_textpage().get_text_bounded() for page in document]
    finally:
        document.close()


def sheet_of(office: Office, case_id: object) -> bytes:
    return office.papers(case_id)["sheet"]  # type: ignore[arg-type]


def archival_of(office: Office, document_id: object, data: bytes, pages: int) -> None:
    """Put other bytes in the place of a document's archival rendition."""
    kept = office.store.keep(data)
    with office.runtime.database.write() as session:
        version = session.scalars(select(Version.id).where(Version.document_id == document_id)).first()
        row = session.scalars(select(Rendition).where(Rendition.version_id == version)).one()
        office.store.adopt(session, kept.digest)
        row.digest, row.size, row.pages = kept.digest, kept.size, pages


def changed(data: bytes, change: object) -> bytes:
    target = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as pdf:
        change(pdf)  # type: ignore[operator]
        pdf.save(target)
    return target.getvalue()


def bytes_of(office: Office, document_id: object) -> bytes:
    with office.runtime.database.read() as session:
        digest = session.scalars(select(Document.original_digest).where(Document.id == document_id)).one()
    return office.store.read(digest)


def test_the_sheet_shows_the_claim_and_the_invoices_behind_it(office: Office) -> None:
    number, other = next_number(), next_number()
    first = invoice(office, number=number)
    second = invoice(office, number=other, total=Decimal("1234.50"), tax=Decimal("34.50"))
    line = {"document": str(second), "category": "office", "amount": "1000.00", "note": "两台显示器"}
    pages = texts(sheet_of(office, submit(office, first, line)))
    assert len(pages) == 3
    for said in (number, other, SELLER, "差旅费", "办公费", "1,000.00", "27.95", "1,106.00", "33.95",
                 "壹仟壹佰零陆元整", "两台显示器"):  # fmt: skip
        assert said in pages[0], said
    assert "附件 1/2" in pages[1]
    assert number in pages[1]
    assert "附件 2/2" in pages[2]
    assert "价税合计" in pages[2].replace(" ", "")


def test_the_whole_sheet_is_pdf_a_when_made_and_after_every_signature(office: Office) -> None:
    case_id = submit(office, invoice(office), invoice(office))
    assert violations(sheet_of(office, case_id)) == []
    office.approve_all(case_id, "head", "finance")
    office.work_off()
    assert violations(sheet_of(office, case_id)) == []


def test_signatures_on_the_sheet_are_valid_and_stand_on_its_own_pages(office: Office) -> None:
    from datetime import UTC, datetime

    from signing.verification import verify_pdf

    case_id = submit(office, invoice(office))
    office.approve_all(case_id, "head", "finance")
    pdf = sheet_of(office, case_id)
    verdict = verify_pdf(pdf, office.roots(), datetime.now(UTC))
    assert verdict.outcome.value == "valid"
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        assert len(opened.pages) == 2
        assert all(one.get("/Subtype") != "/Widget" for one in opened.pages[1].get("/Annots", ()))


def test_independent_readers_find_the_signatures_sound(office: Office, tmp_path: Path) -> None:
    import shutil
    import subprocess

    if shutil.which("pdfsig") is None:
        pytest.skip("pdfsig (poppler-utils) is not on this machine")
    case_id = submit(office, invoice(office))
    office.decide("head", case_id)
    path = tmp_path / "sheet.pdf"
    path.write_bytes(sheet_of(office, case_id))
    said = subprocess.run(
        ["pdfsig", "-nocert", str(path)], capture_output=True, text=True, check=False
    ).stdout
    assert said.count("Signature is Valid.") == 2  # the certification and the head's
    assert "Signature is Invalid" not in said


def test_resubmitting_attaches_the_invoices_to_the_new_sheet(office: Office) -> None:
    first, second = invoice(office), invoice(office)
    case_id = submit(office, first)
    office.decide("head", case_id, Outcome.RETURNED, "少一张")
    office.workflow.submit(office.principal("staff"), "reimbursement", form(first, second), resubmit=case_id)
    pages = texts(sheet_of(office, case_id))
    assert sum("附件" in page for page in pages) == 2


def test_a_page_with_layers_or_printing_colours_is_drawn_as_a_picture(office: Office) -> None:
    layered, printed = invoice(office), invoice(office)

    def add_layers(pdf: pikepdf.Pdf) -> None:
        layer = pdf.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.OCG, Name="x"))
        pdf.Root.OCProperties = pikepdf.Dictionary(
            OCGs=[layer], D=pikepdf.Dictionary(Name="d", OFF=[layer], Order=[layer])
        )

    def print_colours(pdf: pikepdf.Pdf) -> None:
        profile = pdf.make_stream(b"not looked into", N=4)
        pdf.Root.OutputIntents = [pikepdf.Dictionary(S=pikepdf.Name.GTS_PDFA1, DestOutputProfile=profile)]

    for document, change in ((layered, add_layers), (printed, print_colours)):
        archival_of(office, document, changed(bytes_of(office, document), change), 1)
    pdf = sheet_of(office, submit(office, layered, printed))
    assert violations(pdf) == []
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        for page in opened.pages[1:]:
            assert any(one.get("/Subtype") == "/Image" for one in page.Resources.XObject.values())


def test_annotations_are_drawn_and_do_nothing_any_more(office: Office) -> None:
    document = invoice(office)

    def add_link(pdf: pikepdf.Pdf) -> None:
        action = pikepdf.Dictionary(S=pikepdf.Name.URI, URI=pikepdf.String("https://example.org"))
        link = pikepdf.Dictionary(
            Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Link, Rect=[0, 0, 99, 99], A=action, F=4
        )
        pdf.pages[0].obj.Annots = pdf.make_indirect(pikepdf.Array([link]))

    archival_of(office, document, changed(bytes_of(office, document), add_link), 1)
    pdf = sheet_of(office, submit(office, document))
    assert violations(pdf) == []
    assert b"example.org" not in changed(pdf, lambda opened: opened.remove_unreferenced_resources())


def test_of_a_long_invoice_the_first_pages_are_attached(office: Office) -> None:
    document = invoice(office)

    def repeat(pdf: pikepdf.Pdf) -> None:
        for _ in range(29):
            pdf.pages.append(pdf.pages[0])

    archival_of(office, document, changed(bytes_of(office, document), repeat), 30)
    pages = texts(sheet_of(office, submit(office, document)))
    assert len(pages) == 1 + MOST_PAGES <= MOST_IN_ALL
    assert "第 1 页，共 30 页" in pages[1]


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7 broken", b"x" * 1000])
def test_a_rendition_that_cannot_be_read_is_a_refusal_and_no_crash(office: Office, data: bytes) -> None:
    kept = office.store.keep(data or b" ")
    with pytest.raises(FileRefused):
        office.ingest.archiving.attach(bytes_of(office, invoice(office)), [(kept.digest, 1)])


def test_a_claim_whose_invoice_has_no_archival_copy_yet_gets_one(office: Office) -> None:
    from tests.office import contract_pdf

    title = f"发票 {new_id()}"
    document = office.upload("staff", contract_pdf(title), "fresh.pdf", DocumentKind.INVOICE)
    line = {"document": str(document), "category": "other", "amount": "12.00"}
    pdf = sheet_of(office, submit(office, line))
    assert len(texts(pdf)) >= 2
    assert violations(pdf) == []
