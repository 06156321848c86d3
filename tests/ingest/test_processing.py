"""Processing: to PDF, text, findings; repeated without harm; refused with the original kept."""

from __future__ import annotations

import io
from typing import Any

import pikepdf
import pypdfium2
import pytest
from PIL import Image
from sqlalchemy import func, select

from core.i18n import LANGUAGES, translator
from core.models import AuditEntry
from ingest.errors import ActiveContent, NotReady, ParserFailed
from ingest.models import Document, DocumentState, PageText, Version, VersionReason
from tests.ingest import samples
from tests.ingest.conftest import Desk


def versions(desk: Desk, document: Document) -> list[Version]:
    with desk.runtime.database.read() as session:
        return desk.ingest.versions(session, document.id)


def drawn(pdf: bytes, page: int = 0, scale: float = 1) -> Image.Image:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return document[page].render(scale=scale).to_pil().convert("RGB")
    finally:
        document.close()


def test_pdf_stays_as_it_is_and_its_text_is_read(desk: Desk) -> None:
    document = desk.process(samples.typeset())
    assert document.state == DocumentState.READY
    (only,) = versions(desk, document)
    assert (only.reason, only.pages, only.findings) == (VersionReason.UPLOADED, 2, [])
    with desk.runtime.database.read() as session:
        texts = session.scalars(
            select(PageText.text).where(PageText.document_id == document.id).order_by(PageText.page)
        ).all()
    assert [text.strip() for text in texts] == list(samples.WORDS)


def test_processing_twice_changes_nothing(desk: Desk) -> None:
    document = desk.process(samples.picture())
    with desk.runtime.database.read() as session:
        before = session.scalar(select(func.count()).select_from(AuditEntry))
    desk.ingest.process(document.id)
    assert len(versions(desk, document)) == 2
    with desk.runtime.database.read() as session:
        assert session.scalar(select(func.count()).select_from(AuditEntry)) == before


def test_picture_becomes_an_a4_page_and_the_original_stays(desk: Desk) -> None:
    data = samples.picture((400, 600))
    document = desk.process(data, "photo.png")
    original, made = versions(desk, document)
    assert desk.store.read(original.digest) == data
    assert (original.media_type, made.media_type, made.reason) == (
        "image/png", "application/pdf", VersionReason.RENDERED,
    )  # fmt: skip
    with pikepdf.open(io.BytesIO(desk.store.read(made.digest))) as pdf:
        box = [float(number) for number in pdf.pages[0].MediaBox]
    assert box[2:] == pytest.approx([595.28, 841.89], abs=0.1)


def test_upright_jpeg_keeps_its_very_bytes_inside_the_pdf(desk: Desk) -> None:
    data = samples.picture(form="JPEG")
    _, made = versions(desk, desk.process(data, "photo.jpg"))
    with pikepdf.open(io.BytesIO(desk.store.read(made.digest))) as pdf:
        assert pdf.pages[0].Resources.XObject.Picture.read_raw_bytes() == data


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photo_stands_upright_whatever_exif_says(desk: Desk, orientation: int) -> None:
    """Stored dark on the left: EXIF tells on which side the dark half is to be seen."""
    _, made = versions(desk, desk.process(samples.turned_jpeg(orientation), "photo.jpg"))
    image = drawn(desk.store.read(made.digest))
    page_width, page_height = image.size
    wide = orientation < 5
    assert (page_width > page_height) is wide
    scale = min(page_width / (320 if wide else 200), page_height / (200 if wide else 320))
    reach_x, reach_y = (320 if wide else 200) * scale / 4, (200 if wide else 320) * scale / 4
    middle_x, middle_y = page_width / 2, page_height / 2
    points = {
        "left": (middle_x - reach_x, middle_y), "right": (middle_x + reach_x, middle_y),
        "top": (middle_x, middle_y - reach_y), "bottom": (middle_x, middle_y + reach_y),
    }  # fmt: skip
    dark = {1: "left", 2: "right", 3: "right", 4: "left", 5: "top", 6: "top", 7: "bottom", 8: "bottom"}
    other = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}

    def grey(side: str) -> int:
        pixel: Any = image.getpixel((int(points[side][0]), int(points[side][1])))
        return int(pixel[0])

    assert grey(dark[orientation]) < 60 and 215 < grey(other[dark[orientation]]) < 250


