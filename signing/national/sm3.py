"""SM3, the national digest (GB/T 32905-2016): by OpenSSL where it has it, else computed here.

OpenSSL can be built without SM3, and then ``hashlib`` has none; what was signed in China must still
be checked there.
"""

from __future__ import annotations

import hashlib
from typing import Final

DIGEST_SIZE: Final = 32
_BLOCK: Final = 64
_MASK: Final = 0xFFFFFFFF
_START: Final = (
    0x7380166F, 0x4914B2B9, 0x172442D7, 0xDA8A0600, 0xA96F30BC, 0x163138AA, 0xE38DEE4D, 0xB0FB0E4E,
)  # fmt: skip


def sm3(data: bytes) -> bytes:
    """The digest of ``data``, 32 bytes."""
    try:
        return hashlib.new("sm3", data, usedforsecurity=False).digest()
    except ValueError:
        return sm3_here(data)


def sm3_here(data: bytes) -> bytes:
    """The digest without OpenSSL: about a thousand times slower."""
    padded = data + b"\x80" + bytes((55 - len(data)) % _BLOCK) + (8 * len(data)).to_bytes(8, "big")
    state: tuple[int, ...] = _START
    for start in range(0, len(padded), _BLOCK):
        state = _compress(state, padded[start : start + _BLOCK])
    return b"".join(word.to_bytes(4, "big") for word in state)


def _turn(word: int, by: int) -> int:
    by %= 32
    return ((word << by) | (word >> (32 - by))) & _MASK


def _compress(state: tuple[int, ...], block: bytes) -> tuple[int, ...]:
    """One block (GB/T 32905, 5.3)."""
    words = [int.from_bytes(block[place : place + 4], "big") for place in range(0, _BLOCK, 4)]
    for j in range(16, 68):
        mixed = words[j - 16] ^ words[j - 9] ^ _turn(words[j - 3], 15)
        mixed ^= _turn(mixed, 15) ^ _turn(mixed, 23)
        words.append(mixed ^ _turn(words[j - 13], 7) ^ words[j - 6])
    a, b, c, d, e, f, g, h = state
    for j in range(64):
        is_early = j < 16
        first = _turn((_turn(a, 12) + e + _turn(0x79CC4519 if is_early else 0x7A879D8A, j)) & _MASK, 7)
        second = first ^ _turn(a, 12)
        choice = a ^ b ^ c if is_early else (a & b) | (a & c) | (b & c)
        other = e ^ f ^ g if is_early else (e & f) | (~e & g)
        top = (choice + d + second + (words[j] ^ words[j + 4])) & _MASK
        low = (other + h + first + words[j]) & _MASK
        d, c, b, a = c, _turn(b, 9), a, top
        h, g, f, e = g, _turn(f, 19), e, low ^ _turn(low, 9) ^ _turn(low, 17)
    return tuple(old ^ new for old, new in zip(state, (a, b, c, d, e, f, g, h), strict=True))
