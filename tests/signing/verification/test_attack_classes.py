"""Every known class of attack on signed PDFs, built here; none of the files may be called valid.

The classes are those of the literature: universal signature forgery, incremental saving, signature
wrapping, shadow, certification, and what fields, cross-references and time-stamps let people try.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pikepdf
import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, append_signature_field

from signing import pades
from signing.fields import FieldSpec, SignatureBlock
from signing.verification import verify_pdf
from signing.verification.facts import Changes, Coverage, Level, Outcome
from signing.verification.verdict import Verdict
from tests.office import contract_pdf
from tests.signing.conftest import Desk
from tests.signing.verification.attacks import (
    annotate,
    appended,
    body_of,
    dictionary,
    first_page,
    numbers,
    packed,
    revised,
    stream,
    xref,
)

Attack = Callable[[bytes], bytes]
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


@pytest.fixture(scope="module")
def plain(shared_desk: Desk) -> bytes:
    """An approval signature, and a text field beside it."""
    pdf = shared_desk.signing.add_fields(
        with_text_field(contract_pdf() + b"\n"),
        [FieldSpec("F0", 0, (60, 40, 230, 90)), FieldSpec("F1", 0, (60, 140, 230, 190))],
    )
    block = SignatureBlock("王芳", "经理", "批准", "同意", shared_desk.now())
    return shared_desk.signing.sign(pdf, "F0", shared_desk.signatory(), reason="批准", block=block)


@pytest.fixture(scope="module")
def certified(shared_desk: Desk) -> bytes:
    """Certified for signing and filling in, and signed."""
    pdf = shared_desk.signing.certify(shared_desk.prepared("F0", "F1"), "表单")
    block = SignatureBlock("王芳", "经理", "批准", "同意", shared_desk.now())
    return shared_desk.signing.sign(pdf, "F0", shared_desk.signatory(), reason="批准", block=block)


def test_the_files_that_are_attacked_are_valid_themselves(
    shared_desk: Desk, plain: bytes, certified: bytes
) -> None:
    for pdf in (plain, certified):
        assert judged(shared_desk, pdf).outcome is Outcome.VALID
        archived = shared_desk.signing.add_evidence(pdf)
        assert judged(shared_desk, archived).outcome is Outcome.VALID
        again = judged(shared_desk, shared_desk.signing.add_evidence(archived))
        assert again.outcome is Outcome.VALID
        added = {change.code for change in again.facts.signatures[0].later}
        assert {"timestamp-added", "validation-data-added"} <= added


# incremental saving, shadow, certification: another revision behind the signature


def _content(writer: Any) -> None:
    page = first_page(writer)
    page[pdf_name("/Contents")] = stream(writer, EVIL)
    writer.update_container(page)


def _content_in_place(writer: Any) -> None:
    reference = first_page(writer).raw_get("/Contents").reference
    writer.objects[(reference.generation, reference.idnum)] = generic.StreamObject(stream_data=EVIL)


def _resources(writer: Any) -> None:
    page = first_page(writer)
    page[pdf_name("/Resources")] = dictionary()
    writer.update_container(page)


def _font(writer: Any) -> None:
    fonts = first_page(writer)["/Resources"]["/Font"]
    font = fonts[next(iter(fonts))]
    font[pdf_name("/BaseFont")] = pdf_name("/Other")
    writer.update_container(font)


def _font_map(writer: Any) -> None:
    fonts = first_page(writer)["/Resources"]["/Font"]
    font = fonts[next(iter(fonts))]
    below = font["/DescendantFonts"][0] if "/DescendantFonts" in font else font
    below["/FontDescriptor"][pdf_name("/Flags")] = generic.NumberObject(4)
    writer.update_container(below["/FontDescriptor"])


def _media_box(writer: Any) -> None:
    page = first_page(writer)
    page[pdf_name("/CropBox")] = numbers(0, 0, 100, 100)
    writer.update_container(page)


def _rotate(writer: Any) -> None:
    page = first_page(writer)
    page[pdf_name("/Rotate")] = generic.NumberObject(180)
    writer.update_container(page)


def _page_tree(writer: Any) -> None:
    pages = writer.root["/Pages"]
    pages[pdf_name("/Kids")] = generic.ArrayObject([pages["/Kids"].raw_get(0)] * 2)
    writer.update_container(pages)


def _new_tree(writer: Any) -> None:
    content = stream(writer, EVIL)
    page = writer.add_object(
        dictionary(Type=pdf_name("/Page"), MediaBox=numbers(0, 0, 595, 842), Contents=content)
    )
    tree = dictionary(
        Type=pdf_name("/Pages"), Kids=generic.ArrayObject([page]), Count=generic.NumberObject(1)
    )
    writer.root[pdf_name("/Pages")] = writer.add_object(tree)
    writer.update_root()


def _note(kind: str, **more: generic.PdfObject) -> Callable[[Any], None]:
    def add(writer: Any) -> None:
        look = drawing(writer, EVIL, 500, 700)
        annotate(
            writer,
            dictionary(
                Type=pdf_name("/Annot"),
                Subtype=pdf_name(kind),
                Rect=numbers(50, 400, 450, 700),
                AP=dictionary(N=look),
                **more,
            ),
        )

    add.__name__ = f"_note_{kind[1:]}"
    return add


def _open_action(writer: Any) -> None:
    writer.root[pdf_name("/OpenAction")] = dictionary(S=pdf_name("/JavaScript"), JS=generic.pdf_string("1"))
    writer.update_root()


def _page_action(writer: Any) -> None:
    page = first_page(writer)
    page[pdf_name("/AA")] = dictionary(O=dictionary(S=pdf_name("/JavaScript"), JS=generic.pdf_string("1")))
    writer.update_container(page)


def _names(writer: Any) -> None:
    script = dictionary(S=pdf_name("/JavaScript"), JS=generic.pdf_string("1"))
    tree = dictionary(Names=generic.ArrayObject([generic.pdf_string("a"), script]))
    writer.root[pdf_name("/Names")] = dictionary(JavaScript=tree)
    writer.update_root()


def _layers(writer: Any) -> None:
    group = writer.add_object(dictionary(Type=pdf_name("/OCG"), Name=generic.pdf_string("a")))
    settings = dictionary(OFF=generic.ArrayObject([group]))
    writer.root[pdf_name("/OCProperties")] = dictionary(OCGs=generic.ArrayObject([group]), D=settings)
    writer.update_root()


def _swap_value(writer: Any) -> None:
    for field in writer.root["/AcroForm"]["/Fields"]:
        if field.get_object()["/T"] == "Payee":
            field.get_object()[pdf_name("/V")] = generic.pdf_string("Mallory")
            writer.update_container(field.get_object())


def _swap_appearance(writer: Any) -> None:
    for field in writer.root["/AcroForm"]["/Fields"]:
        if field.get_object()["/T"] == "Payee":
            reference = field.get_object()["/AP"].raw_get("/N").reference
            look = generic.StreamObject(dict(field.get_object()["/AP"]["/N"]), stream_data=EVIL)
            writer.objects[(reference.generation, reference.idnum)] = look


def _form_default(writer: Any) -> None:
    writer.root["/AcroForm"][pdf_name("/NeedAppearances")] = generic.BooleanObject(True)
    writer.update_container(writer.root["/AcroForm"])
    writer.update_root()


def _xfa(writer: Any) -> None:
    writer.root["/AcroForm"][pdf_name("/XFA")] = stream(writer, b"<xdp/>")
    writer.update_container(writer.root["/AcroForm"])
    writer.update_root()


def _signed_field_moves(writer: Any) -> None:
    for field in writer.root["/AcroForm"]["/Fields"]:
        if field.get_object()["/T"] == "F0":
            field.get_object()[pdf_name("/Rect")] = numbers(0, 0, 595, 842)
            writer.update_container(field.get_object())


def _signed_field_looks_other(writer: Any) -> None:
    for field in writer.root["/AcroForm"]["/Fields"]:
        if field.get_object()["/T"] == "F0":
            look = drawing(writer, EVIL, 170, 50)
            field.get_object()[pdf_name("/AP")] = dictionary(N=look)
            writer.update_container(field.get_object())


def _empty_field_is_seen(writer: Any) -> None:
    append_signature_field(writer, SigFieldSpec("Sneaky", on_page=0, box=(50, 400, 450, 700)))
    field = writer.root["/AcroForm"]["/Fields"][-1]
    look = drawing(writer, EVIL, 400, 300)
    field[pdf_name("/AP")] = dictionary(N=look)


def _no_signature_in_field(writer: Any) -> None:
    for field in writer.root["/AcroForm"]["/Fields"]:
        if field.get_object()["/T"] == "F1":
            look = drawing(writer, EVIL, 170, 50)
            field.get_object()[pdf_name("/AP")] = dictionary(N=look)
            writer.update_container(field.get_object())


def _text_field_added(writer: Any) -> None:
    annotate(
        writer,
        dictionary(
            Type=pdf_name("/Annot"),
            Subtype=pdf_name("/Widget"),
            FT=pdf_name("/Tx"),
            T=generic.pdf_string("New"),
            Rect=numbers(50, 400, 450, 700),
        ),
    )
    writer.root["/AcroForm"]["/Fields"].append(first_page(writer)["/Annots"].raw_get(-1))
    writer.update_container(writer.root["/AcroForm"]["/Fields"])
    writer.update_root()


def _signature_taken_out(writer: Any) -> None:
    for field in writer.root["/AcroForm"]["/Fields"]:
        if field.get_object()["/T"] == "F0":
            del field.get_object()["/V"]
            writer.update_container(field.get_object())


def _signature_nulled(writer: Any) -> None:
    for field in writer.root["/AcroForm"]["/Fields"]:
        if field.get_object()["/T"] == "F0":
            field.get_object()[pdf_name("/V")] = generic.NullObject()
            writer.update_container(field.get_object())


def _signature_doubled(writer: Any) -> None:
    form = writer.root["/AcroForm"]
    signed = next(one.get_object() for one in form["/Fields"] if one.get_object()["/T"] == "F0")
    other = next(one.get_object() for one in form["/Fields"] if one.get_object()["/T"] == "F1")
    other[pdf_name("/V")] = signed.raw_get("/V")
    writer.update_container(other)


def _evidence_replaces_page(writer: Any) -> None:
    reference = first_page(writer).raw_get("/Contents").reference
    writer.objects[(reference.generation, reference.idnum)] = generic.StreamObject(stream_data=EVIL)
    pointer = generic.IndirectObject(reference.idnum, reference.generation, writer)
    writer.root[pdf_name("/DSS")] = dictionary(Certs=generic.ArrayObject([pointer]))
    writer.update_root()


def _metadata_is_a_page(writer: Any) -> None:
    reference = first_page(writer).raw_get("/Contents").reference
    writer.objects[(reference.generation, reference.idnum)] = generic.StreamObject(stream_data=EVIL)
    writer.root[pdf_name("/Metadata")] = generic.IndirectObject(reference.idnum, reference.generation, writer)
    writer.update_root()


def _permissions(writer: Any) -> None:
    writer.root[pdf_name("/Perms")] = dictionary()
    writer.update_root()


REVISIONS = [
    _content, _content_in_place, _resources, _font, _font_map, _media_box, _rotate, _page_tree, _new_tree,
    _note("/FreeText"), _note("/Stamp"), _note("/Square"), _note("/Redact"), _note("/Widget"), _note("/Text"),
    _open_action, _page_action, _names, _layers, _form_default, _xfa, _signed_field_moves,
    _signed_field_looks_other, _empty_field_is_seen, _no_signature_in_field, _text_field_added,
    _signature_taken_out, _signature_nulled, _signature_doubled, _evidence_replaces_page, _metadata_is_a_page,
    _permissions,
]  # fmt: skip


@pytest.mark.parametrize("attack", REVISIONS, ids=lambda one: one.__name__)
@pytest.mark.parametrize("which", ["plain", "certified", "archived"])
def test_a_revision_that_changes_more_than_signatures_is_never_valid(
    shared_desk: Desk, request: pytest.FixtureRequest, which: str, attack: Callable[[Any], None]
) -> None:
    pdf = request.getfixturevalue("plain" if which == "archived" else which)
    if which == "archived":
        pdf = shared_desk.signing.add_evidence(pdf)
    forged = revised(pdf, attack)
    verdict = judged(shared_desk, forged)
    assert verdict.outcome is Outcome.INVALID, codes(verdict)
    later = shared_desk.signing.add_evidence(forged) if attack is _content else forged
    assert judged(shared_desk, later).outcome is Outcome.INVALID  # an honest time-stamp makes it no better


@pytest.mark.parametrize("attack", [_swap_value, _swap_appearance], ids=lambda one: one.__name__)
def test_a_form_field_swapped_after_an_approval_is_named(
    shared_desk: Desk, plain: bytes, attack: Callable[[Any], None]
) -> None:
    verdict = judged(shared_desk, revised(plain, attack))
    assert verdict.outcome is Outcome.INVALID
    (change,) = verdict.facts.signatures[0].later
    assert change.field == "Payee" and change.page == 1
    if attack is _swap_value:
        assert (change.code, change.old, change.new) == ("field-value-changed", "Alice", "Mallory")


def test_changes_are_named_with_their_page_in_both_languages(shared_desk: Desk, plain: bytes) -> None:
    verdict = judged(shared_desk, revised(plain, _content))
    (change,) = verdict.facts.signatures[0].later
    assert (change.code, change.page, change.revision) == ("page-content-changed", 1, change.revision)
    said = [verdict.to_json("a.pdf", language)["changes"][0]["message"] for language in ("en", "zh-CN")]  # type: ignore[arg-type]
    assert said == ["Content of the page changed (page 1)", "页面内容被改动（第 1 页）"]


# the cross-references


def _page_number(pdf: bytes) -> int:
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return opened.pages[0].objgen[0]


def _content_number(pdf: bytes) -> int:
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return opened.pages[0].obj.Contents.objgen[0]


def stream_body(data: bytes) -> bytes:
    return b"<</Length %d>>\nstream\n%s\nendstream" % (len(data), data)


def _xref_in_place(pdf: bytes) -> bytes:
    return appended(pdf, {_content_number(pdf): stream_body(EVIL)})


def _xref_old_chain(pdf: bytes) -> bytes:
    """A chain that passes over the signed revision."""
    starts = [int(one) for one in re.findall(rb"startxref\s+(\d+)", pdf)]
    return appended(pdf, {900: b"null"}, previous=starts[0])


def _xref_loop(pdf: bytes) -> bytes:
    made = appended(pdf, {900: b"null"})
    at = int(re.findall(rb"startxref\s+(\d+)", made)[-1])
    return re.sub(rb"/Prev \d+ >>\nstartxref\n%d" % at, b"/Prev %d >>\nstartxref\n%d" % (at, at), made)


def _new_catalog(pdf: bytes) -> bytes:
    _, _size, root = xref(pdf)
    return appended(pdf, {901: body_of(pdf, root)}, root=901)


def _overlapping_numbers(pdf: bytes) -> bytes:
    number = _content_number(pdf)
    made = appended(pdf, {number: stream_body(EVIL)})
    at = re.search(rb"\n%d 0 obj\nnope" % number, made)
    assert at is None
    place = int(re.findall(rb"%d 1\n(\d{10}) 00000 n" % number, made)[-1])
    old = pdf.find(b"\n%d 0 obj" % number) + 1
    return appended(pdf, {number: stream_body(EVIL)}, listed=[(number, place), (number, old)])


def _higher_generation(pdf: bytes) -> bytes:
    return appended(pdf, {_content_number(pdf): stream_body(EVIL)}, generation=1)


def _freed(pdf: bytes) -> bytes:
    made = appended(pdf, {900: b"null"})
    number = _content_number(pdf)
    return made.replace(b"xref\n900 1\n", b"xref\n%d 1\n0000000000 00001 f \n900 1\n" % number)


def _unlisted_object(pdf: bytes) -> bytes:
    number = _content_number(pdf)
    junk = b"%d 0 obj\n%s\nendobj\n" % (number, stream_body(EVIL))
    return appended(pdf, {900: b"null"}, junk=junk)


def _hybrid(pdf: bytes) -> bytes:
    return appended(pdf, {900: b"null"}, entries=b"/XRefStm 17")


def _packed_page(pdf: bytes) -> bytes:
    number = _page_number(pdf)
    body = re.sub(rb"/Contents \d+ 0 R", b"/Contents 902 0 R", body_of(pdf, number))
    return packed(appended(pdf, {902: stream_body(EVIL)}), {number: body})


def _renamed_type(pdf: bytes) -> bytes:
    number = _page_number(pdf)
    return appended(pdf, {number: body_of(pdf, number).replace(b"/Type /Page", b"/Type (/Page)")})


@pytest.mark.parametrize(
    "attack",
    [
        _xref_in_place, _xref_old_chain, _xref_loop, _new_catalog, _overlapping_numbers, _higher_generation,
        _freed, _unlisted_object, _hybrid, _packed_page, _renamed_type,
    ],
    ids=lambda one: one.__name__,
)  # fmt: skip
def test_tricks_with_cross_references_are_never_valid(
    shared_desk: Desk, plain: bytes, attack: Attack
) -> None:
    forged = attack(plain)
    assert forged != plain
    assert judged(shared_desk, forged).outcome in (Outcome.INVALID, Outcome.INDETERMINATE)


def test_a_harmless_revision_written_by_hand_is_no_attack(shared_desk: Desk, plain: bytes) -> None:
    assert judged(shared_desk, appended(plain, {900: b"null"})).outcome is Outcome.VALID
    assert judged(shared_desk, packed(plain, {900: b"null"})).outcome is Outcome.VALID


# universal signature forgery and signature wrapping: the signature's own dictionary


def _sub(pattern: bytes, new: bytes) -> Attack:
    def attack(pdf: bytes) -> bytes:
        found = list(re.finditer(pattern, pdf))[-1]
        return pdf[: found.start()] + found.expand(new) + pdf[found.end() :]

    return attack


BYTE_RANGE = rb"/ByteRange \[(\d+) (\d+) (\d+) (\d+)\]"
FORGERIES: dict[str, Attack] = {
    "no byte range": _sub(BYTE_RANGE, rb"/ByteRunge [\1 \2 \3 \4]"),
    "empty byte range": _sub(BYTE_RANGE, b"/ByteRange []"),
    "null byte range": _sub(BYTE_RANGE, b"/ByteRange null"),
    "zeros": _sub(BYTE_RANGE, b"/ByteRange [0 0 0 0]"),
    "negative": _sub(BYTE_RANGE, rb"/ByteRange [0 \2 -\3 \4]"),
    "names": _sub(BYTE_RANGE, rb"/ByteRange [/a /b /c /d]"),
    "huge": _sub(BYTE_RANGE, rb"/ByteRange [0 \2 \3 99999999999]"),
    "two numbers": _sub(BYTE_RANGE, rb"/ByteRange [0 \2]"),
    "six numbers": _sub(BYTE_RANGE, rb"/ByteRange [\1 \2 \3 \4 0 0]"),
    "reals": _sub(BYTE_RANGE, rb"/ByteRange [0.0 \2 \3 \4]"),
    "twice": _sub(BYTE_RANGE, rb"/ByteRange [\1 \2 \3 \4]/ByteRange [0 1 1 1]"),
    "a reference": _sub(BYTE_RANGE, rb"/ByteRange 999 0 R"),
    "no contents": _sub(rb"/Contents <", b"/Contants <"),
    "null contents": _sub(rb"/Contents <[0-9a-fA-F]+>", b"/Contents null"),
    "empty contents": _sub(rb"/Contents <[0-9a-fA-F]+>", b"/Contents <>"),
    "zero contents": _sub(rb"/Contents <[0-9a-fA-F]{8}", b"/Contents <00000000"),
    "contents in another key": _sub(rb"/Contents <", b"/Cert <"),
    "no subfilter": _sub(rb"/SubFilter ?/ETSI.CAdES.detached", b"/SubFalter/ETSI.CAdES.detached"),
    "unknown subfilter": _sub(rb"/SubFilter ?/ETSI.CAdES.detached", b"/SubFilter/ETSI.CAdES.detachxd"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_signature_dictionary_that_was_tampered_with_is_never_valid(
    shared_desk: Desk, plain: bytes, name: str
) -> None:
    forged = FORGERIES[name](plain)
    assert forged != plain
    assert judged(shared_desk, forged).outcome in (Outcome.INVALID, Outcome.INDETERMINATE)


def test_a_second_dictionary_over_the_first_ones_gap_is_never_valid(shared_desk: Desk, plain: bytes) -> None:
    """Wrapping: the old value stays where it was, and a new dictionary of the same signature is shown."""
    found = list(re.finditer(BYTE_RANGE, plain))[-1]
    number = int(re.findall(rb"(\d+) 0 obj", plain[: found.start()])[-1])
    wrapped = appended(plain, {number: body_of(plain, number), _content_number(plain): stream_body(EVIL)})
    moved = _sub(BYTE_RANGE, found[0])(wrapped)
    assert judged(shared_desk, moved).outcome is Outcome.INVALID


def test_signed_bytes_moved_behind_other_bytes_are_never_valid(shared_desk: Desk, plain: bytes) -> None:
    """Wrapping: everything signed is kept in the file, behind a new second part of the range."""
    _, first, second, length = (int(one) for one in list(re.finditer(BYTE_RANGE, plain))[-1].groups())
    inserted = b"\n%d 0 obj\n" % _content_number(plain) + stream_body(EVIL) + b"\nendobj\n"
    forged = plain[:second] + inserted + plain[second:]
    forged = _sub(BYTE_RANGE, b"/ByteRange [0 %d %d %d]" % (first, second + len(inserted), length))(forged)
    verdict = judged(shared_desk, forged)
    assert verdict.outcome in (Outcome.INVALID, Outcome.INDETERMINATE)


def test_a_tail_without_a_revision_is_never_valid(shared_desk: Desk, plain: bytes) -> None:
    number = _content_number(plain)
    tail = b"%d 0 obj\n%s\nendobj\n" % (number, stream_body(EVIL))
    for forged in (plain + tail, plain + tail + b"%%EOF\n", plain + tail + b"startxref\n0\n%%EOF\n"):
        assert judged(shared_desk, forged).outcome in (Outcome.INVALID, Outcome.INDETERMINATE)


def test_digests_that_are_nulled_are_never_valid(shared_desk: Desk, plain: bytes) -> None:
    value = re.findall(rb"/Contents <([0-9a-fA-F]+)>", plain)[-1]
    raw = bytes.fromhex(value.decode())
    marker = bytes.fromhex("06092a864886f70d010904")  # message-digest
    at = raw.index(marker) + len(marker) + 4
    for zeroed in (bytes(32), b"\xff" * 32):
        forged = plain.replace(value, (raw[:at] + zeroed + raw[at + 32 :]).hex().encode())
        verdict = judged(shared_desk, forged)
        assert verdict.outcome is Outcome.INVALID
        assert verdict.facts.signatures[0].intact is False


def test_a_chain_of_the_same_names_is_not_trusted(shared_desk: Desk, desk: Desk) -> None:
    """Another authority with our names, word for word."""
    pdf = desk.signed("head")
    verdict = judged(shared_desk, pdf)
    assert verdict.outcome is Outcome.INDETERMINATE
    assert "untrusted-issuer" in codes(verdict)


def test_a_certification_signature_by_a_stranger_does_not_hide_behind_ours(
    shared_desk: Desk, desk: Desk, certified: bytes
) -> None:
    """Sneaky signature: a visible field of a stranger's over certified content."""
    signatory = desk.signatory()
    key = next(value for value in vars(signatory).values() if isinstance(value, pades.SigningKey))
    forged = pades.sign(
        certified, "Sneaky", key, desk.signing.authority.timestamper(), reason="", name="",
        new_field=FieldSpec("Sneaky", 0, (50, 400, 450, 700)),
    )  # fmt: skip
    verdict = judged(shared_desk, forged)
    assert verdict.outcome is Outcome.INVALID
    assert "visible-signature-after-certification" in codes(verdict)


