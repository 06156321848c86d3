"""The root on its offline machine: a folder with the key under a passphrase, and what it gave out.

| File | What |
|---|---|
| ``root.p12`` | key and certificate (PKCS#12, RFC 7292; AES-256, PBKDF2), readable for ``openssl`` |
| ``root.crl`` | the newest revocation list (DER): the numbers and the revoked are read from here, signed |
| ``issuing-NUMBER.crt`` | a certificate that was issued, by the number of its request |

Neither a database nor a home nor a network is needed.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, pkcs12
from cryptography.hazmat.primitives.serialization.pkcs12 import PBES

from signing import pki
from signing.errors import RequestUnfit
from signing.keys import PrivateKey, PublicKey, is_strong, same_key
from signing.root_papers import Answer, Request, Revoked

KEY_FILE: Final = "root.p12"
LIST_FILE: Final = "root.crl"
ROUNDS: Final = 600_000
"""Of PBKDF2-HMAC-SHA-256, as OWASP recommends."""
SHORTEST_PASSPHRASE: Final = 12
LIST_DAYS: Final = 190
"""A list of an offline root is good for half a year, and a few days in which to fetch the next."""
MOST_LIST_DAYS: Final = 400


@dataclass(frozen=True)
class Root:
    """An opened root. ``newest`` is the list that was given out last."""

    folder: Path
    certificate: x509.Certificate
    key: PrivateKey
    newest: x509.CertificateRevocationList | None


def make(
    folder: Path, identity: pki.Identity, passphrase: str, now: datetime, algorithm: str = "P-256"
) -> x509.Certificate:
    """A new root in a new folder. ``identity`` gives the organisation. Raises RequestUnfit."""
    key = pki.new_key(algorithm)
    named = pki.Identity("Vermilion Root CA", identity.organisation, identity.unit, None,
                         identity.organisation_code)  # fmt: skip
    certificate = pki.make_root(named, key, now)
    crl = pki.make_crl(certificate, key, 1, (), now, now + timedelta(days=LIST_DAYS))
    put(folder, certificate, key, crl, passphrase)
    return certificate


def put(
    folder: Path,
    certificate: x509.Certificate,
    key: PrivateKey,
    crl: x509.CertificateRevocationList,
    passphrase: str,
) -> None:
    """Write a root into a folder that holds none, and open it again to see that it is there.

    Raises RequestUnfit (exists, passphrase-short).
    """
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise RequestUnfit(field="passphrase", reason="passphrase-short")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    protection = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(ROUNDS)
        .key_cert_algorithm(PBES.PBESv2SHA256AndAES256CBC)
        .hmac_hash(hashes.SHA256())
        .build(passphrase.encode())
    )
    data = pkcs12.serialize_key_and_certificates(b"root", key, certificate, None, protection)
    try:
        _write(folder / KEY_FILE, data, new=True)
    except FileExistsError as error:
        raise RequestUnfit(field="folder", reason="exists") from error
    _write(folder / LIST_FILE, crl.public_bytes(Encoding.DER))
    again = open_root(folder, passphrase)
    if not same_key(again.key.public_key(), key.public_key()) or again.certificate != certificate:
        raise RequestUnfit(field="folder", reason="unreadable")


def open_root(folder: Path, passphrase: str) -> Root:
    """The root of a folder. Raises RequestUnfit (no-root, password, unreadable, broken-signature)."""
    try:
        data = (folder / KEY_FILE).read_bytes()
    except OSError as error:
        raise RequestUnfit(field="folder", reason="no-root") from error
    try:
        key, certificate, _others = pkcs12.load_key_and_certificates(data, passphrase.encode())
    except (ValueError, TypeError) as error:
        raise RequestUnfit(field="passphrase", reason="password") from error
    if certificate is None or not isinstance(key, PrivateKey):
        raise RequestUnfit(field="folder", reason="unreadable")
    return Root(folder, certificate, key, _newest(folder, key.public_key()))


def _newest(folder: Path, public: PublicKey) -> x509.CertificateRevocationList | None:
    """The list given out last; one that the root did not sign is refused, not begun anew."""
    try:
        crl = x509.load_der_x509_crl((folder / LIST_FILE).read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise RequestUnfit(field="folder", reason="unreadable") from error
    if not crl.is_signature_valid(public):
        raise RequestUnfit(field="folder", reason="broken-signature")
    return crl


def check_request(root: Root, request: Request) -> None:
    """Raise RequestUnfit (other-root, broken-signature, weak-key) unless this root may answer."""
    if request.root is not None and request.root != fingerprint(root.certificate):
        raise RequestUnfit(reason="not-ours")
    asked = request.signing_request
    if asked is not None and not is_strong(asked.public_key()):
        raise RequestUnfit(reason="weak-key")


def answer(root: Root, request: Request, now: datetime, days: int = LIST_DAYS) -> Answer:
    """Issue what is asked for, and the next list; both stay in the folder. Raises RequestUnfit.

    The same request gets the same certificate again, and a newer list.
    """
    check_request(root, request)
    if not root.certificate.not_valid_before_utc <= now < root.certificate.not_valid_after_utc:
        raise RequestUnfit(reason="expired")
    certificate = _issued(root, request, now)
    number, revoked = request.list_number, {one.serial: one for one in request.revoked}
    if root.newest is not None:
        number = max(number, _number(root.newest))
        revoked = {one.serial: one for one in _on(root.newest)} | {
            serial: one for serial, one in revoked.items() if not _is_on(root.newest, serial)
        }
    entries = [(one.serial, one.at, one.reason) for one in sorted(revoked.values(), key=lambda one: one.at)]
    crl = pki.make_crl(root.certificate, root.key, number + 1, entries, now, now + timedelta(days=days))
    _write(root.folder / LIST_FILE, crl.public_bytes(Encoding.DER))
    return Answer(request.number, root.certificate, certificate, crl)


def _issued(root: Root, request: Request, now: datetime) -> x509.Certificate | None:
    asked = request.signing_request
    if asked is None:
        return None
    key = asked.public_key()
    assert isinstance(key, PublicKey)  # is_strong
    file = root.folder / f"issuing-{request.number}.crt"
    if file.exists():
        known = x509.load_pem_x509_certificate(file.read_bytes())
        known_key = known.public_key()
        if isinstance(known_key, PublicKey) and same_key(known_key, key):
            return known
        raise RequestUnfit(reason="other-key")
    issuer = pki.Issuer(root.certificate, root.key, request.list_url, request.certificate_url)
    certificate = pki.make_issuing(asked.subject, key, issuer, now)
    _write(file, certificate.public_bytes(Encoding.PEM), new=True)
    return certificate


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of a certificate, in lower-case hex."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def _number(crl: x509.CertificateRevocationList) -> int:
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def _on(crl: x509.CertificateRevocationList) -> list[Revoked]:
    found = []
    for one in crl:
        try:
            reason = one.extensions.get_extension_for_class(x509.CRLReason).value.reason
        except x509.ExtensionNotFound:
            reason = x509.ReasonFlags.unspecified
        found.append(Revoked(one.serial_number, one.revocation_date_utc, reason))
    return found


def _is_on(crl: x509.CertificateRevocationList, serial: int) -> bool:
    return crl.get_revoked_certificate_by_serial_number(serial) is not None


def _write(path: Path, data: bytes, *, new: bool = False) -> None:
    """Durably, readable for its owner only; with ``new`` raises FileExistsError, else in one step."""
    target = path if new else path.with_name(path.name + ".new")
    flags = os.O_WRONLY | os.O_CREAT | (os.O_EXCL if new else os.O_TRUNC)
    with os.fdopen(os.open(target, flags, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    if target != path:
        target.replace(path)