@pytest.mark.parametrize(
    ("mode", "form"),
    [
        ("1", "PNG"),
        ("L", "PNG"),
        ("LA", "PNG"),
        ("P", "PNG"),
        ("RGBA", "PNG"),
        ("L", "JPEG"),
        ("CMYK", "JPEG"),
    ],
)
def test_every_kind_of_pixel_keeps_its_look(desk: Desk, mode: str, form: str) -> None:
    _, made = versions(desk, desk.process(samples.picture(mode=mode, form=form), "scan"))
    image = drawn(desk.store.read(made.digest))
    dark: Any = image.getpixel((image.width // 4, image.height // 2))
    light: Any = image.getpixel((image.width * 3 // 4, image.height // 2))
    assert max(dark) < 60 and min(light) > 200


def test_sixteen_bit_grey_is_not_clipped_to_white(desk: Desk) -> None:
    image = Image.new("I;16", (200, 200), 20_000)
    out = io.BytesIO()
    image.save(out, "PNG")
    _, made = versions(desk, desk.process(out.getvalue(), "scan.png"))
    pixel: Any = drawn(desk.store.read(made.digest)).getpixel((297, 421))
    assert pixel[0] == pytest.approx(20_000 / 257, abs=3)


def test_transparent_is_white_on_paper(desk: Desk) -> None:
    out = io.BytesIO()
    Image.new("RGBA", (200, 200), (0, 0, 0, 0)).save(out, "PNG")
    _, made = versions(desk, desk.process(out.getvalue(), "stamp.png"))
    assert drawn(desk.store.read(made.digest)).getpixel((297, 421)) == (255, 255, 255)


def test_animation_gives_its_first_frame(desk: Desk) -> None:
    out = io.BytesIO()
    first, second = Image.new("RGB", (200, 200), "red"), Image.new("RGB", (200, 200), "blue")
    first.save(out, "PNG", save_all=True, append_images=[second])
    _, made = versions(desk, desk.process(out.getvalue(), "animated.png"))
    assert made.pages == 1
    assert drawn(desk.store.read(made.digest)).getpixel((297, 421)) == (255, 0, 0)


def test_damaged_unsigned_pdf_gets_a_sound_rendition_beside_the_original(desk: Desk) -> None:
    data = samples.broken_xref()
    document = desk.process(data)
    original, made = versions(desk, document)
    assert desk.store.read(original.digest) == data
    assert made.reason == VersionReason.RENDERED
    assert {"code": "repaired"} in made.findings
    with pikepdf.open(io.BytesIO(desk.store.read(made.digest))) as pdf:
        assert len(pdf.pages) == 2 and not pdf.get_warnings()


def test_damaged_signed_pdf_is_never_rewritten(desk: Desk) -> None:
    data = samples.with_active("signed")
    at = data.rindex(b"startxref")
    document = desk.process(data[:at] + b"startxref\n7\n%%EOF\n")
    assert document.state == DocumentState.READY
    assert len(versions(desk, document)) == 1


ACTIVE = (
    "javascript", "launch", "xfa", "need-appearances", "external-reference", "submit-form", "hidden-layers",
    "rich-media",
)  # fmt: skip


@pytest.mark.parametrize("what", [*ACTIVE, "embedded-files", "signed"])
def test_active_content_is_found_and_named_in_both_languages(desk: Desk, what: str) -> None:
    document = desk.process(samples.with_active(what))
    assert document.state == DocumentState.READY
    assert what in {finding["code"] for finding in versions(desk, document)[-1].findings}
    for language in LANGUAGES:
        with desk.runtime.database.read() as session:
            warnings = desk.ingest.describe(session, document.id, translator(language))["warnings"]
        assert what in {warning["code"] for warning in warnings}
        assert not any(warning["message"].startswith("finding-") for warning in warnings)


@pytest.mark.parametrize("what", ACTIVE)
def test_active_content_is_not_signed_in_place(desk: Desk, what: str) -> None:
    with pytest.raises(ActiveContent) as caught:
        desk.ingest.signable(samples.with_active(what))
    assert what in str(caught.value.context["findings"])
    for language in LANGUAGES:
        assert not translator(language).error(caught.value).startswith("error-")


@pytest.mark.parametrize("what", ["embedded-files", "signed"])
def test_attachments_and_signatures_do_not_stop_signing(desk: Desk, what: str) -> None:
    assert what in {finding["code"] for finding in desk.ingest.signable(samples.with_active(what)).findings}


def test_typeset_contract_may_be_signed(desk: Desk) -> None:
    found = desk.ingest.signable(samples.typeset())
    assert (found.pages, found.findings) == (2, ())


def test_file_that_breaks_its_parser_is_refused_and_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    received = desk.receive(samples.typeset())

    def fail(*_: object, **__: object) -> dict[str, Any]:
        raise ParserFailed(reason="memory")

    with monkeypatch.context() as patched:
        patched.setattr(desk.sandbox, "run", fail)
        desk.ingest.process(received.document_id)
    with desk.runtime.database.read() as session:
        document = session.get_one(Document, received.document_id)
        assert document.state == DocumentState.REFUSED
        assert document.refusal == {"code": "parser-failed", "context": {"reason": "memory"}}
        described = desk.ingest.describe(session, document.id, translator("en"))
        with pytest.raises(NotReady):
            desk.ingest.pdf_version(session, document.id)
    assert described["error"]["code"] == "parser-failed"
    assert desk.store.read(document.original_digest) == samples.typeset()


def test_ingest_json_has_every_member_of_the_contract(desk: Desk) -> None:
    document = desk.process(samples.typeset(), "合同.pdf")
    with desk.runtime.database.read() as session:
        described = desk.ingest.describe(session, document.id, translator("zh-CN"))
    assert described == {
        "sha256": document.original_digest, "document": str(document.id), "kind": "attachment",
        "media_type": "application/pdf", "pages": 2, "duplicate_of": None, "invoice": None,
        "warnings": [], "error": None,
    }  # fmt: skip
