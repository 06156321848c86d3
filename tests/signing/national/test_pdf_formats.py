"""PDF signatures of the kinds that real Chinese invoices carry are checked, not only reported."""

from __future__ import annotations

import hashlib
import io
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pikepdf
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signing.verification import verify_pdf
from signing.verification.facts import Changes, Coverage, Kind, Outcome
from signing.verification.verdict import Verdict
from tests.office import contract_pdf
from tests.signing.conftest import Desk
from tests.signing.national import builder
from tests.signing.national.builder import NOW, SIGNED_AT, Office
from tests.signing.national.pdfs import signed_pdf

Maker = Callable[[bytes], bytes]


@pytest.fixture(scope="module")
def who() -> Office:
    return builder.office()


@pytest.fixture(scope="module")
def plain() -> bytes:
    return contract_pdf() + b"\n"


def judged(pdf: bytes, who: Office) -> Verdict:
    return verify_pdf(pdf, [who.root.der], NOW)


def codes(verdict: Verdict) -> set[str]:
    found = {problem.code for problem in verdict.facts.problems}
    return found.union(*({problem.code for problem in one.problems} for one in verdict.facts.signatures))


def national(who: Office, **more: bool) -> Maker:
    return lambda covered: builder.signed_data(who.signer, covered, **more)  # type: ignore[arg-type]


def sealing(who: Office, version: int) -> Maker:
    esl = builder.seal(who.maker, [who.signer.der], version=version)
    return lambda covered: builder.seal_signature(
        builder.sm3(covered), "/x", who.signer, esl, version=version
    )


def ways(who: Office) -> dict[str, tuple[str, Maker, Kind]]:
    return {
        "national OIDs": ("/adbe.pkcs7.detached", national(who), Kind.APPROVAL),
        "national, attributes": ("/adbe.pkcs7.detached", national(who, has_attributes=True), Kind.APPROVAL),
        "usual OIDs": (
            "/adbe.pkcs7.detached", national(who, is_national=False, has_attributes=True), Kind.APPROVAL,
        ),
        "usual OIDs, PAdES": (
            "/ETSI.CAdES.detached", national(who, is_national=False, has_attributes=True), Kind.APPROVAL,
        ),
        "own name": ("/GM.sm2seal", sealing(who, 4), Kind.SEAL),
        "seal 4": ("/adbe.pkcs7.detached", sealing(who, 4), Kind.SEAL),
        "seal 1": ("/adbe.pkcs7.detached", sealing(who, 1), Kind.SEAL),
        "digest inside": (
            "/adbe.pkcs7.detached",
            lambda covered: builder.signed_data(who.signer, covered, content=builder.sm3(covered)),
            Kind.APPROVAL,
        ),
    }  # fmt: skip


@pytest.mark.parametrize("way", ways(builder.office()))
def test_national_signatures_in_a_pdf_are_checked(who: Office, plain: bytes, way: str) -> None:
    subfilter, make, kind = ways(who)[way]
    pdf = signed_pdf(plain, subfilter, make)
    verdict = judged(pdf, who)
    (one,) = verdict.facts.signatures
    assert (verdict.outcome, codes(verdict)) == (Outcome.VALID, {"not-pades"})
    assert (one.kind, one.intact, one.trusted) == (kind, True, True)
    assert (one.coverage, one.changes_after) == (Coverage.FILE, Changes.NONE)
    assert (one.signer, one.signed_at) == ("云杉测试科技有限公司", SIGNED_AT)
    assert verify_pdf(pdf, [], NOW).outcome is Outcome.INDETERMINATE
    place = pdf.index(b"/MediaBox")
    assert judged(pdf[:place] + b"/MediaBix" + pdf[place + 9 :], who).outcome is Outcome.INVALID


def test_two_national_signatures_one_after_the_other(who: Office, plain: bytes) -> None:
    first = signed_pdf(plain, "/adbe.pkcs7.detached", national(who))
    second = signed_pdf(first, "/GM.sm2seal", sealing(who, 4), field="Signature2")
    verdict = judged(second, who)
    assert verdict.outcome is Outcome.VALID
    assert [one.coverage for one in verdict.facts.signatures] == [Coverage.REVISION, Coverage.FILE]


