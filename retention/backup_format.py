"""The encrypted stream that backup members are: AES-256-GCM in frames, in order and complete.

``VMB1``, an id of the key (8 bytes), a salt (32), then the frames: length of the sealed frame (4, big
endian), whether it is the last (1), the sealed frame. The id tells a wrong key from damage.

Each member has a key of its own (HKDF over a random salt and the member's name), so that members
cannot be exchanged. Each frame carries its number and whether it is the last one in its nonce, so
that frames cannot be left out, repeated, exchanged or cut off (Hoang, Reyhanitabar, Rogaway and
Vizár, "Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", the STREAM form).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAGIC: Final = b"VMB1"
FRAME: Final = 1024 * 1024
_KEY_ID: Final = 8
_SALT: Final = 32
_TAG: Final = 16


class StreamDamaged(Exception):
    """The stream is altered, cut off, or of another member."""


class StreamOfOtherKey(Exception):
    """The stream was encrypted with another key."""


def encrypt(key: bytes, name: str, pieces: Iterable[bytes], out: BinaryIO) -> int:
    """Write a member. Returns how many bytes were written."""
    salt = os.urandom(_SALT)
    cipher = AESGCM(_key(key, salt, name))
    written = out.write(MAGIC + key_id(key) + salt)
    number, waiting = 0, bytearray()
    for piece in pieces:
        waiting += piece
        while len(waiting) > FRAME:
            written += _write_frame(out, cipher, number, bytes(waiting[:FRAME]), is_last=False)
            del waiting[:FRAME]
            number += 1
    return written + _write_frame(out, cipher, number, bytes(waiting), is_last=True)


def decrypt(key: bytes, name: str, stream: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces of a member, each authenticated; they are all only when the iterator has ended.

    Raises StreamOfOtherKey at the beginning, StreamDamaged at the latest at the end.
    """
    reader = _Reader(stream)
    if reader.take(len(MAGIC)) != MAGIC:
        raise StreamDamaged(name)
    if reader.take(_KEY_ID) != key_id(key):
        raise StreamOfOtherKey(name)
    cipher = AESGCM(_key(key, reader.take(_SALT), name))
    number, is_last = 0, False
    while not is_last:
        head = reader.take(5)
        length, is_last = struct.unpack(">I?", head)
        if not _TAG <= length <= FRAME + _TAG:
            raise StreamDamaged(name)
        try:
            yield cipher.decrypt(_nonce(number, is_last), reader.take(length), head)
        except InvalidTag as error:
            raise StreamDamaged(name) from error
        number += 1
    if reader.has_more():
        raise StreamDamaged(name)


def key_id(key: bytes) -> bytes:
    """Eight bytes that say which key it is, and nothing else about it."""
    return HKDF(hashes.SHA256(), _KEY_ID, salt=b"", info=b"vermilion backup key id").derive(key)


def _write_frame(out: BinaryIO, cipher: AESGCM, number: int, data: bytes, *, is_last: bool) -> int:
    head = struct.pack(">I?", len(data) + _TAG, is_last)
    return out.write(head + cipher.encrypt(_nonce(number, is_last), data, head))


def _nonce(number: int, is_last: bool) -> bytes:
    return struct.pack(">3xQ?", number, is_last)


def _key(key: bytes, salt: bytes, name: str) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt=salt, info=b"vermilion backup 1 " + name.encode()).derive(key)


class _Reader:
    """Takes exact numbers of bytes from a stream of pieces."""

    def __init__(self, stream: Iterable[bytes]) -> None:
        self._stream = iter(stream)
        self._waiting = bytearray()

    def take(self, count: int) -> bytes:
        while len(self._waiting) < count:
            piece = next(self._stream, None)
            if piece is None:
                raise StreamDamaged("cut off")
            self._waiting += piece
        taken = bytes(self._waiting[:count])
        del self._waiting[:count]
        return taken

    def has_more(self) -> bool:
        return bool(self._waiting) or any(self._stream)
