"""Trust over time: what was proved to be there in time is judged as of that time, and nothing else is."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import ocsp
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko_certvalidator.registry import SimpleCertificateStore

from signing import pades, pki
from signing.fields import FieldSpec
from signing.timestamp import InternalTimeStamper
from signing.verification import verify_pdf
from signing.verification.facts import Kind, Level, Outcome, SignatureFacts
from signing.verification.material import Material
from signing.verification.revocation import revocation
from signing.verification.verdict import Verdict
from tests.signing.verification.test_mutations import small_pdf

START = datetime(2024, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
YEAR = timedelta(days=365)


@dataclass
class Still:
    """A clock that shows one moment."""

    at: datetime

    def now(self) -> datetime:
        return self.at


def loaded(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))


@dataclass
class House:
    """An authority made at a moment, with a signer and a time-stamp authority."""

    at: datetime = START
    root_key: Any = field(default_factory=pki.new_key)
    key: Any = field(default_factory=pki.new_key)

    def __post_init__(self) -> None:
        self.root = pki.make_root(pki.Identity("Root", "House"), self.root_key, START)
        self.issuing = self._issuing(self.at)
        self.signer_key = pki.new_key()
        self.signer = self.leaf(self.signer_key)

    def _issuing(self, at: datetime) -> x509.Certificate:
        top = pki.Issuer(self.root, self.root_key, "http://127.0.0.1/r.crl", "http://127.0.0.1/r.crt")
        return pki.make_issuing(pki.Identity("Issuing", "House"), self.key, top, at)

    @property
    def issuer(self) -> pki.Issuer:
        return pki.Issuer(self.issuing, self.key, "http://127.0.0.1/i.crl", "http://127.0.0.1/i.crt")

    def leaf(self, key: Any) -> x509.Certificate:
        if isinstance(key, ed25519.Ed25519PrivateKey):  # a kind that our own authority certifies for nobody
            name, end = pki.Identity("王芳", "House").to_name(), self.at + YEAR
            builder = x509.CertificateBuilder(self.issuing.subject, name, key.public_key(), 7, self.at, end)
            return builder.sign(self.key, hashes.SHA256())
        return pki.make_signer(pki.Identity("王芳", "House"), key, self.issuer, self.at)

    def stamper(self, at: datetime, made: datetime | None = None) -> InternalTimeStamper:
        key = pki.new_key()
        certificate = pki.make_tsa(pki.Identity("Stamps", "House"), key, self.issuer, made or self.at)
        return InternalTimeStamper(loaded(certificate), key, Still(at), (loaded(self.issuing),))

    def lists(self, at: datetime, revoked: Sequence[Any] = ()) -> list[bytes]:
        made = (
            pki.make_crl(self.root, self.root_key, 1, (), at),
            pki.make_crl(self.issuing, self.key, 1, revoked, at),
        )
        return [one.public_bytes(Encoding.DER) for one in made]

    def signed(self, at: datetime) -> bytes:
        key = pades.SigningKey(loaded(self.signer), self.signer_key, (loaded(self.issuing),))
        return pades.sign(
            small_pdf(), "F", key, self.stamper(at), reason="批准", name="王芳", new_field=FieldSpec("F")
        )

    def archived(self, pdf: bytes, at: datetime, lists: list[bytes], stamper: Any = None) -> bytes:
        return pades.add_evidence(pdf, stamper or self.stamper(at), (loaded(self.issuing),), lists)

    def judged(self, pdf: bytes, at: datetime) -> Verdict:
        return verify_pdf(pdf, [self.root.public_bytes(Encoding.DER)], at)


def person(verdict: Verdict) -> SignatureFacts:
    return next(one for one in verdict.facts.signatures if one.kind is not Kind.TIMESTAMP)


@pytest.fixture(scope="module")
def house() -> House:
    return House()


@pytest.mark.parametrize(
    ("after", "reason", "outcome"),
    [
        (timedelta(days=30), x509.ReasonFlags.cessation_of_operation, Outcome.VALID),
        (timedelta(days=30), x509.ReasonFlags.key_compromise, Outcome.VALID),
        (timedelta(days=-1), x509.ReasonFlags.cessation_of_operation, Outcome.INDETERMINATE),
        (timedelta(days=-1), x509.ReasonFlags.key_compromise, Outcome.INDETERMINATE),
    ],
)
def test_a_revocation_counts_from_its_own_time(
    house: House, after: timedelta, reason: x509.ReasonFlags, outcome: Outcome
) -> None:
    signed_at = START + 100 * DAY
    lists = house.lists(signed_at + 60 * DAY, [(house.signer.serial_number, signed_at + after, reason)])
    pdf = house.archived(house.signed(signed_at), signed_at + 61 * DAY, lists)
    verdict = house.judged(pdf, signed_at + 62 * DAY)
    assert verdict.outcome is outcome
    codes = {one.code for one in person(verdict).problems}
    assert ("revoked" in codes) is (outcome is Outcome.INDETERMINATE)


def test_a_key_that_was_known_to_others_before_it_signed_signs_nothing(house: House) -> None:
    """The revocation came later, and says that the key had been lost before."""
    signed_at = START + 100 * DAY
    entry = (
        x509.RevokedCertificateBuilder()
        .serial_number(house.signer.serial_number)
        .revocation_date(signed_at + 30 * DAY)
        .add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False)
        .add_extension(x509.InvalidityDate((signed_at - DAY).replace(tzinfo=None)), critical=False)
        .build()
    )
    listed = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(house.issuing.subject)
        .last_update(signed_at + 40 * DAY)
        .next_update(signed_at + 47 * DAY)
        .add_revoked_certificate(entry)
        .sign(house.key, hashes.SHA256())
    )
    lists = [house.lists(signed_at + 40 * DAY)[0], listed.public_bytes(Encoding.DER)]
    pdf = house.archived(house.signed(signed_at), signed_at + 41 * DAY, lists)
    verdict = house.judged(pdf, signed_at + 42 * DAY)
    assert verdict.outcome is Outcome.INDETERMINATE
    assert "revoked" in {one.code for one in person(verdict).problems}


def test_a_list_signed_by_somebody_else_says_nothing(house: House) -> None:
    signed_at = START + 100 * DAY
    stranger = House()
    revoked = [(house.signer.serial_number, START, x509.ReasonFlags.key_compromise)]
    pdf = house.archived(house.signed(signed_at), signed_at + DAY, stranger.lists(signed_at, revoked))
    verdict = house.judged(pdf, signed_at + 2 * DAY)
    assert verdict.outcome is Outcome.VALID
    assert person(verdict).level is Level.B_T  # nothing is known about revocation


def test_an_expired_signature_lives_as_long_as_its_last_time_stamp(house: House) -> None:
    signed_at = START + 100 * DAY
    pdf = house.archived(house.signed(signed_at), signed_at + DAY, house.lists(signed_at + DAY))
    assert house.signer.not_valid_after_utc < START + 10 * YEAR
    lived = house.judged(pdf, START + 10 * YEAR)
    assert (lived.outcome, person(lived).level) == (Outcome.VALID, Level.B_LTA)
    # Its authority's certificate ends after 15 years: without another time-stamp nothing is proved then.
    over = house.judged(pdf, START + 16 * YEAR)
    assert over.outcome is Outcome.INDETERMINATE
    # A successor's time-stamp in time carries it on.
    later = House(at=START + 14 * YEAR, root_key=house.root_key)
    later.root = house.root
    renewed = later.archived(
        pdf,
        START + 14 * YEAR + DAY,
        [*house.lists(START + 14 * YEAR), *later.lists(START + 14 * YEAR + DAY)],
        later.stamper(START + 14 * YEAR + 2 * DAY),
    )
    assert house.judged(renewed, START + 16 * YEAR).outcome is Outcome.VALID
    # One that came too late does not.
    late = later.archived(
        pdf, START + 16 * YEAR, later.lists(START + 16 * YEAR), later.stamper(START + 16 * YEAR)
    )
    assert house.judged(late, START + 17 * YEAR).outcome is Outcome.INDETERMINATE


def test_an_expired_signature_without_a_time_stamp_of_the_document_is_over(house: House) -> None:
    signed = house.signed(START + 100 * DAY)
    assert house.judged(signed, START + 101 * DAY).outcome is Outcome.VALID
    assert house.judged(signed, START + 10 * YEAR).outcome is Outcome.VALID  # its own stamp still holds
    assert house.judged(signed, START + 16 * YEAR).outcome is Outcome.INDETERMINATE


def test_a_time_stamp_from_the_future_is_told(house: House) -> None:
    verdict = house.judged(house.signed(START + 100 * DAY), START + 50 * DAY)
    assert verdict.outcome is not Outcome.VALID or "timestamp-from-future" in {
        one.code for one in person(verdict).problems
    }
    assert "timestamp-from-future" in {one.code for one in person(verdict).problems}


def response(
    house: House, status: Any, *, key: Any = None, responder: x509.Certificate | None = None, at: datetime
) -> ocsp.OCSPResponse:
    gone = at if status is ocsp.OCSPCertStatus.REVOKED else None
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=house.signer, issuer=house.issuing, algorithm=hashes.SHA1(), cert_status=status,
            this_update=at, next_update=at + DAY, revocation_time=gone, revocation_reason=None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, responder or house.issuing)
    )  # fmt: skip
    if responder is not None:
        builder = builder.certificates([responder])
    return builder.sign(key or house.key, hashes.SHA256())


def responder_of(house: House, issuer_key: Any, usage: Any, at: datetime) -> tuple[Any, x509.Certificate]:
    key = pki.new_key()
    made = (
        x509.CertificateBuilder()
        .subject_name(pki.Identity("Responder", "House").to_name())
        .issuer_name(house.issuing.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - DAY)
        .not_valid_after(at + YEAR)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    return key, made


def test_answers_of_a_responder_count_when_it_may_answer(house: House) -> None:
    at = START + 100 * DAY
    good, gone = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED
    usage = x509.ExtendedKeyUsageOID.OCSP_SIGNING
    now = datetime.now(UTC)  # the library says of an answer that it was produced now
    stranger = House()
    key, responder = responder_of(house, house.key, usage, now)
    forged_key, forged = responder_of(house, pki.new_key(), usage, now)
    other_key, other = responder_of(house, house.key, x509.ExtendedKeyUsageOID.CLIENT_AUTH, now)
    answer = partial(response, house, at=at)
    for given, expected in (
        ([answer(good)], (False, True)),
        ([answer(gone)], (True, True)),
        ([answer(gone, key=key, responder=responder)], (True, True)),
        ([answer(gone, key=stranger.key, responder=stranger.issuing)], (False, False)),
        ([answer(gone, key=forged_key, responder=forged)], (False, False)),
        ([answer(gone, key=other_key, responder=other)], (False, False)),
        ([answer(good), answer(gone)], (True, True)),
    ):
        material = Material((house.root,), [house.issuing], [], list(given))
        revoked, is_known = revocation(material, house.signer, house.issuing, at)
        assert (revoked is not None, is_known) == expected


def by_pyhanko(house: House, key: Any, *, pss: bool = False, digest: str = "sha256") -> bytes:
    """A signature made by another program, with a key of another kind."""
    store = SimpleCertificateStore()
    store.register(loaded(house.issuing))
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    signer = signers.SimpleSigner(
        loaded(house.leaf(key)), asn1_keys.PrivateKeyInfo.load(der), store, prefer_pss=pss
    )
    metadata = signers.PdfSignatureMetadata(
        field_name="F", md_algorithm=digest, subfilter=fields.SigSeedSubFilter.PADES
    )
    writer = IncrementalPdfFileWriter(io.BytesIO(small_pdf()))
    made: Any = signers.PdfSigner(metadata, signer).sign_pdf(writer)
    return bytes(made.getvalue())


@pytest.mark.parametrize("kind", ["ed25519", "rsa", "rsa-pss", "sha1", "short"])
def test_keys_and_digests_of_other_programs(kind: str) -> None:
    house = House(at=datetime.now(UTC) - DAY)
    house.root = pki.make_root(pki.Identity("Root", "House"), house.root_key, house.at)
    house.__dict__["issuing"] = house._issuing(house.at)
    key: Any = ed25519.Ed25519PrivateKey.generate() if kind == "ed25519" else None
    key = key or rsa.generate_private_key(65537, 1024 if kind == "short" else 2048)
    digest = {"sha1": "sha1", "ed25519": "sha512"}.get(kind, "sha256")
    pdf = by_pyhanko(house, key, pss=kind == "rsa-pss", digest=digest)
    verdict = house.judged(pdf, datetime.now(UTC))
    codes = {one.code for one in person(verdict).problems}
    assert person(verdict).intact is True
    if kind in ("sha1", "short"):
        assert verdict.outcome is Outcome.INDETERMINATE
        assert codes == {"algorithm-ended"}
    else:
        assert (verdict.outcome, codes) == (Outcome.VALID, set())
    place = pdf.index(b"/MediaBox")
    assert (
        house.judged(pdf[:place] + b"/MediaBix" + pdf[place + 9 :], datetime.now(UTC)).outcome
        is Outcome.INVALID
    )
