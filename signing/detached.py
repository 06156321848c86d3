"""Checks the signature and token of a tree head, with nothing but certificates at hand.

Only what this product makes is understood: CMS with signed attributes, ECDSA or RSA PKCS#1 v1.5,
SHA-2. Everything else is a problem with a name, never an exception.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from asn1crypto import cms, tsp
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

_HASHES: Final = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
_DEEPEST: Final = 5


class NotGood(Exception):
    """A signature or token that does not hold; the argument is one of ``form``, ``digest``,
    ``signature``, ``chain``, ``validity``, ``usage``."""


def signer_of(content_info: bytes, content: bytes, roots: Sequence[bytes], at: datetime) -> x509.Certificate:
    """Who made a detached CMS over ``content``, trusted by a root (DER) at a moment. Raises NotGood."""
    return _signer(_signed_data(content_info), content, roots, at)


def stamped_at(token: bytes, stamped: bytes, roots: Sequence[bytes]) -> datetime:
    """When a token says that ``stamped`` was there, of an authority below a root. Raises NotGood."""
    signed = _signed_data(token)
    try:
        content = bytes(signed["encap_content_info"]["content"])
        info = tsp.TSTInfo.load(content)
        imprint = info["message_imprint"]
        name = imprint["hash_algorithm"]["algorithm"].native
        expected, at = imprint["hashed_message"].native, info["gen_time"].native
    except (ValueError, TypeError, KeyError) as error:
        raise NotGood("form") from error
    if name not in _HASHES or hashlib.new(name, stamped).digest() != expected:
        raise NotGood("digest")
    signer = _signer(signed, content, roots, at)
    try:
        usage = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound as error:
        raise NotGood("usage") from error
    if list(usage) != [ExtendedKeyUsageOID.TIME_STAMPING]:  # RFC 3161, 2.3: that one alone
        raise NotGood("usage")
    moment: datetime = at
    return moment


def _signed_data(content_info: bytes) -> Any:
    try:
        found = cms.ContentInfo.load(content_info, strict=True)
        if found["content_type"].native != "signed_data":
            raise NotGood("form")
        signed = found["content"]
        if len(signed["signer_infos"]) != 1:
            raise NotGood("form")
    except (ValueError, TypeError, KeyError) as error:
        raise NotGood("form") from error
    return signed


def _signer(signed: Any, content: bytes, roots: Sequence[bytes], at: datetime) -> x509.Certificate:
    try:
        info = signed["signer_infos"][0]
        name = info["digest_algorithm"]["algorithm"].native
        attributes = {one["type"].native: one["values"][0].native for one in info["signed_attrs"]}
        covered = info["signed_attrs"].untag().dump()
        certificates = [
            x509.load_der_x509_certificate(one.chosen.dump()) for one in signed["certificates"] or ()
        ]
        serial, signature = info["sid"].chosen["serial_number"].native, info["signature"].native
    except (ValueError, TypeError, KeyError) as error:
        raise NotGood("form") from error
    if name not in _HASHES or attributes.get("message_digest") != hashlib.new(name, content).digest():
        raise NotGood("digest")
    signer = next((one for one in certificates if one.serial_number == serial), None)
    if signer is None:
        raise NotGood("form")
    _check_signature(signer, signature, covered, _HASHES[name])
    _check_chain(signer, certificates, [x509.load_der_x509_certificate(one) for one in roots], at)
    return signer


def _check_signature(
    signer: x509.Certificate, signature: bytes, covered: bytes, algorithm: hashes.HashAlgorithm
) -> None:
    key = signer.public_key()
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, covered, ec.ECDSA(algorithm))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, covered, padding.PKCS1v15(), algorithm)
        else:
            raise NotGood("form")
    except InvalidSignature as error:
        raise NotGood("signature") from error


def _check_chain(
    signer: x509.Certificate,
    others: Sequence[x509.Certificate],
    roots: Sequence[x509.Certificate],
    at: datetime,
) -> None:
    current = signer
    for _ in range(_DEEPEST):
        if not current.not_valid_before_utc <= at <= current.not_valid_after_utc:
            raise NotGood("validity")
        if current in roots:
            return
        above = next((one for one in (*roots, *others) if _issued(one, current)), None)
        if above is None:
            break
        current = above
    raise NotGood("chain")


def _issued(above: x509.Certificate, below: x509.Certificate) -> bool:
    try:
        below.verify_directly_issued_by(above)
        constraints = above.extensions.get_extension_for_class(x509.BasicConstraints).value
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    return bool(constraints.ca)
