"""Files that somebody tampered with are never called valid."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pikepdf
import pytest
from cryptography import x509
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from signing.fields import FieldSpec
from signing.models import Certificate, CertificateRole
from signing.verification import exit_status, verify_pdf
from signing.verification.facts import (
    Changes,
    Coverage,
    FileFacts,
    Kind,
    Level,
    Outcome,
    SignatureFacts,
    decide,
)
from tests import independent
from tests.office import contract_pdf
from tests.signing.conftest import Desk

Change = Callable[[IncrementalPdfFileWriter], None]


def outcome(desk: Desk, pdf: bytes) -> str:
    return verify_pdf(pdf, desk.roots(), datetime.now(UTC)).outcome.value


@pytest.fixture(scope="module")
def signed(shared_desk: Desk) -> bytes:
    return shared_desk.signed("head", "gm")


@pytest.fixture(scope="module")
def archived(shared_desk: Desk, signed: bytes) -> bytes:
    return shared_desk.signing.add_evidence(signed)


def revised(pdf: bytes, change: Change) -> bytes:
    """The file with one more revision."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf), strict=False)
    change(writer)
    out = io.BytesIO()
    writer.write(out)  # type: ignore[no-untyped-call]
    return out.getvalue()


def test_an_untouched_file_is_valid_and_graded(shared_desk: Desk, signed: bytes, archived: bytes) -> None:
    for pdf, level, lasting in ((signed, Level.B_T, False), (archived, Level.B_LTA, True)):
        verdict = verify_pdf(pdf, shared_desk.roots(), datetime.now(UTC))
        assert verdict.outcome is Outcome.VALID
        people = [one for one in verdict.facts.signatures if one.kind is Kind.APPROVAL]
        assert [one.level for one in people] == [level, level]
        assert [one.signer for one in people] == ["王芳", "陈总"]
        assert verdict.archived is lasting
        assert exit_status(verdict) == 0


def _replace_content(writer: IncrementalPdfFileWriter) -> None:
    page = writer.root["/Pages"]["/Kids"][0]
    stream = writer.add_object(generic.StreamObject(stream_data=b"BT ET"))
    page[pdf_name("/Contents")] = stream
    writer.update_container(page)


def _cover_with_annotation(writer: IncrementalPdfFileWriter) -> None:
    page = writer.root["/Pages"]["/Kids"][0]
    box = generic.ArrayObject([generic.NumberObject(n) for n in (60, 600, 500, 700)])
    note = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Annot"),
            pdf_name("/Subtype"): pdf_name("/Square"),
            pdf_name("/Rect"): box,
        }
    )
    if "/Annots" in page:
        page["/Annots"].append(writer.add_object(note))
    else:
        page[pdf_name("/Annots")] = generic.ArrayObject([writer.add_object(note)])
    writer.update_container(page)
    if "/Annots" in page:
        writer.update_container(page["/Annots"])


def _add_page(writer: IncrementalPdfFileWriter) -> None:
    pages = writer.root["/Pages"]
    pages["/Kids"].append(pages["/Kids"].raw_get(0))
    pages[pdf_name("/Count")] = generic.NumberObject(int(pages["/Count"]) + 1)
    writer.update_container(pages)


def _run_script_on_opening(writer: IncrementalPdfFileWriter) -> None:
    action = {pdf_name("/S"): pdf_name("/JavaScript"), pdf_name("/JS"): generic.pdf_string("app.alert(1)")}
    writer.root[pdf_name("/OpenAction")] = writer.add_object(generic.DictionaryObject(action))
    writer.update_root()


@pytest.mark.parametrize(
    "change",
    [_replace_content, _cover_with_annotation, _add_page, _run_script_on_opening],
    ids=lambda f: f.__name__,
)
def test_a_revision_that_changes_what_is_seen_is_forbidden(
    shared_desk: Desk, signed: bytes, archived: bytes, change: Change
) -> None:
    for pdf in (signed, archived):
        verdict = verify_pdf(revised(pdf, change), shared_desk.roots(), datetime.now(UTC))
        assert verdict.outcome is Outcome.INVALID
        assert Changes.FORBIDDEN in {one.changes_after for one in verdict.facts.signatures}


