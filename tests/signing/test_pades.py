"""Signatures that tools which know nothing of us accept."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pikepdf
import pytest
from cryptography import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from signing.errors import SigningRefused
from signing.fields import FieldSpec
from signing.pages import POINTS_PER_MM, leaves
from signing.pdf_reader import Reader
from signing.source import Source
from signing.verification import verify_pdf
from tests import independent
from tests.office import contract_pdf
from tests.signing.conftest import Desk


def test_pdfsig_and_openssl_accept_every_signature_and_every_token(shared_desk: Desk, tmp_path: Path) -> None:
    desk = shared_desk
    pdf = desk.signing.add_evidence(desk.signed("head", "gm", "legal"))
    file = tmp_path / "signed.pdf"
    file.write_bytes(pdf)
    assert independent.pdfsig(file) == ["Signature is Valid."] * 3
    root, issuing = desk.roots()[0], desk.signing.pki_file("issuing.crt")[1]
    found = independent.signatures(pdf)
    assert [signature.is_timestamp for signature in found] == [False, False, False, True]
    for signature in found:
        assert independent.openssl_accepts_token(signature, root, issuing, tmp_path)
        if not signature.is_timestamp:
            assert independent.openssl_accepts(signature, root, tmp_path)


def test_openssl_does_not_accept_an_altered_file(shared_desk: Desk, tmp_path: Path) -> None:
    pdf = bytearray(shared_desk.signed("head"))
    pdf[900] ^= 1
    signature = independent.signatures(bytes(pdf))[0]
    assert not independent.openssl_accepts(signature, shared_desk.roots()[0], tmp_path)


def test_stock_pyhanko_calls_every_signature_trusted_and_unmodified(shared_desk: Desk) -> None:
    pdf = shared_desk.signing.add_evidence(shared_desk.signed("head", "gm"))
    reader = PdfFileReader(io.BytesIO(pdf))
    context = ValidationContext(trust_roots=[_asn1(shared_desk.roots()[0])], allow_fetching=False)
    for signature in reader.embedded_regular_signatures:
        status = validate_pdf_signature(signature, context, ts_validation_context=context)
        assert status.bottom_line, status.pretty_print_details()


def _asn1(der: bytes) -> object:
    from asn1crypto import x509 as asn1

    return asn1.Certificate.load(der)


def test_a_certified_file_takes_signatures_and_nothing_else(shared_desk: Desk) -> None:
    desk = shared_desk
    certified = desk.signing.certify(desk.prepared("F0"), "审批表")
    signed = desk.signing.sign(certified, "F0", desk.signatory(), reason="批准")
    assert verify_pdf(signed, desk.roots(), datetime.now(UTC)).outcome == "valid"
    with pytest.raises(SigningRefused):
        desk.signing.sign(signed, "F0", desk.signatory(), reason="again")


@pytest.mark.parametrize("pdf", [b"", b"%PDF-1.4", b"%PDF-1.4\n%%EOF", b"not a pdf", contract_pdf()[:3000]])
def test_a_broken_file_is_refused_with_one_error(shared_desk: Desk, pdf: bytes) -> None:
    with pytest.raises(SigningRefused):
        shared_desk.signing.add_fields(pdf, [FieldSpec("F0")])


def test_an_encrypted_file_is_refused(shared_desk: Desk) -> None:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(contract_pdf())) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(owner="a", user=""))
    with pytest.raises(SigningRefused):
        shared_desk.signing.add_fields(out.getvalue(), [FieldSpec("F0")])


def test_the_certificates_say_what_they_are_for(shared_desk: Desk) -> None:
    desk = shared_desk
    person = x509.load_der_x509_certificate(desk.signatory().key.certificate.dump())
    usage = person.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.content_commitment and not usage.key_cert_sign
    places = person.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    assert str(places[0].full_name[0].value).endswith("/pki/issuing.crl")
    media_type, crl = desk.signing.pki_file("issuing.crl")
    listed = x509.load_der_x509_crl(crl)
    assert media_type == "application/pkix-crl"
    assert listed.last_update_utc >= person.not_valid_before_utc


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("crop", [None, (30, 40, 500, 700)])
def test_a_place_on_the_page_as_shown_is_found_in_the_file(
    turn: int, crop: tuple[int, int, int, int] | None
) -> None:
    document = pikepdf.new()
    page = document.add_blank_page(page_size=(600, 800))
    page.Rotate = turn
    if crop:
        page.CropBox = pikepdf.Array(crop)
    out = io.BytesIO()
    document.save(out)
    pdf = out.getvalue()
    left, bottom, right, top = crop or (0, 0, 600, 800)
    (leaf,) = leaves(Reader(Source.of(pdf)).root)
    across = (right - left, top - bottom) if turn in (0, 180) else (top - bottom, right - left)
    assert leaf.frame.size_mm == pytest.approx([value / POINTS_PER_MM for value in across])
    # The top left corner, as the reader sees it, is another corner of the file for each turn.
    corner = {0: (left, top), 90: (left, bottom), 180: (right, bottom), 270: (right, top)}[turn]
    box = leaf.frame.box(-10, -10, 20, 20)
    assert ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2) == pytest.approx(corner)
