"""Custody of people's private keys: an envelope that opens with the PIN and the master key together.

The wrapping key is argon2id(PIN) (RFC 9106), mixed with the master key by HKDF: a stolen database
alone gives nothing to guess against. AES-256-GCM authenticates the person's id along with the key,
so that envelopes cannot be exchanged between people.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.masterkey import EnvelopeUnreadable, MasterKey
from signing.errors import PinTooWeak

ENVELOPE_VERSION: Final = 1
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
    key_der: bytes, pin: str, person_id: UUID, master_key: MasterKey, cost: PinCost
) -> dict[str, Any]:
    """Wrap a private key (PKCS#8 DER). The result is plain JSON."""
    salt, nonce = os.urandom(16), os.urandom(12)
    ciphertext = AESGCM(_derive(pin, salt, master_key, cost)).encrypt(nonce, key_der, _bound(person_id))
    return {
        "version": ENVELOPE_VERSION,
        "kdf": "argon2id",
        "time_cost": cost.time_cost,
        "memory_kib": cost.memory_kib,
        "parallelism": cost.parallelism,
        "salt": _encode(salt),
        "nonce": _encode(nonce),
        "ciphertext": _encode(ciphertext),
    }


def open_envelope(envelope: Mapping[str, Any], pin: str, person_id: UUID, master_key: MasterKey) -> bytes:
    """The private key (PKCS#8 DER). Raises PinDoesNotFit, and EnvelopeUnreadable for another format."""
    if envelope.get("version") != ENVELOPE_VERSION or envelope.get("kdf") != "argon2id":
        raise EnvelopeUnreadable(purpose="person")
    cost = PinCost(int(envelope["time_cost"]), int(envelope["memory_kib"]), int(envelope["parallelism"]))
    key = _derive(pin, _decode(envelope["salt"]), master_key, cost)
    try:
        return AESGCM(key).decrypt(
            _decode(envelope["nonce"]), _decode(envelope["ciphertext"]), _bound(person_id)
        )
    except InvalidTag as error:
        raise PinDoesNotFit from error


def _derive(pin: str, salt: bytes, master_key: MasterKey, cost: PinCost) -> bytes:
    stretched = hash_secret_raw(
        pin.encode(), salt, cost.time_cost, cost.memory_kib, cost.parallelism, 32, Type.ID
    )
    pepper = master_key.derive("pin")
    return HKDF(hashes.SHA256(), 32, salt=pepper, info=b"vermilion person key 1").derive(stretched)


def _bound(person_id: UUID) -> bytes:
    return b"vermilion person key 1 " + person_id.bytes


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decode(text: str) -> bytes:
    return base64.b64decode(text)