def test_a_hidden_signature_is_reported(shared_desk: Desk, signed: bytes) -> None:
    def hide(writer: IncrementalPdfFileWriter) -> None:
        form = writer.root["/AcroForm"]
        form["/Fields"].pop(0)
        writer.update_container(form["/Fields"])
        writer.update_container(form)
        writer.update_root()

    verdict = verify_pdf(revised(signed, hide), shared_desk.roots(), datetime.now(UTC))
    assert verdict.outcome is Outcome.INVALID
    assert verdict.facts.hidden_signatures >= 1


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"/ByteRange [0 ", b"/ByteRange [9 "), (b"/ByteRange [0 ", b"/ByteRange [1 ")],
)
def test_a_moved_byte_range_is_never_valid(shared_desk: Desk, signed: bytes, old: bytes, new: bytes) -> None:
    place = signed.rfind(old)
    assert place > 0
    assert outcome(shared_desk, signed[:place] + new + signed[place + len(new) :]) != "valid"


def test_bytes_appended_after_the_last_signature_are_noticed(shared_desk: Desk, signed: bytes) -> None:
    assert outcome(shared_desk, signed + b"\n" + b"% harmless looking comment" * 20) != "valid"
    assert outcome(shared_desk, signed + b"\r\n") == "valid"


def in_signature_value(pdf: bytes, place: int) -> bool:
    """Whether a byte is a digit of a signature value, which no byte range covers."""
    return any(
        start + length <= place < second for start, length, second, _rest in independent.byte_ranges(pdf)
    )


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(min_value=0), change=st.integers(1, 255))
def test_a_mutated_byte_is_never_valid(shared_desk: Desk, archived: bytes, place: int, change: int) -> None:
    altered = bytearray(archived)
    place %= len(altered)
    altered[place] ^= change
    if outcome(shared_desk, bytes(altered)) != "valid":
        return
    # Nothing signs the copies of certificates that a signature carries beside its own: the last
    # time-stamp may have a damaged one, which the file holds whole in its validation material.
    verdict = verify_pdf(bytes(altered), shared_desk.roots(), datetime.now(UTC))
    whole = verify_pdf(archived, shared_desk.roots(), datetime.now(UTC))
    assert in_signature_value(archived, place), place
    assert verdict.facts == whole.facts


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    start=st.integers(min_value=0), length=st.integers(0, 4000), inserted=st.binary(min_size=1, max_size=200)
)
def test_a_mutated_stretch_is_never_valid(
    shared_desk: Desk, archived: bytes, start: int, length: int, inserted: bytes
) -> None:
    start %= len(archived)
    altered = archived[:start] + inserted + archived[start + length :]
    if altered.rstrip(b"\r\n \x00") == archived.rstrip(b"\r\n \x00"):
        return
    assert outcome(shared_desk, altered) != "valid"


@settings(max_examples=80)
@given(st.binary(max_size=400))
def test_malformed_files_get_an_answer(data: bytes) -> None:
    for pdf in (data, b"%PDF-1.7\n" + data, b"%PDF-1.7\n" + data + b"\n%%EOF\n"):
        assert verify_pdf(pdf, [], datetime.now(UTC)).outcome in (Outcome.INDETERMINATE, Outcome.UNSIGNED)


def test_without_trust_nothing_is_valid_but_what_is_broken_stays_broken(
    shared_desk: Desk, signed: bytes
) -> None:
    assert verify_pdf(signed, [], datetime.now(UTC)).outcome is Outcome.INDETERMINATE
    broken = bytearray(signed)
    broken[1000] ^= 1
    assert verify_pdf(bytes(broken), [], datetime.now(UTC)).outcome is Outcome.INVALID


