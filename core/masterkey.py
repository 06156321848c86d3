"""The master key: 32 random bytes below the home from which every server-held secret is derived.

The recovery key is the same 32 bytes written for people. It is shown once, at the first start; a
restore into an empty home asks for it.
"""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.errors import VermilionError

ENVELOPE_VERSION = 1
_FILE_NAME = "master.key"


class RecoveryKeyInvalid(VermilionError):
    """The recovery key was mistyped: its check characters do not fit."""

    code = "recovery-key-invalid"
    status = 422


class EnvelopeUnreadable(VermilionError):
    """A wrapped secret was made with another master key, or altered, or is of a newer version."""

    code = "envelope-unreadable"
    status = 500


class MasterKey:
    """Wraps and derives; never shows its bytes except as the recovery key."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != 32:
            raise ValueError("a master key has 32 bytes")
        self._secret = secret
        self._wrapping = AESGCM(self.derive("wrap"))

    @classmethod
    def generate(cls) -> MasterKey:
        return cls(os.urandom(32))

    @classmethod
    def load(cls, home: Path) -> MasterKey | None:
        """The key of this home, or None when the home has none yet."""
        path = home / _FILE_NAME
        if not path.exists():
            return None
        return cls(base64.b64decode(path.read_bytes()))

    def save(self, home: Path) -> None:
        """Write the key file (mode 0600), once and durably. Raises FileExistsError when there is one."""
        home.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(home / _FILE_NAME, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(self._secret))
            file.flush()
            os.fsync(file.fileno())
        folder = os.open(home, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    def derive(self, purpose: str, length: int = 32) -> bytes:
        """A key for one purpose only (HKDF-SHA-256, RFC 5869)."""
        hkdf = HKDF(hashes.SHA256(), length, salt=b"vermilion", info=purpose.encode())
        return hkdf.derive(self._secret)

    def wrap(self, plaintext: bytes, *, purpose: str) -> bytes:
        """AES-256-GCM; ``purpose`` is authenticated, so that envelopes cannot be exchanged."""
        nonce = os.urandom(12)
        return bytes([ENVELOPE_VERSION]) + nonce + self._wrapping.encrypt(nonce, plaintext, purpose.encode())

    def unwrap(self, envelope: bytes, *, purpose: str) -> bytes:
        """The reverse of ``wrap``. Raises EnvelopeUnreadable."""
        if len(envelope) < 29 or envelope[0] != ENVELOPE_VERSION:
            raise EnvelopeUnreadable(purpose=purpose)
        try:
            return self._wrapping.decrypt(envelope[1:13], envelope[13:], purpose.encode())
        except InvalidTag as error:
            raise EnvelopeUnreadable(purpose=purpose) from error

    def recovery_key(self) -> str:
        """The key for a person to write down: groups of five letters and digits, with a check."""
        check = hashlib.sha256(b"recovery" + self._secret).digest()[:3]
        letters = base64.b32encode(self._secret + check).decode().rstrip("=")
        return "-".join(letters[i : i + 5] for i in range(0, len(letters), 5))

    @classmethod
    def from_recovery_key(cls, text: str) -> MasterKey:
        """Read a recovery key, forgiving case, spaces and look-alikes. Raises RecoveryKeyInvalid."""
        letters = "".join(text.upper().split()).replace("-", "").replace("0", "O").replace("1", "I")
        try:
            raw = base64.b32decode(letters + "=" * (-len(letters) % 8))
        except ValueError as error:
            raise RecoveryKeyInvalid(field="recovery_key") from error
        secret, check = raw[:32], raw[32:]
        if len(secret) != 32 or hashlib.sha256(b"recovery" + secret).digest()[:3] != check:
            raise RecoveryKeyInvalid(field="recovery_key")
        return cls(secret)