def test_a_signature_over_another_one_is_forbidden(shared_desk: Desk, plain: bytes) -> None:
    block = SignatureBlock("王芳", "经理", "批准", "同意", shared_desk.now())
    signatory = shared_desk.signatory("gm")
    key = next(value for value in vars(signatory).values() if isinstance(value, pades.SigningKey))
    for box, outcome in (((60, 40, 230, 90), Outcome.INVALID), ((300, 40, 470, 90), Outcome.VALID)):
        signed = pades.sign(
            plain, "Over", key, shared_desk.signing.authority.timestamper(), reason="", name=block.name,
            new_field=FieldSpec("Over", 0, box),
        )  # fmt: skip
        assert judged(shared_desk, signed).outcome is outcome


def test_a_time_stamp_of_a_stranger_proves_nothing(shared_desk: Desk, desk: Desk, plain: bytes) -> None:
    stamped = desk.signing.add_evidence(plain)
    verdict = judged(shared_desk, stamped)
    assert verdict.outcome is Outcome.INDETERMINATE
    later = verify_pdf(stamped, shared_desk.roots(), datetime.now(UTC) + timedelta(days=365 * 8))
    assert later.outcome is not Outcome.VALID


def test_a_token_over_something_else_is_told(shared_desk: Desk) -> None:
    one, other = shared_desk.signed("head"), shared_desk.signed("gm")
    value_of = lambda pdf: re.findall(rb"/Contents <([0-9a-fA-F]+)>", pdf)[-1]  # noqa: E731
    mine, theirs = (bytes.fromhex(value_of(pdf).decode()) for pdf in (one, other))
    marker = bytes.fromhex("060b2a864886f70d010910020e")  # signature-time-stamp-token
    token = theirs[theirs.index(marker) :]
    swapped = mine[: mine.index(marker)] + token
    forged = one.replace(value_of(one), swapped[: len(mine)].ljust(len(mine), b"\0").hex().encode())
    verdict = judged(shared_desk, forged)
    assert verdict.facts.signatures[0].timestamped_at is None
    assert (verdict.facts.signatures[0].level, "timestamp-differs" in codes(verdict)) == (Level.B_B, True)


