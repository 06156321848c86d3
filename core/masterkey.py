"""The master key: 32 random bytes from which every server-held secret is derived or wrapped.

The recovery key is the same 32 bytes written for people. It is shown once, at the first start and
after each change of the key; a restore into an empty home asks for it. Where the key is kept is
``core.key_stores``'s matter. While the key is being changed there are two: everything is wrapped
with the new one, and both are read.
"""

from __future__ import annotations

import base64
import hashlib
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.errors import VermilionError

ENVELOPE_VERSION: Final = 1
FILE_NAME: Final = "master.key"


class RecoveryKeyInvalid(VermilionError):
    """The recovery key was mistyped: its check characters do not fit."""

    code = "recovery-key-invalid"
    status = 422


class EnvelopeUnreadable(VermilionError):
    """A wrapped secret was made with another master key, or altered, or is of a newer version."""

    code = "envelope-unreadable"
    status = 500


class KeyStore(Protocol):
    """Where master keys are kept: the one that is used first, then those that are still read."""

    @property
    def is_writable(self) -> bool:
        """Whether ``write`` can change what is kept."""

    def read(self) -> tuple[bytes, ...]:
        """The keys; none when there is none yet."""

    def write(self, secrets: tuple[bytes, ...]) -> None:
        """Keep these, durably, in place of the others."""

    def mark(self) -> object:
        """A value that differs once the keys may have changed; cheap."""


@dataclass(frozen=True)
class _Ring:
    """The keys of one moment."""

    secrets: tuple[bytes, ...]
    wrapping: tuple[AESGCM, ...]
    mark: object


class MasterKey:
    """Wraps and derives; never shows its bytes except as the recovery key. Safe for many threads.

    With a store it notices at the next use that the key was changed, by whichever process.
    """

    def __init__(self, secret: bytes, *previous: bytes, store: KeyStore | None = None) -> None:
        self._store = store
        self._loading = threading.Lock()
        self._ring = _ring((secret, *previous), store.mark() if store is not None else None)

    @classmethod
    def generate(cls) -> MasterKey:
        return cls(os.urandom(32))

    @classmethod
    def of(cls, store: KeyStore) -> MasterKey | None:
        """The key of a store, or None when it has none yet."""
        secrets = store.read()
        return cls(*secrets, store=store) if secrets else None

    @classmethod
    def load(cls, home: Path) -> MasterKey | None:
        """The key in the file of this home, or None when the home has none yet."""
        return cls.of(FileStore(home / FILE_NAME))

    def save(self, home: Path) -> None:
        """Write the key file (mode 0600), once and durably. Raises FileExistsError when there is one."""
        home.mkdir(parents=True, exist_ok=True)
        FileStore(home / FILE_NAME).create(self._current().secrets)

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """The bytes themselves, for the store that keeps them."""
        return self._current().secrets

    def put_into(self, store: KeyStore) -> None:
        """Keep this key, and no other, in a store."""
        store.write(self._current().secrets[:1])

    def derive(self, purpose: str, length: int = 32, *, oldest: bool = False) -> bytes:
        """A key for one purpose only (HKDF-SHA-256, RFC 5869).

        ``oldest`` derives from the key that is being replaced, while there is one.
        """
        return _derive(self._current().secrets[-1 if oldest else 0], purpose, length)

    def wrap(self, plaintext: bytes, *, purpose: str) -> bytes:
        """AES-256-GCM; ``purpose`` is authenticated, so that envelopes cannot be exchanged."""
        nonce = os.urandom(12)
        sealed = self._current().wrapping[0].encrypt(nonce, plaintext, purpose.encode())
        return bytes([ENVELOPE_VERSION]) + nonce + sealed

    def unwrap(self, envelope: bytes, *, purpose: str) -> bytes:
        """The reverse of ``wrap``. Raises EnvelopeUnreadable."""
        if len(envelope) < 29 or envelope[0] != ENVELOPE_VERSION:
            raise EnvelopeUnreadable(purpose=purpose)
        for key in self._current().wrapping:
            try:
                return key.decrypt(envelope[1:13], envelope[13:], purpose.encode())
            except InvalidTag:
                continue
        raise EnvelopeUnreadable(purpose=purpose)

    def is_newest(self, envelope: bytes, *, purpose: str) -> bool:
        """Whether the key that is used first opens it."""
        try:
            self._current().wrapping[0].decrypt(envelope[1:13], envelope[13:], purpose.encode())
        except InvalidTag:
            return False
        return True

    @property
    def is_changing(self) -> bool:
        """Whether an older key is still read."""
        return len(self._current().secrets) > 1

    @property
    def is_writable(self) -> bool:
        """Whether the key can be changed here, and not only where it is kept."""
        return self._store is not None and self._store.is_writable

    def begin_change(self) -> None:
        """Use a fresh key from now on and still read the present one. Harmless while one is changing.

        Raises RuntimeError where the store cannot be written.
        """
        if self._store is None or not self.is_writable:
            raise RuntimeError("this master key is changed where it is kept")
        if not self.is_changing:
            self._store.write((os.urandom(32), *self._current().secrets))

    def end_change(self) -> None:
        """Read the newest key only."""
        if self._store is not None and self._store.is_writable and self.is_changing:
            self._store.write(self._current().secrets[:1])

    def recovery_key(self) -> str:
        """The key for a person to write down: groups of five letters and digits, with a check."""
        return to_recovery_key(self._current().secrets[0])

    @classmethod
    def from_recovery_key(cls, text: str) -> MasterKey:
        """Read a recovery key, forgiving case, spaces and look-alikes. Raises RecoveryKeyInvalid."""
        return cls(read_recovery_key(text))

    def _current(self) -> _Ring:
        ring = self._ring
        if self._store is None or self._store.mark() == ring.mark:
            return ring
        with self._loading:
            mark = self._store.mark()
            secrets = self._store.read()
            if secrets:  # a file that is away for a moment changes nothing
                self._ring = _ring(secrets, mark)
            return self._ring


