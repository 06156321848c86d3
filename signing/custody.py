"""Custody of people's private keys: an envelope that opens with the PIN and the master key together.

The wrapping key is argon2id(PIN) (RFC 9106), mixed by HKDF with a pepper that the master key wraps
(``signing.peppers``): a stolen database alone gives nothing to guess against. AES-256-GCM
authenticates the person's id and every other member of the envelope along with the key, so that
envelopes cannot be exchanged between people nor altered.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from argon2.exceptions import HashingError
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.masterkey import EnvelopeUnreadable
from signing.errors import PinTooWeak
from signing.peppers import FIRST, PepperSecret, number_in

ENVELOPE_VERSION: Final = 2
IN_SLOT: Final[Mapping[str, Any]] = {"version": 3, "kind": "pkcs11"}
"""In an envelope's stead: the key lies in a PKCS#11 slot (``KeyLocation`` says where) and opens with the
token's own PIN."""
MINIMUM_PIN_LENGTH: Final = 6
_ROWS: Final = ("01234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm")


@dataclass(frozen=True)
class PinCost:
    """What one guess at a PIN costs: argon2id's passes, memory in KiB, and lanes.

    The default is OWASP's first recommendation. More would cost every signature more and a thief
    little: without the master key, which is mixed in, there is nothing to guess against.
    """

    time_cost: int = 2
    memory_kib: int = 19456
    parallelism: int = 1


class PinDoesNotFit(Exception):
    """The envelope does not open with this PIN."""


def check_pin(pin: str) -> None:
    """Raise PinTooWeak for short PINs, rows (123456, qwerty) and repetitions (111111, 121212)."""
    folded = pin.lower()
    is_row = any(folded in row or folded in row[::-1] for row in _ROWS)
    if len(pin) < MINIMUM_PIN_LENGTH or is_row or len(set(folded)) < 3:
        raise PinTooWeak(field="pin", minimum=MINIMUM_PIN_LENGTH)


def seal_envelope(
    key_der: bytes, pin: str, person_id: UUID, pepper: PepperSecret, cost: PinCost
) -> dict[str, Any]:
    """Wrap a private key (PKCS#8 DER). The result is plain JSON."""
    salt, nonce = os.urandom(16), os.urandom(12)
    head: dict[str, Any] = {
        "version": ENVELOPE_VERSION,
        "kdf": "argon2id",
        "time_cost": cost.time_cost,
        "memory_kib": cost.memory_kib,
        "parallelism": cost.parallelism,
        "pepper": pepper.number,
        "salt": _encode(salt),
        "nonce": _encode(nonce),
    }
    ciphertext = AESGCM(_derive(pin, salt, pepper, cost)).encrypt(nonce, key_der, _bound(person_id, head))
    return {**head, "ciphertext": _encode(ciphertext)}


def open_envelope(
    envelope: Mapping[str, Any], pin: str, person_id: UUID, pepper_of: Callable[[int], PepperSecret]
) -> bytes:
    """The private key (PKCS#8 DER). ``pepper_of`` finds a pepper by its number.

    Raises PinDoesNotFit, and EnvelopeUnreadable for another format, a damaged one, or a lost pepper.
    """
    if envelope.get("version") not in (1, ENVELOPE_VERSION) or envelope.get("kdf") != "argon2id":
        raise EnvelopeUnreadable(purpose="person")
    try:
        cost = PinCost(int(envelope["time_cost"]), int(envelope["memory_kib"]), int(envelope["parallelism"]))
        salt, nonce, ciphertext = (_decode(envelope[name]) for name in ("salt", "nonce", "ciphertext"))
        key = _derive(pin, salt, pepper_of(number_in(envelope) or FIRST), cost)
        return AESGCM(key).decrypt(nonce, ciphertext, _bound(person_id, envelope))
    except InvalidTag as error:
        raise PinDoesNotFit from error
    except (KeyError, ValueError, TypeError, HashingError) as error:
        raise EnvelopeUnreadable(purpose="person") from error


def is_in_slot(envelope: Mapping[str, Any]) -> bool:
    """Whether the key lies in a PKCS#11 slot, and not in the envelope."""
    return bool(envelope.get("kind") == IN_SLOT["kind"])


def _derive(pin: str, salt: bytes, pepper: PepperSecret, cost: PinCost) -> bytes:
    stretched = hash_secret_raw(
        pin.encode(), salt, cost.time_cost, cost.memory_kib, cost.parallelism, 32, Type.ID
    )
    return HKDF(hashes.SHA256(), 32, salt=pepper.secret, info=b"vermilion person key 1").derive(stretched)


def _bound(person_id: UUID, envelope: Mapping[str, Any]) -> bytes:
    """What is authenticated beside the key. Version 1 left the envelope's other members out."""
    if envelope["version"] == 1:
        return b"vermilion person key 1 " + person_id.bytes
    members = {name: envelope[name] for name in sorted(envelope) if name != "ciphertext"}
    return b"vermilion person key 2 " + person_id.bytes + json.dumps(members, sort_keys=True).encode()


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decode(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