# what is signed itself


def test_content_that_waits_in_the_signed_revision_is_warned_of(shared_desk: Desk) -> None:
    """Shadow, hide and replace: a second set of pages lies ready in what is signed."""

    def prepare(writer: Any) -> None:
        content = stream(writer, EVIL)
        writer.add_object(
            dictionary(Type=pdf_name("/Page"), MediaBox=numbers(0, 0, 595, 842), Contents=content)
        )

    pdf = revised(contract_pdf() + b"\n", prepare)
    pdf = shared_desk.signing.add_fields(pdf, [FieldSpec("F0")])
    signed = shared_desk.signing.sign(pdf, "F0", shared_desk.signatory(), reason="批准")
    verdict = judged(shared_desk, signed)
    assert "spare-content" in {one.code for one in verdict.facts.warnings}


def test_layers_in_the_signed_revision_are_warned_of(shared_desk: Desk) -> None:
    pdf = shared_desk.signing.add_fields(revised(contract_pdf() + b"\n", _layers), [FieldSpec("F0")])
    signed = shared_desk.signing.sign(pdf, "F0", shared_desk.signatory(), reason="批准")
    assert "has-layers" in {one.code for one in judged(shared_desk, signed).facts.warnings}


@pytest.mark.parametrize(
    "options",
    [
        {"linearize": True},
        {"object_stream_mode": pikepdf.ObjectStreamMode.generate},
        {"linearize": True, "object_stream_mode": pikepdf.ObjectStreamMode.generate},
    ],
    ids=["linearised", "packed", "both"],
)
def test_files_of_other_forms_are_valid_when_signed_and_not_when_changed(
    shared_desk: Desk, options: dict[str, Any]
) -> None:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(shared_desk.prepared("F0", "F1"))) as opened:
        opened.save(out, **options)
    pdf = out.getvalue() + b"\n"
    for name, who in (("F0", "head"), ("F1", "gm")):
        pdf = shared_desk.signing.sign(pdf, name, shared_desk.signatory(who), reason="批准")
    pdf = shared_desk.signing.add_evidence(pdf)
    verdict = judged(shared_desk, pdf)
    assert verdict.outcome is Outcome.VALID, codes(verdict)
    assert [one.coverage for one in verdict.facts.signatures] == [Coverage.REVISION] * 2 + [Coverage.FILE]
    for attack in (_content, _content_in_place, _font, _new_tree):
        forged = judged(shared_desk, revised(pdf, attack))
        assert forged.outcome is Outcome.INVALID
        assert {one.changes_after for one in forged.facts.signatures} == {Changes.FORBIDDEN}


