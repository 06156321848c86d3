"""DER, written (X.690): the few forms that signatures and time-stamps are made of.

Everything takes and gives finished encodings, so that what never changes is encoded once.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

NULL: Final = b"\x05\x00"


def element(tag: int, *parts: bytes) -> bytes:
    """A tag (one byte), the length, and the parts one after another."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def sequence(*parts: bytes) -> bytes:
    """SEQUENCE or SEQUENCE OF."""
    return element(0x30, *parts)


def set_of(*parts: bytes) -> bytes:
    """SET OF: in DER its elements are in the order of their encodings."""
    return element(0x31, *sorted(parts))


def context(number: int, *parts: bytes) -> bytes:
    """A constructed context-specific element: ``[number]``, explicit around one part, implicit else."""
    return element(0xA0 | number, *parts)


def integer(value: int) -> bytes:
    """INTEGER, of any size and sign."""
    bits = value.bit_length() if value >= 0 else (value + 1).bit_length()
    return element(0x02, value.to_bytes(bits // 8 + 1, "big", signed=True))


def octets(value: bytes) -> bytes:
    """OCTET STRING."""
    return element(0x04, value)


def oid(dotted: str) -> bytes:
    """OBJECT IDENTIFIER, from its dotted form. The arc 2.25 holds UUIDs, so numbers may be long."""
    first, second, *rest = (int(number) for number in dotted.split("."))
    return element(0x06, *map(_base_128, (first * 40 + second, *rest)))


def utc_time(moment: datetime) -> bytes:
    """UTCTime, to the second; for years before 2050, as RFC 5280 (4.1.2.5) has it."""
    return element(0x17, moment.astimezone(UTC).strftime("%y%m%d%H%M%SZ").encode())


def generalized_time(moment: datetime) -> bytes:
    """GeneralizedTime, to the microsecond; DER leaves the zeros at the end of a fraction out."""
    moment = moment.astimezone(UTC)
    fraction = f".{moment.microsecond:06}".rstrip("0").rstrip(".")
    return element(0x18, f"{moment:%Y%m%d%H%M%S}{fraction}Z".encode())


def _base_128(number: int) -> bytes:
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.append(0x80 | (number & 0x7F))
    return bytes(reversed(digits))