class FileStore:
    """A file with a key a line, in base64; readable for its owner only."""

    is_writable: bool = True

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> tuple[bytes, ...]:
        """The keys; none where there is no file. Raises ValueError for a damaged one."""
        try:
            lines = self.path.read_text("ascii").split("\n")
        except FileNotFoundError:
            return ()
        return tuple(self._decode(line) for line in lines if line.strip())

    def create(self, secrets: tuple[bytes, ...]) -> None:
        """Write the file for the first time. Raises FileExistsError."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._fill(descriptor, secrets)

    def write(self, secrets: tuple[bytes, ...]) -> None:
        """Put a new file in the old one's place, in one step."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_name(f"{self.path.name}.{os.getpid()}.new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._fill(descriptor, secrets)
        fresh.replace(self.path)
        self._sync_folder()

    def mark(self) -> object:
        """What changes when another file is put in its place."""
        try:
            status = self.path.stat()
        except OSError:
            return None
        return (status.st_ino, status.st_mtime_ns, status.st_size)

    def _fill(self, descriptor: int, secrets: tuple[bytes, ...]) -> None:
        with os.fdopen(descriptor, "wb") as file:
            file.write(b"\n".join(self._encode(secret) for secret in secrets))
            file.flush()
            os.fsync(file.fileno())
        self._sync_folder()

    def _sync_folder(self) -> None:
        folder = os.open(self.path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    def _encode(self, secret: bytes) -> bytes:
        return base64.b64encode(secret)

    def _decode(self, line: str) -> bytes:
        return base64.b64decode(line, validate=True)


def to_recovery_key(secret: bytes) -> str:
    """The 32 bytes as people write them down."""
    check = hashlib.sha256(b"recovery" + secret).digest()[:3]
    letters = base64.b32encode(secret + check).decode().rstrip("=")
    return "-".join(letters[i : i + 5] for i in range(0, len(letters), 5))


def read_recovery_key(text: str) -> bytes:
    """The 32 bytes of a recovery key. Raises RecoveryKeyInvalid."""
    letters = "".join(text.upper().split()).replace("-", "").replace("0", "O").replace("1", "I")
    try:
        raw = base64.b32decode(letters + "=" * (-len(letters) % 8))
    except ValueError as error:
        raise RecoveryKeyInvalid(field="recovery_key") from error
    secret, check = raw[:32], raw[32:]
    if len(secret) != 32 or hashlib.sha256(b"recovery" + secret).digest()[:3] != check:
        raise RecoveryKeyInvalid(field="recovery_key")
    return secret


def _ring(secrets: tuple[bytes, ...], mark: object) -> _Ring:
    if any(len(secret) != 32 for secret in secrets):
        raise ValueError("a master key has 32 bytes")
    return _Ring(secrets, tuple(AESGCM(_derive(secret, "wrap", 32)) for secret in secrets), mark)


def _derive(secret: bytes, purpose: str, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt=b"vermilion", info=purpose.encode()).derive(secret)