def test_a_reference_to_nothing_that_is_filled_later_is_forbidden(shared_desk: Desk) -> None:
    """The signed page draws an object that is not there yet."""

    def dangle(writer: Any) -> None:
        page = first_page(writer)
        old = page.raw_get("/Contents")
        missing = generic.IndirectObject(4000, 0, writer)
        page[pdf_name("/Contents")] = generic.ArrayObject([old, missing])
        writer.update_container(page)

    pdf = shared_desk.signing.add_fields(revised(contract_pdf() + b"\n", dangle), [FieldSpec("F0")])
    signed = shared_desk.signing.sign(pdf, "F0", shared_desk.signatory(), reason="批准")
    assert judged(shared_desk, signed).outcome is Outcome.VALID
    assert judged(shared_desk, appended(signed, {4000: stream_body(EVIL)})).outcome is Outcome.INVALID


def test_pyhanko_writes_what_we_attack_with() -> None:
    """The makers of attacks do change the file, so that the tests above can fail."""
    writer = IncrementalPdfFileWriter(io.BytesIO(contract_pdf()), strict=False)
    before = bytes(first_page(writer)["/Contents"].data)
    changed = IncrementalPdfFileWriter(io.BytesIO(revised(contract_pdf(), _content)), strict=False)
    assert bytes(first_page(changed)["/Contents"].data) == EVIL != before
