"""What we sign, judged by others: poppler, OpenSSL, and pyHanko's own validator.

Two hundred combinations of algorithm, level, number of signers, certification and pages. Each judge
accepts every one of them, and rejects it after one byte within a signed range was changed.
"""

from __future__ import annotations

import functools
import io
import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pikepdf
import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import validate_pdf_signature, validate_pdf_timestamp
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from core.clock import SystemClock
from signing import pades, pki
from signing.fields import FieldSpec
from signing.signed_data import PrivateKey
from signing.timestamp import InternalTimeStamper
from signing.verification import Outcome, verify_pdf
from tests import independent
from tests.office import contract_pdf

LEVELS: Final = ("B-B", "B-T", "B-LTA")
PARTS: Final = 10


@dataclass(frozen=True)
class Authority:
    """A root, an issuing authority, a time-stamp authority and keys of one kind."""

    root: asn1_x509.Certificate
    issuing: asn1_x509.Certificate
    stamper: InternalTimeStamper
    stamper_certificate: asn1_x509.Certificate
    crls: tuple[bytes, ...]
    signers: tuple[tuple[asn1_x509.Certificate, PrivateKey], ...]

    def key(self, number: int, digest: str) -> pades.SigningKey:
        certificate, key = self.signers[number]
        return pades.SigningKey(certificate, key, (self.issuing,), digest)


@dataclass(frozen=True)
class Combination:
    """What one file is made of."""

    algorithm: str
    digest: str
    level: str
    signers: int
    certified: bool
    pages: int

    def __str__(self) -> str:
        kind = "certified" if self.certified else "open"
        return f"{self.algorithm}-{self.digest}-{self.level}-{self.signers}-{kind}-{self.pages}p"


def combinations() -> list[Combination]:
    """Two hundred of all that there are, drawn once and for all, every value of each among them."""
    every = [
        Combination(*parts)
        for parts in itertools.product(
            ("P-256", "RSA-2048", "RSA-3072", "RSA-4096"),
            ("sha256", "sha384", "sha512"),
            LEVELS,
            (1, 2, 3, 5),
            (False, True),
            (1, 2, 7),
        )
    ]
    return random.Random(20261126).sample(every, 200)


KEYS: Final[dict[str, Callable[[], PrivateKey]]] = {
    "P-256": pki.new_key,
    "RSA-2048": lambda: rsa.generate_private_key(65537, 2048),
    "RSA-3072": lambda: rsa.generate_private_key(65537, 3072),
    "RSA-4096": lambda: rsa.generate_private_key(65537, 4096),
}


def _asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))


@pytest.fixture(scope="session")
def authorities() -> dict[str, Authority]:
    """One authority for each algorithm; its keys are shared by all files."""
    return {algorithm: _authority(make) for algorithm, make in KEYS.items()}


def _authority(make: Callable[[], Any]) -> Authority:
    now = datetime.now(UTC)
    root_key, issuing_key = pki.new_key(), pki.new_key()
    root = pki.make_root(pki.Identity("Judged root", "Judged"), root_key, now)
    top = pki.Issuer(root, root_key, "http://127.0.0.1/root.crl", "http://127.0.0.1/root.crt")
    issuing = pki.make_issuing(pki.Identity("Judged issuing", "Judged"), issuing_key, top, now)
    issuer = pki.Issuer(issuing, issuing_key, "http://127.0.0.1/issuing.crl", "http://127.0.0.1/issuing.crt")
    stamper_key, shared = make(), make()
    stamper = _asn1(pki.make_tsa(pki.Identity("Judged time-stamps", "Judged"), stamper_key, issuer, now))
    signers = tuple(
        (_asn1(pki.make_signer(pki.Identity(f"Signer {number}", "Judged"), shared, issuer, now)), shared)
        for number in range(5)
    )
    crls = tuple(
        one.public_bytes(Encoding.DER)
        for one in (
            pki.make_crl(root, root_key, 1, (), now),
            pki.make_crl(issuing, issuing_key, 1, (), now),
        )
    )
    return Authority(
        _asn1(root), _asn1(issuing),
        InternalTimeStamper(stamper, stamper_key, SystemClock(), (_asn1(issuing),)),
        stamper, crls, signers,
    )  # fmt: skip


@functools.cache
def _blank(pages: int) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(contract_pdf())) as pdf:
        while len(pdf.pages) < pages:
            pdf.pages.append(pdf.pages[0])
        while len(pdf.pages) > pages:
            del pdf.pages[-1]
        pdf.save(out)
    return out.getvalue()


