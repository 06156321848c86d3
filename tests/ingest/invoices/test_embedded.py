"""Data files inside a PDF, wherever they hang."""

from __future__ import annotations

import io
import time
import zipfile
import zlib
from pathlib import Path

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Stream, String

from ingest.conversion import Member
from ingest.invoices import embedded
from ingest.invoices.facts import Reading, Source
from tests.ingest.invoices.builder import InvoiceSpec, Kind, as_cii, as_einvoice_xml, as_xbrl
from tests.ingest.samples import plain, saved

TICKET = InvoiceSpec.random(31, Kind.RAILWAY)
XBRL = as_xbrl(TICKET)


def look(data: bytes, folder: Path) -> tuple[list[Reading], list[Member]]:
    (folder / "in.pdf").write_bytes(data)
    inside = folder / "work"
    inside.mkdir(exist_ok=True)
    readings, members = embedded.look(folder / "in.pdf", inside)
    assert all(member.path.parent == inside for member in members)
    return readings, members


def attached(document: pikepdf.Pdf, data: bytes, name: str = "data.xml") -> pikepdf.Object:
    stream = Stream(document, data)
    stream.Type = Name.EmbeddedFile
    return document.make_indirect(
        Dictionary(Type=Name.Filespec, F=String(name), UF=String(name), EF=Dictionary(F=stream))
    )


def in_name_tree(document: pikepdf.Pdf, specification: pikepdf.Object) -> None:
    document.Root.Names = Dictionary(EmbeddedFiles=Dictionary(Names=Array([String("a"), specification])))


def in_deep_name_tree(document: pikepdf.Pdf, specification: pikepdf.Object) -> None:
    leaf = Dictionary(Names=Array([String("a"), specification]), Limits=Array([String("a"), String("a")]))
    middle = document.make_indirect(Dictionary(Kids=Array([document.make_indirect(leaf)])))
    document.Root.Names = Dictionary(EmbeddedFiles=Dictionary(Kids=Array([middle])))


def in_annotation(document: pikepdf.Pdf, specification: pikepdf.Object) -> None:
    note = Dictionary(
        Type=Name.Annot, Subtype=Name.FileAttachment, Rect=Array([0, 0, 1, 1]), FS=specification
    )
    document.pages[0].Annots = Array([document.make_indirect(note)])


def in_associated_files(document: pikepdf.Pdf, specification: pikepdf.Object) -> None:
    document.Root.AF = Array([specification])


def in_associated_files_of_a_page(document: pikepdf.Pdf, specification: pikepdf.Object) -> None:
    document.pages[0].AF = specification


def loose(document: pikepdf.Pdf, specification: pikepdf.Object) -> None:
    document.Root.Other = specification.EF.F


@pytest.mark.parametrize(
    "hang",
    [
        in_name_tree,
        in_deep_name_tree,
        in_annotation,
        in_associated_files,
        in_associated_files_of_a_page,
        loose,
    ],
)
def test_a_ticket_s_data_are_found_wherever_they_hang(hang, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    document = plain()
    hang(document, attached(document, XBRL, "rai_issuer_1.xml"))
    readings, members = look(saved(document), tmp_path)
    assert [(one.source, one.get("number"), one.get("total")) for one in readings] == [
        (Source.XBRL, TICKET.number, TICKET.total)
    ]
    assert [member.path.read_bytes() for member in members] == [XBRL]
    if hang is not loose:
        assert members[0].name == readings[0].origin == "rai_issuer_1.xml"


def test_one_file_that_hangs_twice_is_read_once(tmp_path: Path) -> None:
    document = plain()
    specification = attached(document, XBRL)
    for hang in (in_name_tree, in_annotation, in_associated_files):
        hang(document, specification)
    readings, members = look(saved(document), tmp_path)
    assert len(readings) == len(members) == 1


def test_invoices_are_recognised_by_content_and_not_by_name(tmp_path: Path) -> None:
    document = plain()
    digital, foreign = InvoiceSpec.random(1, Kind.DIGITAL), InvoiceSpec.random(2, Kind.FOREIGN)
    document.Root.AF = Array(
        [
            attached(document, as_einvoice_xml(digital, "gbk"), "photo.jpg"),
            attached(document, as_cii(foreign), "factur-x.xml"),
            attached(document, b"<other><thing/></other>", "other.xml"),
            attached(document, b"MZ\x90 a program", "invoice.xml"),
            attached(document, b"{}", "data.json"),
        ]
    )
    readings, members = look(saved(document), tmp_path)
    assert {one.get("number") for one in readings} == {digital.number, foreign.number}
    assert [member.name for member in members] == ["photo.jpg", "factur-x.xml", "other.xml"]
    assert {member.path.suffix for member in members} == {".xml"}


def test_an_ofd_beside_the_page_is_listed(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("OFD.xml", "<ofd/>")
    document = plain()
    document.Root.AF = Array([attached(document, packed.getvalue(), "发票.ofd")])
    readings, members = look(saved(document), tmp_path)
    assert not readings
    assert [(member.name, member.path.suffix) for member in members] == [("发票.ofd", ".ofd")]


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "C:\\x\\evil.xml", "\x00\x01", "", "a/../b.xml", "长" * 900]
)
def test_a_name_is_for_people_and_never_a_path(name: str, tmp_path: Path) -> None:
    document = plain()
    document.Root.AF = Array([attached(document, XBRL, name)])
    _, members = look(saved(document), tmp_path)
    assert len(members) == 1
    assert members[0].path.name == "attached-1.xml"
    assert 0 < len(members[0].name) <= 200 and not set(members[0].name) & set("/\\\x00")


