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

from signing import pades
from signing.fields import FieldSpec, SignatureBlock
from signing.verification import verify_pdf
from signing.verification.facts import Changes, Coverage, Level, Outcome
from tests.office import contract_pdf
from tests.signing.conftest import Desk
from tests.signing.verification.attacked import EVIL, codes, content_number, judged, stream_body
from tests.signing.verification.attacks import (
    appended,
    body_of,
    dictionary,
    first_page,
    numbers,
    revised,
    stream,
)
from tests.signing.verification.revision_attacks import (
    REVISIONS,
    content,
    content_in_place,
    font,
    layers,
    new_tree,
    swap_appearance,
    swap_value,
)

Attack = Callable[[bytes], bytes]


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


# another revision behind the signature


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
    later = shared_desk.signing.add_evidence(forged) if attack is content else forged
    assert judged(shared_desk, later).outcome is Outcome.INVALID  # an honest time-stamp makes it no better


@pytest.mark.parametrize("attack", [swap_value, swap_appearance], ids=lambda one: one.__name__)
def test_a_form_field_swapped_after_an_approval_is_named(
    shared_desk: Desk, plain: bytes, attack: Callable[[Any], None]
) -> None:
    verdict = judged(shared_desk, revised(plain, attack))
    assert verdict.outcome is Outcome.INVALID
    (change,) = verdict.facts.signatures[0].later
    assert change.field == "Payee" and change.page == 1
    if attack is swap_value:
        assert (change.code, change.old, change.new) == ("field-value-changed", "Alice", "Mallory")


def test_changes_are_named_with_their_page_in_both_languages(shared_desk: Desk, plain: bytes) -> None:
    verdict = judged(shared_desk, revised(plain, content))
    (change,) = verdict.facts.signatures[0].later
    assert (change.code, change.page, change.revision) == ("page-content-changed", 1, change.revision)
    said = [verdict.to_json("a.pdf", language)["changes"][0]["message"] for language in ("en", "zh-CN")]  # type: ignore[arg-type]
    assert said == ["Content of the page changed (page 1)", "页面内容被改动（第 1 页）"]


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
    wrapped = appended(plain, {number: body_of(plain, number), content_number(plain): stream_body(EVIL)})
    moved = _sub(BYTE_RANGE, found[0])(wrapped)
    assert judged(shared_desk, moved).outcome is Outcome.INVALID


def test_signed_bytes_moved_behind_other_bytes_are_never_valid(shared_desk: Desk, plain: bytes) -> None:
    """Wrapping: everything signed is kept in the file, behind a new second part of the range."""
    _, first, second, length = (int(one) for one in list(re.finditer(BYTE_RANGE, plain))[-1].groups())
    inserted = b"\n%d 0 obj\n" % content_number(plain) + stream_body(EVIL) + b"\nendobj\n"
    forged = plain[:second] + inserted + plain[second:]
    forged = _sub(BYTE_RANGE, b"/ByteRange [0 %d %d %d]" % (first, second + len(inserted), length))(forged)
    verdict = judged(shared_desk, forged)
    assert verdict.outcome in (Outcome.INVALID, Outcome.INDETERMINATE)


def test_a_tail_without_a_revision_is_never_valid(shared_desk: Desk, plain: bytes) -> None:
    number = content_number(plain)
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
    value_of = lambda pdf: re.findall(rb"/Contents <([0-9a-fA-F]+)>", pdf)[-1]  # noqa: E731
    marker = bytes.fromhex("060b2a864886f70d010910020e")  # signature-time-stamp-token
    one = shared_desk.signed("head")
    mine = bytes.fromhex(value_of(one).decode())
    length = mine[mine.index(marker) + len(marker) :][:4]
    while True:  # ECDSA signatures differ in length by a byte or two; a token of another one fits nowhere
        theirs = bytes.fromhex(value_of(shared_desk.signed("gm")).decode())
        token = theirs[theirs.index(marker) :]
        if token[len(marker) :][:4] == length:
            break
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
    pdf = shared_desk.signing.add_fields(revised(contract_pdf() + b"\n", layers), [FieldSpec("F0")])
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
    for attack in (content, content_in_place, font, new_tree):
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
    changed = IncrementalPdfFileWriter(io.BytesIO(revised(contract_pdf(), content)), strict=False)
    assert bytes(first_page(changed)["/Contents"].data) == EVIL != before
