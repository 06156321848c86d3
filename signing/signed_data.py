"""CMS signatures and time-stamp tokens from templates (RFC 5652, RFC 3161).

All that is the same in every signature of a key (certificates, identifiers, algorithms, most signed
attributes) is encoded once. A signature then costs its two hashes, the key's operation and joining
a few byte strings: a hundredth of what building the same structure from objects takes.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import Final

from asn1crypto import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from signing.encoding import (
    NULL,
    context,
    element,
    generalized_time,
    integer,
    octets,
    oid,
    sequence,
    set_of,
    utc_time,
)

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
Stamp = Callable[[bytes, str], bytes]
"""Gives the token (DER of a ContentInfo) over a digest; the second argument names its algorithm."""

_SIGNED_DATA: Final = oid("1.2.840.113549.1.7.2")
_DATA: Final = oid("1.2.840.113549.1.7.1")
_TST_INFO: Final = oid("1.2.840.113549.1.9.16.1.4")
_CONTENT_TYPE: Final = oid("1.2.840.113549.1.9.3")
_MESSAGE_DIGEST: Final = oid("1.2.840.113549.1.9.4")
_SIGNING_TIME: Final = oid("1.2.840.113549.1.9.5")
_SIGNING_CERTIFICATE_V2: Final = oid("1.2.840.113549.1.9.16.2.47")
_ALGORITHM_PROTECTION: Final = oid("1.2.840.113549.1.9.52")
_TIME_STAMP_TOKEN: Final = oid("1.2.840.113549.1.9.16.2.14")

_SOME_TIME: Final = datetime(2026, 11, 26, 12, 0, 0, 999999, tzinfo=UTC)
"""As long as any time is."""

_DIGESTS: Final = {"sha256": "1", "sha384": "2", "sha512": "3"}
_HASHES: Final = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
_RSA: Final = {"sha256": "11", "sha384": "12", "sha512": "13"}
_ECDSA: Final = {"sha256": "2", "sha384": "3", "sha512": "4"}


class DigestUnknown(ValueError):
    """No signature is made over a digest of this name."""


@lru_cache(8)
def digest_algorithm(name: str) -> bytes:
    """The AlgorithmIdentifier of a digest, parameters absent (RFC 5754, 2). Raises DigestUnknown."""
    if name not in _DIGESTS:
        raise DigestUnknown(name)
    return sequence(oid(f"2.16.840.1.101.3.4.2.{_DIGESTS[name]}"))


class Template:
    """What all signatures of one key over one kind of content share.

    ``content_type`` is the encoded identifier of what is signed; ``protects`` adds the attribute of
    RFC 6211, which keeps the algorithms from being exchanged.
    """

    def __init__(
        self,
        key: PrivateKey,
        certificate: x509.Certificate,
        chain: Sequence[x509.Certificate],
        digest: str,
        content_type: bytes = _DATA,
        *,
        protects: bool = True,
    ) -> None:
        self._key = key
        self._digest = digest
        self._digest_size = hashlib.new(digest).digest_size
        digest_id = digest_algorithm(digest)
        is_rsa = isinstance(key, rsa.RSAPrivateKey)
        signature_id = (
            sequence(oid(f"1.2.840.113549.1.1.{_RSA[digest]}"), NULL)
            if is_rsa
            else sequence(oid(f"1.2.840.10045.4.3.{_ECDSA[digest]}"))
        )
        constant = [
            _attribute(_CONTENT_TYPE, content_type),
            _attribute(_SIGNING_CERTIFICATE_V2, _signing_certificate(certificate)),
        ]
        if protects:
            algorithms = sequence(digest_id, context(1, signature_id[2:]))  # the second one IMPLICIT
            constant.append(_attribute(_ALGORITHM_PROTECTION, algorithms))
        self._constant = constant
        self._digest_id = digest_id
        self._signature_id = signature_id
        self._signer = integer(1) + sequence(certificate.issuer.dump(), integer(certificate.serial_number))
        self._content_type = content_type
        certificates = [one.dump() for one in (certificate, *chain)]
        self._certificates = context(0, *sorted(certificates))

    def sign(
        self,
        digest: bytes,
        *,
        content: bytes | None = None,
        at: datetime | None = None,
        stamp: Stamp | None = None,
    ) -> bytes:
        """A ContentInfo over a digest. ``content`` is carried along (a token's), ``at`` is signed as
        signing-time, ``stamp`` is asked for a token over the signature."""
        attributes = [*self._constant, _attribute(_MESSAGE_DIGEST, octets(digest))]
        if at is not None:
            attributes.append(_attribute(_SIGNING_TIME, utc_time(at)))
        signed = set_of(*attributes)
        signature = self._sign(signed)
        token = None
        if stamp is not None:
            token = stamp(hashlib.new(self._digest, signature).digest(), self._digest)
        return self._joined(signed, signature, content, token)

    def longest(
        self, token: int | None = None, content: bytes | None = None, *, has_time: bool = False
    ) -> int:
        """The most bytes that such a signature takes, with a token of at most ``token`` bytes."""
        attributes = [*self._constant, _attribute(_MESSAGE_DIGEST, octets(bytes(self._digest_size)))]
        if has_time:
            attributes.append(_attribute(_SIGNING_TIME, utc_time(_SOME_TIME)))
        size = (self._key.key_size + 7) // 8
        if not isinstance(self._key, rsa.RSAPrivateKey):
            size = 2 * size + 9  # two integers, a sign byte, tag and length each, inside a SEQUENCE
        stamp = bytes(token) if token is not None else None
        return len(self._joined(set_of(*attributes), bytes(size), content, stamp))

    def _joined(self, signed: bytes, signature: bytes, content: bytes | None, token: bytes | None) -> bytes:
        parts = [
            self._signer,
            self._digest_id,
            b"\xa0" + signed[1:],  # signed as SET OF, carried as [0] IMPLICIT (RFC 5652, 5.4)
            self._signature_id,
            octets(signature),
        ]
        if token is not None:
            parts.append(context(1, _attribute(_TIME_STAMP_TOKEN, token)))
        encapsulated = (
            sequence(self._content_type)
            if content is None
            else sequence(self._content_type, context(0, octets(content)))
        )
        version = integer(1 if self._content_type == _DATA else 3)
        signed_data = sequence(
            version,
            element(0x31, self._digest_id),
            encapsulated,
            self._certificates,
            element(0x31, sequence(*parts)),
        )
        return sequence(_SIGNED_DATA, context(0, signed_data))

    def _sign(self, data: bytes) -> bytes:
        algorithm = _HASHES[self._digest]
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(data, padding.PKCS1v15(), algorithm)
        return self._key.sign(data, ec.ECDSA(algorithm))


class TokenTemplate:
    """Time-stamp tokens of one authority (RFC 3161; signing certificate as RFC 5816 has it)."""

    def __init__(
        self,
        key: PrivateKey,
        certificate: x509.Certificate,
        chain: Sequence[x509.Certificate],
        policy: str,
        accuracy_seconds: int,
        digest: str = "sha256",
    ) -> None:
        self._template = Template(key, certificate, chain, digest, _TST_INFO, protects=False)
        self._digest = digest
        self._head = integer(1) + oid(policy)
        self._accuracy = sequence(integer(accuracy_seconds))

    def token(self, digest: bytes, algorithm: str, at: datetime, nonce: int | None = None) -> bytes:
        """A token over ``digest``, made with ``algorithm``, at a moment, to the microsecond."""
        content = self._content(digest, algorithm, at, nonce)
        return self._template.sign(hashlib.new(self._digest, content).digest(), content=content, at=at)

    def _content(self, digest: bytes, algorithm: str, at: datetime, nonce: int | None) -> bytes:
        return sequence(
            self._head,
            sequence(digest_algorithm(algorithm), octets(digest)),
            integer(int.from_bytes(b"\x01" + os.urandom(15), "big")),
            generalized_time(at),
            self._accuracy,
            integer(nonce) if nonce is not None else b"",
        )

    @cached_property
    def longest(self) -> int:
        """The most bytes that a token without a nonce takes."""
        content = self._content(bytes(64), "sha512", _SOME_TIME, None)
        return self._template.longest(content=content, has_time=True)


def _attribute(identifier: bytes, value: bytes) -> bytes:
    return sequence(identifier, element(0x31, value))


def _signing_certificate(certificate: x509.Certificate) -> bytes:
    """SigningCertificateV2 (RFC 5035, 4), with SHA-256, its default, and the issuer."""
    issuer = sequence(context(4, certificate.issuer.dump()))  # GeneralNames with one directoryName
    certificate_id = sequence(
        octets(hashlib.sha256(certificate.dump()).digest()),
        sequence(issuer, integer(certificate.serial_number)),
    )
    return sequence(sequence(certificate_id))