def test_bombs_and_broken_streams_have_nothing_in_them(tmp_path: Path) -> None:
    document = plain()
    bomb = Stream(document, b"")
    bomb.write(zlib.compress(b"<a>" + b" " * (300 * 1024**2)), filter=Name.FlateDecode)
    broken = Stream(document, b"")
    broken.write(b"not deflated", filter=Name.FlateDecode)
    twice = Stream(document, b"")
    twice.write(zlib.compress(zlib.compress(b"<a>" + b" " * (60 * 1024**2))), filter=[Name.FlateDecode] * 2)
    files = [
        Dictionary(Type=Name.Filespec, F=String("x.xml"), EF=Dictionary(F=one))
        for one in (bomb, broken, twice)
    ]
    document.Root.AF = Array([document.make_indirect(one) for one in files])
    data = saved(document, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    began = time.perf_counter()
    assert look(data, tmp_path)[0] == []
    assert time.perf_counter() - began < 5


def test_a_tree_that_points_at_itself_ends(tmp_path: Path) -> None:
    document = plain()
    node = document.make_indirect(Dictionary())
    node.Kids = Array([node, node])
    node.Names = Array([String("a"), attached(document, XBRL), String("b")])
    document.Root.Names = Dictionary(EmbeddedFiles=node)
    readings, _ = look(saved(document), tmp_path)
    assert len(readings) == 1


def test_only_so_many_files_are_taken_out(tmp_path: Path) -> None:
    document = plain()
    files = [attached(document, b"<a>%d</a>" % number) for number in range(200)]
    names = [part for number, one in enumerate(files) for part in (String(f"{number:03}"), one)]
    document.Root.Names = Dictionary(EmbeddedFiles=Dictionary(Names=Array(names)))
    _, members = look(saved(document), tmp_path)
    assert len(members) == embedded.MOST_FILES


@pytest.mark.parametrize("where", ["Names", "AF"])
@pytest.mark.parametrize(
    "what", [1, "text", Name.X, Array([1, Name.Y]), Dictionary(EmbeddedFiles=3), Array([Dictionary(EF=4)])]
)
def test_nonsense_where_files_should_hang_is_passed_over(where: str, what: object, tmp_path: Path) -> None:
    document = plain()
    document.Root[f"/{where}"] = what if not isinstance(what, str) else String(what)
    document.pages[0].Annots = Array([1, Dictionary(Subtype=Name.FileAttachment, FS=5)])
    assert look(saved(document), tmp_path) == ([], [])


def test_what_is_no_pdf_has_nothing_in_it(tmp_path: Path) -> None:
    assert look(b"%PDF-1.7 nothing", tmp_path) == ([], [])


def test_the_words_of_the_document_information_are_read(tmp_path: Path) -> None:
    spec = InvoiceSpec.random(77, Kind.DIGITAL, lines=2, red=False)
    document = plain()
    for name, value in (
        ("/InvoiceNumber", spec.number), ("/IssueTime", f"{spec.issue_date} 10:21:08"),
        ("/SellerIdNum", spec.seller.tax_id), ("/BuyerIdNum", spec.buyer.tax_id),
        ("/TotalAmWithoutTax", str(spec.net)), ("/TotalTaxAm", str(spec.tax)),
        ("/TotalTax-includedAmount", str(spec.total)), ("/Producer", "any"),
    ):  # fmt: skip
        document.docinfo[name] = value
    (reading,), members = look(saved(document), tmp_path)
    assert members == []
    names = ("number", "issue_date", "seller_tax_id", "buyer_tax_id", "net", "tax", "total")
    assert {name: reading.get(name) for name in names} == {name: spec.expected()[name] for name in names}
    assert look(saved(plain()), tmp_path) == ([], [])
