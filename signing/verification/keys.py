"""Public keys and what they verify: RSA (PKCS#1 v1.5 and PSS), ECDSA, Ed25519, Ed448."""

from __future__ import annotations

from typing import Any, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

HASHES: Final[dict[str, type[hashes.HashAlgorithm]]] = {
    "md5": hashes.MD5, "sha1": hashes.SHA1, "sha224": hashes.SHA224, "sha256": hashes.SHA256,
    "sha384": hashes.SHA384, "sha512": hashes.SHA512, "sha3_256": hashes.SHA3_256,
    "sha3_384": hashes.SHA3_384, "sha3_512": hashes.SHA3_512,
}  # fmt: skip


def verify_with(key: Any, value: bytes, signed: bytes, kind: Any, pss: Any) -> bool:
    """Whether a signature is a key's over some bytes; ``kind`` is a hash, ``pss`` parameters or None."""
    try:
        if isinstance(key, rsa.RSAPublicKey):
            scheme: Any = padding.PKCS1v15()
            if pss is not None:
                of_mask = HASHES[str(pss["mask_gen_algorithm"]["parameters"]["algorithm"].native)]
                scheme = padding.PSS(padding.MGF1(of_mask()), int(pss["salt_length"].native))
            key.verify(value, signed, scheme, kind)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(value, signed, ec.ECDSA(kind))
        elif isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
            key.verify(value, signed)
        else:
            return False
    except (InvalidSignature, ValueError, UnsupportedAlgorithm, KeyError, TypeError):
        return False
    return True