def test_somebody_elses_root_does_not_make_us_trusted(shared_desk: Desk, desk: Desk, signed: bytes) -> None:
    verdict = verify_pdf(signed, desk.roots(), datetime.now(UTC))
    assert verdict.outcome is Outcome.INDETERMINATE
    assert {problem.code for one in verdict.facts.signatures for problem in one.problems} >= {
        "untrusted-issuer"
    }


def test_an_unsigned_file_is_unsigned(shared_desk: Desk) -> None:
    verdict = verify_pdf(contract_pdf(), shared_desk.roots(), datetime.now(UTC))
    assert (verdict.outcome, exit_status(verdict), verdict.archived) == (Outcome.UNSIGNED, 4, None)


def test_an_encrypted_file_is_indeterminate(shared_desk: Desk) -> None:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(contract_pdf())) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(owner="a", user="b"))
    verdict = verify_pdf(out.getvalue(), shared_desk.roots(), datetime.now(UTC))
    assert verdict.outcome is Outcome.INDETERMINATE
    assert exit_status(verdict) == 3


def test_a_certificate_revoked_before_signing_is_not_trusted(desk: Desk) -> None:
    signatory = desk.signatory("head")
    with desk.runtime.database.write() as session:
        row = (
            session.query(Certificate)
            .where(Certificate.role == CertificateRole.PERSON)
            .order_by(Certificate.not_before)
            .first()
        )
        assert row is not None
        desk.signing.authority.revoke(session, row.id, x509.ReasonFlags.key_compromise)
    pdf = desk.signing.add_fields(contract_pdf() + b"\n", [FieldSpec("F0")])
    pdf = desk.signing.add_evidence(desk.signing.sign(pdf, "F0", signatory, reason="批准"))
    verdict = verify_pdf(pdf, desk.roots(), datetime.now(UTC))
    assert verdict.outcome is Outcome.INDETERMINATE
    assert verdict.facts.signatures[0].problems[0].code == "revoked"


def test_evidence_carries_a_signature_beyond_the_end_of_its_certificate(
    shared_desk: Desk, archived: bytes
) -> None:
    later = datetime.now(UTC) + timedelta(days=365 * 8)
    people = [
        one
        for one in verify_pdf(archived, shared_desk.roots(), later).facts.signatures
        if one.kind is Kind.APPROVAL
    ]
    assert all(one.trusted for one in people)


def test_many_signatures_take_seconds_not_minutes(shared_desk: Desk) -> None:
    names = [f"S{number}" for number in range(25)]
    pdf = shared_desk.signing.add_fields(contract_pdf() + b"\n", [FieldSpec(name) for name in names])
    signatory = shared_desk.signatory("head")
    for name in names:
        pdf = shared_desk.signing.sign(pdf, name, signatory, reason="批准")
    begun = time.process_time()
    assert outcome(shared_desk, pdf) == "valid"
    assert time.process_time() - begun < 20


FACTS = st.builds(
    SignatureFacts,
    field_name=st.just("F"),
    kind=st.sampled_from(Kind),
    intact=st.sampled_from([True, False, None]),
    trusted=st.sampled_from([True, False, None]),
    coverage=st.sampled_from(Coverage),
    changes_after=st.sampled_from(Changes),
)


@given(st.lists(FACTS, min_size=1, max_size=4))
def test_valid_needs_every_fact_to_be_known_and_good(signatures: list[SignatureFacts]) -> None:
    verdict = decide(FileFacts(tuple(signatures), ()))
    if verdict is Outcome.VALID:
        for one in signatures:
            assert one.intact is True and one.trusted is True
            assert one.coverage in (Coverage.FILE, Coverage.REVISION)
            assert one.changes_after in (Changes.NONE, Changes.ALLOWED)
    if any(one.intact is False or one.changes_after is Changes.FORBIDDEN for one in signatures):
        assert verdict is Outcome.INVALID


@given(st.lists(FACTS, max_size=3))
def test_hidden_signatures_are_never_valid(signatures: list[SignatureFacts]) -> None:
    assert decide(FileFacts(tuple(signatures), (), hidden_signatures=1)) is Outcome.INVALID
