"""Algorithms by their OIDs, and signatures checked with a public key of whatever kind.

SM2 is checked here; RSA and ECDSA, which some vendors use in the same structures, by ``cryptography``.
"""

from __future__ import annotations

import hashlib
from typing import Final

from asn1crypto import algos, keys
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import load_der_public_key

from signing.national import sm2
from signing.national.sm3 import sm3

SM3_OID: Final = "1.2.156.10197.1.401"
SM2_WITH_SM3_OID: Final = "1.2.156.10197.1.501"
_SM2_SIGNING: Final = frozenset(
    {SM2_WITH_SM3_OID, sm2.CURVE_OID, "1.2.156.10197.1.301.1", "1.2.156.10197.1.401.1", "1.2.840.10045.2.1"}
)
"""What stands as the signature algorithm of SM2 signatures; GM/T 0006 and GM/T 0010 differ."""
_DIGESTS: Final = {
    "1.2.840.113549.2.5": "md5",
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
    SM3_OID: "sm3",
    "1.2.156.10197.1.401.1": "sm3",
}
_SIGNATURES: Final = {
    SM2_WITH_SM3_OID: "sm3",
    "1.2.840.113549.1.1.4": "md5",
    "1.2.840.113549.1.1.5": "sha1",
    "1.3.14.3.2.29": "sha1",
    "1.2.840.113549.1.1.14": "sha224",
    "1.2.840.113549.1.1.11": "sha256",
    "1.2.840.113549.1.1.12": "sha384",
    "1.2.840.113549.1.1.13": "sha512",
    "1.2.840.10045.4.1": "sha1",
    "1.2.840.10045.4.3.1": "sha224",
    "1.2.840.10045.4.3.2": "sha256",
    "1.2.840.10045.4.3.3": "sha384",
    "1.2.840.10045.4.3.4": "sha512",
}
"""Signature algorithms that say their digest themselves."""
_NAMES: Final = {"sha-1": "sha1", "sha-256": "sha256", "sha-384": "sha384", "sha-512": "sha512"}
_HASHES: Final[dict[str, type[hashes.HashAlgorithm]]] = {
    "md5": hashes.MD5,
    "sha1": hashes.SHA1,
    "sha224": hashes.SHA224,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
WEAK: Final = frozenset({"md5", "sha1"})
"""Digests for which two texts with one value can be made."""

# asn1crypto then calls these by their names. The registration is one for the whole process, and the
# names are its own form, so that nothing else is read differently.
if sm2.CURVE_OID not in keys.NamedCurve._map:
    keys.NamedCurve.register("sm2p256v1", sm2.CURVE_OID, 32)
algos.SignedDigestAlgorithmId._map.setdefault(SM2_WITH_SM3_OID, "sm2_sm3")
algos.DigestAlgorithmId._map.setdefault(SM3_OID, "sm3")


def digest_name(said: str) -> str | None:
    """``md5``, ``sha1``, ``sha256`` … ``sm3`` for a name in any spelling or an OID; None when unknown."""
    said = said.strip()
    if said in _DIGESTS:
        return _DIGESTS[said]
    name = _NAMES.get(said.lower(), said.lower())
    return name if name in _HASHES or name == "sm3" else None


def digest_of_signature(oid: str) -> str | None:
    """The digest that a signature algorithm names; None when it leaves that to the context."""
    return _SIGNATURES.get(oid)


def digest(name: str, data: bytes) -> bytes:
    """The digest by one of the names of ``digest_name``."""
    return sm3(data) if name == "sm3" else hashlib.new(name, data, usedforsecurity=False).digest()


def check_signature(
    key_info: bytes,
    sm2_key: sm2.PublicKey | None,
    algorithm: str,
    digest_used: str,
    signed: bytes,
    value: bytes,
) -> bool | None:
    """Whether ``value`` is a signature over ``signed``; None when the algorithm is not known here.

    ``key_info`` is the SubjectPublicKeyInfo (DER), ``sm2_key`` its point where it is an SM2 key;
    ``digest_used`` counts where the algorithm does not name a digest itself.
    """
    if sm2_key is not None:
        return _check_sm2(sm2_key, value, signed) if algorithm in _SM2_SIGNING else None
    kind = _HASHES.get(digest_of_signature(algorithm) or digest_used)
    if kind is None:
        return None
    try:
        key = load_der_public_key(key_info)
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(value, signed, padding.PKCS1v15(), kind())
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(_ecdsa(value), signed, ec.ECDSA(kind()))
        else:
            return None
    except InvalidSignature:
        return False
    except (ValueError, UnsupportedAlgorithm):
        return None
    return True


def _check_sm2(key: sm2.PublicKey, value: bytes, signed: bytes) -> bool:
    """With the usual id; with an empty one, and without Z, as some libraries sign that were told nothing."""
    if sm2.verify(key, value, signed) or sm2.verify(key, value, signed, b""):
        return True
    return sm2.verify_digest(key, value, sm3(signed))


def _ecdsa(value: bytes) -> bytes:
    """Raw r ‖ s as DER; DER as it is."""
    if len(value) in (64, 96) and value[:1] != b"\x30":
        half = len(value) // 2
        return utils.encode_dss_signature(
            int.from_bytes(value[:half], "big"), int.from_bytes(value[half:], "big")
        )
    return value