def made(wanted: Combination, authority: Authority) -> bytes:
    """The signed file."""
    names = [f"F{number}" for number in range(wanted.signers)]
    boxes = [(40.0, 40 + 60.0 * number, 200.0, 90 + 60.0 * number) for number in range(wanted.signers)]
    page = wanted.pages - 1
    fields = [FieldSpec(name, page, box) for name, box in zip(names, boxes, strict=True)]
    pdf = pades.add_fields(_blank(wanted.pages), fields)
    stamper = None if wanted.level == "B-B" else authority.stamper
    for number, name in enumerate(names):
        key = authority.key(number, wanted.digest)
        certify = wanted.certified and number == 0
        pdf = pades.sign(pdf, name, key, stamper, reason="同意", name=f"Signer {number}", certify=certify)
    if wanted.level == "B-LTA":
        certificates = (authority.issuing, authority.stamper_certificate)
        pdf = pades.add_evidence(pdf, authority.stamper, certificates, authority.crls, wanted.digest)
    return pdf


def judgements(
    pdf: bytes, wanted: Combination, authority: Authority, folder: Path
) -> Iterator[tuple[str, bool]]:
    """Each judge's name, and whether it accepts the whole file."""
    path = folder / "judged.pdf"
    path.write_bytes(pdf)
    said = independent.pdfsig(path)
    yield "pdfsig", said == ["Signature is Valid."] * wanted.signers
    root, issuing = authority.root.dump(), authority.issuing.dump()
    found = independent.signatures(pdf)
    yield (
        "openssl cms",
        all(independent.openssl_accepts(one, root, folder) for one in found if not one.is_timestamp),
    )
    if wanted.level != "B-B":
        yield (
            "openssl ts",
            all(independent.openssl_accepts_token(one, root, issuing, folder) for one in found),
        )
    yield "pyHanko", _pyhanko_accepts(pdf, authority, wanted)
    verdict = verify_pdf(pdf, [root], datetime.now(UTC))
    yield "ours", verdict.outcome is Outcome.VALID and _levels(verdict) == {wanted.level}


def _levels(verdict: Any) -> set[str]:
    return {str(one.level) for one in verdict.facts.signatures if one.kind.value != "timestamp"}


def _pyhanko_accepts(pdf: bytes, authority: Authority, wanted: Combination) -> bool:
    context = ValidationContext(
        trust_roots=[authority.root], other_certs=[authority.issuing], revocation_mode="soft-fail"
    )
    whole = {SignatureCoverageLevel.ENTIRE_FILE, SignatureCoverageLevel.ENTIRE_REVISION}
    try:
        reader = PdfFileReader(io.BytesIO(pdf))
        signatures = reader.embedded_regular_signatures
        for signature in signatures:
            status = validate_pdf_signature(signature, context, context)
            is_good = status.intact and status.valid and status.trusted and status.coverage in whole
            if not is_good or status.modification_level is ModificationLevel.OTHER:
                return False
        stamps = reader.embedded_timestamp_signatures
        for stamp in stamps:
            judged = validate_pdf_timestamp(stamp, context)
            if not (judged.intact and judged.valid and judged.trusted and judged.coverage in whole):
                return False
    except Exception:  # whatever it raises over a damaged file is no acceptance
        return False
    return len(signatures) == wanted.signers and len(stamps) == (wanted.level == "B-LTA")


def one_byte_changed(pdf: bytes, chance: random.Random) -> bytes:
    """The file with one byte of the first signature's range changed, where all later ones cover it too."""
    start, length, second, rest = min(independent.byte_ranges(pdf), key=lambda one: one[2] + one[3])
    # Inside a content stream, so that the structure stays whole and only the signature can tell.
    place = pdf.index(b"stream", chance.randrange(length // 2)) + 8
    assert start <= place < length or second <= place < second + rest
    altered = bytearray(pdf)
    altered[place] ^= 1 + chance.randrange(255)
    return bytes(altered)


@pytest.mark.parametrize("part", range(PARTS))
def test_every_judge_accepts_what_was_signed_and_rejects_it_altered(
    authorities: dict[str, Authority], part: int, tmp_path: Path
) -> None:
    chance = random.Random(part)
    for wanted in combinations()[part::PARTS]:
        authority = authorities[wanted.algorithm]
        pdf = made(wanted, authority)
        for judge, accepts in judgements(pdf, wanted, authority, tmp_path):
            assert accepts, f"{judge} rejects {wanted}"
        altered = one_byte_changed(pdf, chance)
        for judge, accepts in judgements(altered, wanted, authority, tmp_path):
            # A token is over the signature's value, which was not changed.
            assert not accepts or judge == "openssl ts", f"{judge} accepts {wanted} altered"
