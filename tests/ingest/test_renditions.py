"""Renditions look like the original, do nothing, and are PDF/A where they say so, judged by veraPDF."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageStat

from ingest import pdf, renditions
from ingest.conversion import Member
from ingest.errors import FileEncrypted, FileRefused
from tests.ingest import builders_pdf, samples
from tests.ingest.builders_pdf import CORPUS
from tests.verapdf import violations

ACTING = (
    "form", "annotated", "executable", "javascript", "launch", "xfa", "need-appearances", "embedded-files",
    "external-reference", "submit-form", "rich-media", "signed", "typeset",
)  # fmt: skip


def written(folder: Path, data: bytes) -> Path:
    source = folder / "source.pdf"
    source.write_bytes(data)
    return source


def picture(path: Path) -> Image.Image:
    target = path.with_suffix(".png")
    pdf.picture(path, 1, 600, target)
    with Image.open(target) as opened:
        return opened.convert("RGB")


def difference(one: Path, other: Path) -> float:
    """The mean difference of two first pages, from 0 to 255."""
    means = ImageStat.Stat(ImageChops.difference(picture(one), picture(other))).mean
    return sum(means) / len(means)


@pytest.mark.parametrize("name", sorted(CORPUS))
def test_archival_rendition_of_any_pdf_is_valid_pdf_a_and_looks_the_same(name: str, tmp_path: Path) -> None:
    source, target = written(tmp_path, CORPUS[name]()), tmp_path / "target.pdf"
    standard, _ = renditions.archival(source, target, [])
    assert standard == "2b"
    assert violations(target) == []
    assert difference(source, target) < 0.6


@pytest.mark.parametrize(
    ("name", "way"),
    [("typeset", "declared"), ("annotated", "declared"), ("coloured", "declared"), ("jpeg2000", "declared"),
     ("embedded-truetype", "declared"), ("named-latin", "embedded"), ("named-gbk", "embedded"),
     ("named-ucs2", "embedded"), ("wrong-widths", "pictures")],
)  # fmt: skip
def test_pages_are_kept_as_they_are_where_that_is_possible(name: str, way: str, tmp_path: Path) -> None:
    source, target = written(tmp_path, CORPUS[name]()), tmp_path / "target.pdf"
    assert renditions.archival(source, target, [])[1] == way
    said = [" ".join(page.split()) for page in pdf.text(source)]
    assert [" ".join(page.split()) for page in pdf.text(target)] == said


def test_data_is_embedded_as_pdf_a_3_with_its_relation(tmp_path: Path) -> None:
    source, target, data = written(tmp_path, samples.typeset()), tmp_path / "target.pdf", tmp_path / "member"
    data.write_bytes(b"<EInvoice/>")
    assert renditions.archival(source, target, [Member("发票.xml", data)])[0] == "3b"
    assert violations(target, "3b") == []
    with pikepdf.open(target) as document:
        (inside,) = document.attachments.values()
        assert inside.get_file().read_bytes() == b"<EInvoice/>"
        assert inside.relationship == pikepdf.Name.Source
        assert len(document.Root.AF) == 1


def test_the_judge_of_these_tests_does_find_faults(tmp_path: Path) -> None:
    assert violations(samples.typeset()) != []
    assert violations(builders_pdf.named_latin()) != []


def test_document_information_stays_and_agrees(tmp_path: Path) -> None:
    document = samples.plain()
    document.docinfo["/Title"] = "采购合同 <2026> & 附件"
    document.docinfo["/CreationDate"] = "D:20260302101112+08'00'"
    document.docinfo["/Author"] = "\x00王芳"
    source, target = written(tmp_path, samples.saved(document)), tmp_path / "target.pdf"
    renditions.archival(source, target, [])
    assert violations(target) == []
    with pikepdf.open(target) as made:
        assert str(made.docinfo["/Title"]) == "采购合同 <2026> & 附件"
        assert str(made.docinfo["/CreationDate"]) == "D:20260302021112Z"


@pytest.mark.parametrize("name", ACTING)
def test_nothing_acts_in_what_is_looked_at_and_it_looks_the_same(name: str, tmp_path: Path) -> None:
    source, target = written(tmp_path, CORPUS[name]()), tmp_path / "target.pdf"
    renditions.viewer(source, target)
    assert pdf.inspect(target)["findings"] == []
    assert difference(source, target) < 0.05
    assert pdf.text(target) == pdf.text(source) or name == "form"


@pytest.mark.parametrize("name", sorted(CORPUS))
def test_flat_pages_have_nothing_against_signing_and_look_the_same(name: str, tmp_path: Path) -> None:
    source, target = written(tmp_path, CORPUS[name]()), tmp_path / "target.pdf"
    renditions.flattened(source, target)
    assert pdf.inspect(target)["findings"] == []
    assert difference(source, target) < 0.1
    with pikepdf.open(target) as document:
        assert "/AcroForm" not in document.Root
        assert all("/Annots" not in page for page in document.pages)


def test_a_hidden_layer_is_gone_for_good(tmp_path: Path) -> None:
    source, target = written(tmp_path, CORPUS["layered"]()), tmp_path / "target.pdf"
    for make in (renditions.viewer, renditions.flattened):
        make(source, target)
        reds = [
            colour
            for _, colour in picture(target).getcolors(1 << 20) or ()
            if colour[0] > 200 > colour[1] + 100
        ]
        assert reds == []
        with pikepdf.open(target) as document:
            assert "/OCProperties" not in document.Root


def test_what_was_typed_into_a_form_is_text_of_the_page(tmp_path: Path) -> None:
    source, target = written(tmp_path, CORPUS["form"]()), tmp_path / "target.pdf"
    renditions.flattened(source, target)
    assert "Zhang Wei 42" in pdf.text(target)[0]


def test_an_encrypted_file_has_no_renditions(tmp_path: Path) -> None:
    source = written(tmp_path, samples.encrypted())
    for make in (renditions.viewer, renditions.flattened):
        with pytest.raises(FileRefused):
            make(source, tmp_path / "target.pdf")
    with pytest.raises(FileEncrypted):
        pdf.inspect(source)


def test_names_in_gbk_end_in_pictures_not_in_a_crash(tmp_path: Path) -> None:
    data = samples.with_active("launch").replace(b"/Launch", b"/La#C4#E3h")
    source, target = written(tmp_path, data), tmp_path / "target.pdf"
    renditions.archival(source, target, [])
    assert violations(target) == []


@pytest.mark.parametrize(
    ("data", "name"),
    [(b"MZ\x90\x00" + b"\0" * 60, "photo.jpg"), (b"\x7fELF" + b"\0" * 60, "a"), (b"#!/bin/sh\nrm x", "b"),
     (b"harmless", "run.exe"), (b"x", "发票.js"), (b"\xd0\xcf\x11\xe0", "macro.docm")],
)  # fmt: skip
def test_an_attached_program_is_found_by_content_or_name(data: bytes, name: str, tmp_path: Path) -> None:
    source = written(tmp_path, builders_pdf.with_executable(data, name))
    found = pdf.inspect(source)["findings"]
    assert {"code": "embedded-executable", "name": name} in found
    assert "embedded-executable" in pdf.SIGN_BLOCKERS


def test_attached_data_is_no_program(tmp_path: Path) -> None:
    source = written(tmp_path, builders_pdf.with_executable(b"<EInvoice/>", "invoice.xml"))
    assert [one["code"] for one in pdf.inspect(source)["findings"]] == ["embedded-files"]


def test_findings_name_their_page(tmp_path: Path) -> None:
    document = samples.plain(3)
    action = pikepdf.Dictionary(S=pikepdf.Name.Launch, F=pikepdf.String("cmd.exe"))
    document.pages[1].AA = document.make_indirect(pikepdf.Dictionary(O=document.make_indirect(action)))
    document.pages[2].Annots = pikepdf.Array([samples._link(action), samples._link(_uri())])
    found = pdf.inspect(written(tmp_path, samples.saved(document)))["findings"]
    assert {"code": "uri", "page": 3} in found
    assert {"code": "launch", "page": 3} in found


def _uri() -> pikepdf.Dictionary:
    return pikepdf.Dictionary(S=pikepdf.Name.URI, URI=pikepdf.String("https://example.org/"))


def test_findings_are_bounded(tmp_path: Path) -> None:
    document = samples.plain(300)
    for page in document.pages:
        page.Annots = pikepdf.Array([samples._link(_uri())])
    document.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("1"))
    found = pdf.inspect(written(tmp_path, samples.saved(document)))["findings"]
    assert len(found) <= 210
    assert "javascript" in {one["code"] for one in found}


EDITS = st.lists(st.tuples(st.integers(0, 10**6), st.binary(min_size=1, max_size=8)), max_size=6)


@given(st.sampled_from(sorted(CORPUS)), EDITS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_mutated_pdf_has_valid_renditions_or_is_refused(
    tmp_path: Path, name: str, edits: list[tuple[int, bytes]]
) -> None:
    data = bytearray(CORPUS[name]())
    for place, piece in edits:
        at = place % len(data)
        data[at : at + len(piece)] = piece
    source, target = written(tmp_path, bytes(data)), tmp_path / "target.pdf"
    try:
        renditions.flattened(source, target)
        assert not {one["code"] for one in pdf.inspect(target)["findings"]} & pdf.SIGN_BLOCKERS
        renditions.archival(source, target, [])
        assert violations(target) == []
    except FileRefused as error:
        assert error.code != "file-refused"
