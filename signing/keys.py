"""Private keys: which kinds there are, how they are made, written and read, and the hash that fits each.

P-256 is the default: it is fast, has no end date in the validators' algorithm tables, and every tool
that checks our signatures supports it. RSA is for outside verifiers that demand it.

``SignsAsKey`` is all that signing asks of one, wherever the key itself is. Those of the ``cryptography``
package have it, and those of ``signing.pkcs11``, whose keys never leave their token, are built upon the
same classes, so that templates, certificates and pyHanko take them alike.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey

DEFAULT: Final = "P-256"
_RSA_BITS: Final = {"RSA-2048": 2048, "RSA-3072": 3072, "RSA-4096": 4096}
_CURVES: Final = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}


def new_key(algorithm: str = DEFAULT) -> PrivateKey:
    """A new key; ``algorithm`` is one of core.settings.KEY_ALGORITHMS. RSA takes up to seconds.

    Raises ValueError for another one.
    """
    if algorithm in _RSA_BITS:
        return rsa.generate_private_key(65537, _RSA_BITS[algorithm])
    if algorithm != DEFAULT:
        raise ValueError(f"no keys of the kind {algorithm}")
    return ec.generate_private_key(ec.SECP256R1())


def algorithm_of(key: object) -> str:
    """Such as ``P-256`` or ``RSA-3072``; the class's name for what is neither."""
    if isinstance(key, ec.EllipticCurvePrivateKey | ec.EllipticCurvePublicKey):
        return _CURVES.get(key.curve.name, key.curve.name)
    if isinstance(key, rsa.RSAPrivateKey | rsa.RSAPublicKey):
        return f"RSA-{key.key_size}"
    return type(key).__name__.strip("_").removesuffix("PublicKey").removesuffix("PrivateKey")


def public_of(key: PrivateKey | PublicKey) -> PublicKey:
    """The public half."""
    return key.public_key() if isinstance(key, PrivateKey) else key


def is_strong(key: object) -> bool:
    """Whether somebody else's public key is of a kind that lasts: P-256 to P-521, RSA from 2048 bits."""
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.curve.name in _CURVES
    return isinstance(key, rsa.RSAPublicKey) and key.key_size >= 2048


def same_key(one: PublicKey, other: PublicKey) -> bool:
    """Whether two public keys are the same."""
    form = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    return one.public_bytes(*form) == other.public_bytes(*form)


def fitting_hash(key: PrivateKey) -> hashes.SHA256 | hashes.SHA384 | hashes.SHA512:
    """The hash that certificates and lists are signed over: as strong as the key (NIST SP 800-57, 5.6)."""
    size = key.key_size
    if isinstance(key, rsa.RSAPrivateKey):
        return hashes.SHA512() if size >= 4096 else hashes.SHA384() if size >= 3072 else hashes.SHA256()
    return hashes.SHA512() if size > 384 else hashes.SHA384() if size > 256 else hashes.SHA256()


def key_to_der(key: PrivateKey) -> bytes:
    """PKCS#8, unencrypted: the caller wraps it."""
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def key_from_der(der: bytes) -> PrivateKey:
    """The reverse of ``key_to_der``, for bytes that came out of an authenticated envelope.

    OpenSSL's own check of an RSA key takes longer than many signatures and finds nothing that the
    envelope's authentication has not. Raises ValueError for a key of another kind.
    """
    key = load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, PrivateKey):
        raise ValueError("neither an elliptic-curve key nor an RSA key")
    return key


class SignsAsKey(Protocol):
    """A private key that signs."""

    @property
    def key_size(self) -> int:
        """Bits."""

    def sign(self, data: bytes, *how: Any) -> bytes:
        """A signature over data: DER for ECDSA (RFC 3279, 2.2.3), the plain number for RSA."""

    def public_key(self) -> Any:
        """The public half."""