class Rsa:
    """A self-signed RSA certificate and PKCS#1 signatures."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "税务局")])
        usage = x509.KeyUsage(True, True, False, False, False, False, False, False, False)
        certificate = (
            x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(self.key.public_key())
            .serial_number(7).not_valid_before(builder.START).not_valid_after(builder.END)
            .add_extension(usage, critical=True)
            .sign(self.key, hashes.SHA256())
        )  # fmt: skip
        self.der = certificate.public_bytes(serialization.Encoding.DER)

    def pkcs1(self, covered: bytes, kind: hashes.HashAlgorithm | None = None) -> bytes:
        return builder.octets(self.key.sign(covered, padding.PKCS1v15(), kind or hashes.SHA1()))


@pytest.fixture(scope="module")
def bureau() -> Rsa:
    return Rsa()


def test_pkcs1_over_sha1_fits_but_proves_nothing(bureau: Rsa, plain: bytes) -> None:
    for certificates in ([bureau.der], [bureau.der, bureau.der]):
        pdf = signed_pdf(plain, "/adbe.x509.rsa_sha1", bureau.pkcs1, certificates=certificates)
        verdict = verify_pdf(pdf, [bureau.der], NOW)
        (one,) = verdict.facts.signatures
        assert (verdict.outcome, one.intact, one.signer) == (Outcome.INDETERMINATE, True, "税务局")
        assert (one.signed_at, "algorithm-ended" in codes(verdict)) == (SIGNED_AT, True)
        place = pdf.index(b"/MediaBox")
        assert verify_pdf(pdf[:place] + b"/MediaBix" + pdf[place + 9 :], [], NOW).outcome is Outcome.INVALID


def test_pkcs1_over_a_good_digest_is_valid(bureau: Rsa, plain: bytes) -> None:
    pdf = signed_pdf(
        plain,
        "/adbe.x509.rsa_sha1",
        lambda data: bureau.pkcs1(data, hashes.SHA256()),
        certificates=[bureau.der],
    )
    verdict = verify_pdf(pdf, [bureau.der], NOW)
    assert (verdict.outcome, verdict.facts.signatures[0].intact) == (Outcome.VALID, True)


def test_pkcs1_without_a_certificate_decides_nothing(bureau: Rsa, plain: bytes) -> None:
    verdict = verify_pdf(signed_pdf(plain, "/adbe.x509.rsa_sha1", bureau.pkcs1), [bureau.der], NOW)
    assert (verdict.outcome, "certificate-missing" in codes(verdict)) == (Outcome.INDETERMINATE, True)


def test_pkcs7_over_a_sha1_fits_but_proves_nothing(bureau: Rsa, plain: bytes, tmp_path: Path) -> None:
    key = bureau.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "k.pem").write_bytes(key)
    pem = x509.load_der_x509_certificate(bureau.der).public_bytes(serialization.Encoding.PEM)
    (tmp_path / "c.pem").write_bytes(pem)

    def make(covered: bytes) -> bytes:
        return subprocess.run(
            ["openssl", "cms", "-sign", "-nodetach", "-binary", "-signer", "c.pem", "-inkey", "k.pem",
             "-outform", "DER", "-md", "sha256"],
            cwd=tmp_path, input=hashlib.sha1(covered).digest(), capture_output=True, check=True,
        ).stdout  # fmt: skip

    pdf = signed_pdf(plain, "/adbe.pkcs7.sha1", make)
    verdict = verify_pdf(pdf, [bureau.der], NOW)
    assert (verdict.outcome, verdict.facts.signatures[0].intact) == (Outcome.INDETERMINATE, True)
    assert "algorithm-ended" in codes(verdict)
    place = pdf.index(b"/MediaBox")
    assert verify_pdf(pdf[:place] + b"/MediaBix" + pdf[place + 9 :], [], NOW).outcome is Outcome.INVALID


@pytest.mark.parametrize("contents", [b"\x00", b"nonsense", b"\x30\x03\x02\x01\x00"])
@pytest.mark.parametrize("subfilter", ["/Vendor.own", "/adbe.pkcs7.detached", "/adbe.x509.rsa_sha1"])
def test_anything_else_is_not_supported_and_never_unsigned(
    plain: bytes, subfilter: str, contents: bytes
) -> None:
    verdict = verify_pdf(signed_pdf(plain, subfilter, lambda _: contents), [], NOW)
    assert verdict.outcome not in (Outcome.UNSIGNED, Outcome.VALID)
    assert len(verdict.facts.signatures) == 1
    assert codes(verdict)


@pytest.fixture(scope="module")
def national_pdf(who: Office, plain: bytes) -> bytes:
    return signed_pdf(plain, "/adbe.pkcs7.detached", sealing(who, 4))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(min_value=0), change=st.integers(1, 255))
def test_a_byte_changed_in_a_sealed_pdf_is_never_valid(
    who: Office, national_pdf: bytes, place: int, change: int
) -> None:
    altered = bytearray(national_pdf)
    place %= len(altered)
    altered[place] ^= change
    if chr(altered[place]).lower() == chr(national_pdf[place]).lower():
        return  # a hexadecimal digit in the other case is the same digit
    assert judged(bytes(altered), who).outcome is not Outcome.VALID, place


def _encrypted(pdf: bytes, *, user: str) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        document.save(out, encryption=pikepdf.Encryption(owner="owner", user=user, R=4))
    return out.getvalue()


def test_a_file_encrypted_only_against_printing_is_checked(who: Office, plain: bytes) -> None:
    pdf = signed_pdf(_encrypted(plain, user=""), "/adbe.pkcs7.detached", national(who), password="")
    verdict = judged(pdf, who)
    assert (verdict.outcome, codes(verdict)) == (Outcome.VALID, {"not-pades"})


def test_a_signature_behind_a_password_is_reported(who: Office, plain: bytes) -> None:
    pdf = signed_pdf(_encrypted(plain, user="u"), "/adbe.pkcs7.detached", national(who), password="u")
    verdict = judged(pdf, who)
    assert (verdict.outcome, len(verdict.facts.signatures)) == (Outcome.INDETERMINATE, 1)
    assert codes(verdict) == {"encrypted", "not-readable-inside"}


def test_our_own_signatures_beside_national_ones(shared_desk: Desk, who: Office) -> None:
    pdf = signed_pdf(shared_desk.signed("head"), "/GM.sm2seal", sealing(who, 4), field="Seal9")
    at = datetime.now(UTC)
    verdict = verify_pdf(pdf, [*shared_desk.roots(), who.root.der], at)
    assert [one.intact for one in verdict.facts.signatures] == [True, True]
    assert [one.trusted for one in verdict.facts.signatures] == [True, True]
