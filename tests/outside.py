"""A certification authority of somebody else: its root, an issuing authority, what it issues, its lists."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from signing.keys import PrivateKey, new_key

PASSWORD = "p12 password"
LIST_URL = "http://127.0.0.1:9/issuing.crl"


class OutsideAuthority:
    """Knows nothing of the installation under test."""

    def __init__(self, now: datetime, name: str = "Elsewhere") -> None:
        self.now = now
        self.root_key, self.key = new_key(), new_key()
        self.root = self._make(name_of(f"{name} Root"), None, self.root_key.public_key(), is_ca=True)
        self.issuing = self._make(
            name_of(f"{name} Issuing"), (self.root, self.root_key), self.key.public_key(), is_ca=True
        )

    @property
    def root_pem(self) -> bytes:
        return self.root.public_bytes(Encoding.PEM)

    @property
    def root_der(self) -> bytes:
        return self.root.public_bytes(Encoding.DER)

    def issue(
        self,
        subject: x509.Name,
        key: PrivateKey,
        *,
        days: tuple[int, int] = (-1, 700),
        usage: tuple[str, ...] = ("digital_signature", "content_commitment"),
        extended: Sequence[x509.ObjectIdentifier] = (ExtendedKeyUsageOID.EMAIL_PROTECTION,),
        is_ca: bool = False,
        email: str | None = None,
    ) -> x509.Certificate:
        """A certificate below the issuing authority."""
        return self._make(
            subject, (self.issuing, self.key), key.public_key(), is_ca=is_ca, days=days, usage=usage,
            extended=extended, email=email,
        )  # fmt: skip

    def pkcs12(
        self, certificate: x509.Certificate, key: PrivateKey, password: str = PASSWORD, *, bare: bool = False
    ) -> bytes:
        """A file as such authorities hand it out; ``bare`` is without those above."""
        above = None if bare else [self.issuing, self.root]
        return pkcs12.serialize_key_and_certificates(
            b"key", key, certificate, above, BestAvailableEncryption(password.encode())
        )

    def person(self, name: str, **options: object) -> bytes:
        """A file for a person of this name."""
        key = ec.generate_private_key(ec.SECP256R1())
        return self.pkcs12(self.issue(name_of(name), key, **options), key)  # type: ignore[arg-type]

    def lists(self, *revoked: x509.Certificate, days: int = 7, at: datetime | None = None) -> list[bytes]:
        """The root's list and the issuing authority's, DER."""
        return [
            self.crl(self.root, self.root_key, (), days, at),
            self.crl(self.issuing, self.key, revoked, days, at),
        ]

    def crl(
        self,
        issuer: x509.Certificate,
        key: PrivateKey,
        revoked: Sequence[x509.Certificate],
        days: int = 7,
        at: datetime | None = None,
        reason: x509.ReasonFlags = x509.ReasonFlags.key_compromise,
        place: str | None = None,
    ) -> bytes:
        at = at or self.now
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.subject)
            .last_update(at)
            .next_update(at + timedelta(days=days))
        )
        if place is not None:
            names = [x509.UniformResourceIdentifier(place)]
            point = x509.IssuingDistributionPoint(names, None, False, False, None, False, False)
            builder = builder.add_extension(point, critical=True)
        for one in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(one.serial_number).revocation_date(at)
            builder = builder.add_revoked_certificate(
                entry.add_extension(x509.CRLReason(reason), critical=False).build()
            )
        return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)

    def _make(
        self,
        subject: x509.Name,
        issuer: tuple[x509.Certificate, PrivateKey] | None,
        public: object,
        *,
        is_ca: bool,
        days: tuple[int, int] = (-10, 3650),
        usage: tuple[str, ...] = (),
        extended: Sequence[x509.ObjectIdentifier] = (),
        email: str | None = None,
    ) -> x509.Certificate:
        names = (
            "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
            "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
        )  # fmt: skip
        allowed = usage or ("key_cert_sign", "crl_sign")
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer[0].subject if issuer else subject)
            .public_key(public)  # type: ignore[arg-type]
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.now + timedelta(days=days[0]))
            .not_valid_after(self.now + timedelta(days=days[1]))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(**{one: one in allowed for one in names}), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)  # type: ignore[arg-type]
        )
        if issuer is not None:
            above = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer[1].public_key())
            point = x509.DistributionPoint([x509.UniformResourceIdentifier(LIST_URL)], None, None, None)
            builder = builder.add_extension(above, critical=False)
            builder = builder.add_extension(x509.CRLDistributionPoints([point]), critical=False)
        if extended:
            builder = builder.add_extension(x509.ExtendedKeyUsage(list(extended)), critical=False)
        if email is not None:
            names_too = x509.SubjectAlternativeName([x509.RFC822Name(email)])
            builder = builder.add_extension(names_too, critical=False)
        return builder.sign(issuer[1] if issuer else self.root_key, hashes.SHA256())


def name_of(common_name: str, organisation: str | None = None) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COUNTRY_NAME, "CN")]
    if organisation is not None:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


@contextmanager
def serving(files: Mapping[str, bytes]) -> Iterator[tuple[str, list[str]]]:
    """Files over HTTP on loopback: the address, and the paths that were asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            data = files.get(self.path)
            self.send_response(200 if data is not None else 404)
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            self.wfile.write(data or b"")

        def log_message(self, *_words: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
