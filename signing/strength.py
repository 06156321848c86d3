"""Until when algorithms and keys are thought safe: the table by which old signatures are judged.

What a good time-stamp proves to have been there before an algorithm's end stays good; from then on it
proves nothing (EN 319 102-1, 5.2.8 and 5.6.2.4: *CRYPTO_CONSTRAINTS_FAILURE_NO_POE*). ETSI TS 119 312
leaves the dates to the validation policy. Those here are of NIST SP 800-131A (strength below 112 bits:
nothing made after 2013 counts), SP 800-57 part 1, table 4 (112 bits: through 2030), and of FIPS 186-5,
which ended DSA (its predecessor was withdrawn on 2024-02-03). SP 800-57 has no end for 128 bits and more.
What was broken before anybody time-stamped PDFs (MD5, RSA below 1024 bits) never counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

_NEVER: Final = datetime(1, 1, 1, tzinfo=UTC)
_BELOW_112_BITS: Final = datetime(2014, 1, 1, tzinfo=UTC)
_112_BITS: Final = datetime(2031, 1, 1, tzinfo=UTC)
_DSA: Final = datetime(2024, 2, 3, tzinfo=UTC)
_DIGESTS: Final = {
    "md2": _NEVER,
    "md4": _NEVER,
    "md5": _NEVER,
    "sha1": _BELOW_112_BITS,
    "ripemd160": _BELOW_112_BITS,
    "sha224": _112_BITS,
}
_RSA: Final = ((1024, _NEVER), (2048, _BELOW_112_BITS), (3072, _112_BITS))
_EC: Final = ((160, _NEVER), (224, _BELOW_112_BITS), (256, _112_BITS))
"""Keys of fewer bits than the number end at the moment; what is larger has no end yet."""


def end_of_digest(name: str) -> datetime | None:
    """When a digest's time ends; None where no end is known. ``name`` as in ``hashlib``."""
    return _DIGESTS.get(name)


def end_of_key(key: Any) -> datetime | None:
    """When a public key's time ends, by its kind and size; None where no end is known."""
    if isinstance(key, dsa.DSAPublicKey):
        return _BELOW_112_BITS if key.key_size < 2048 else _DSA
    table: tuple[tuple[int, datetime], ...] = ()
    if isinstance(key, rsa.RSAPublicKey):
        table = _RSA
    elif isinstance(key, ec.EllipticCurvePublicKey):
        table = _EC
    return next((end for bits, end in table if key.key_size < bits), None)


def weakness(at: datetime, digests: Iterable[str] = (), key: Any = None) -> str | None:
    """What was not thought safe at a moment, with its last day, such as ``SHA1 (2013-12-31)``; or None."""
    for name in digests:
        if (end := end_of_digest(name)) is not None and at >= end:
            return _said(name.upper(), end)
    if key is not None and (end := end_of_key(key)) is not None and at >= end:
        kinds = {rsa.RSAPublicKey: "RSA", ec.EllipticCurvePublicKey: "EC", dsa.DSAPublicKey: "DSA"}
        kind = next(said for one, said in kinds.items() if isinstance(key, one))
        return _said(f"{kind}-{key.key_size}", end)
    return None


def _said(name: str, end: datetime) -> str:
    if end == _NEVER:
        return name
    return f"{name} ({end - timedelta(days=1):%Y-%m-%d})"
