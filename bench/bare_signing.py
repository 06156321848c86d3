"""The rival: stock pyHanko with keys of the same type, and nothing around it."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

from asn1crypto import cms, core
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.sign.general import as_signing_certificate, simple_cms_attribute
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore


class EllipticTimeStamper(DummyTimeStamper):
    """pyHanko's in-process authority, which knows RSA only, with P-256."""

    def _sign_tst_info(
        self, tst_info: bytes, md_algorithm: str, at: datetime
    ) -> tuple[bytes, cms.CMSAttributes]:
        attributes = cms.CMSAttributes(
            [
                simple_cms_attribute("content_type", "tst_info"),
                simple_cms_attribute("signing_time", cms.Time({"utc_time": core.UTCTime(at)})),
                simple_cms_attribute("signing_certificate", as_signing_certificate(self.tsa_cert)),
                simple_cms_attribute("message_digest", hashlib.new(md_algorithm, tst_info).digest()),
            ]
        )
        key = serialization.load_der_private_key(self.tsa_key.dump(), password=None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return key.sign(attributes.dump(), ec.ECDSA(hashes.SHA256())), attributes

    def _build_signed_data(self, *parts: Any) -> dict[str, Any]:
        data: dict[str, Any] = super()._build_signed_data(*parts)
        data["signer_infos"][0]["signature_algorithm"] = {"algorithm": "sha256_ecdsa"}
        return data


class BareSigner:
    """Signs PDFs as PAdES B-T with P-256 for signer and time-stamp authority."""

    def __init__(self) -> None:
        certificate, key = _make("Bench signer", is_authority=False)
        stamp_certificate, stamp_key = _make("Bench time-stamps", is_authority=True)
        self._timestamper = EllipticTimeStamper(stamp_certificate, stamp_key)
        self._signer = signers.SimpleSigner(certificate, key, SimpleCertificateStore())
        self._count = 0

    def sign(self, pdf: bytes) -> bytes:
        """The PDF with one more, invisible, signature."""
        self._count += 1
        metadata = signers.PdfSignatureMetadata(
            field_name=f"Bench{self._count}",
            md_algorithm="sha256",
            subfilter=fields.SigSeedSubFilter.PADES,
            reason="同意",
        )
        signer = signers.PdfSigner(metadata, self._signer, timestamper=self._timestamper)
        signed: BytesIO = signer.sign_pdf(IncrementalPdfFileWriter(BytesIO(pdf)))
        return signed.getvalue()


def _make(name: str, *, is_authority: bool) -> tuple[asn1_x509.Certificate, asn1_keys.PrivateKeyInfo]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(_usage(), critical=True)
    )
    if is_authority:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(usage, critical=True)
    certificate = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    der = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return asn1_x509.Certificate.load(certificate), asn1_keys.PrivateKeyInfo.load(der)


def _usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
