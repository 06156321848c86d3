"""SM2 signatures checked (GB/T 32918.2-2016) on the recommended curve (GB/T 32918.5-2017).

Everything here works on public values, so nothing has to take the same time for all inputs. The
curve's points are Jacobian; ``s·G + t·P`` is one pass over both numbers in non-adjacent form
(Shamir's trick), a few milliseconds in plain Python.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from signing.national.sm3 import sm3

CURVE_OID: Final = "1.2.156.10197.1.301"
DEFAULT_ID: Final = b"1234567812345678"
"""The distinguishing id where nobody agreed on another one (GB/T 35276-2017, 10)."""

P: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A: Final = P - 3
B: Final = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
GX: Final = 0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7
GY: Final = 0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0

_SIZE: Final = 32
_WIDTH: Final = 5
_BASE_WIDTH: Final = 8

Affine = tuple[int, int]
Jacobian = tuple[int, int, int]
_INFINITY: Final = (1, 1, 0)


@dataclass(frozen=True)
class PublicKey:
    """A point of the curve other than infinity."""

    x: int
    y: int

    @classmethod
    def from_bytes(cls, encoded: bytes) -> PublicKey:
        """Read a point: 04 ‖ x ‖ y, 06/07 ‖ x ‖ y, 02/03 ‖ x, or x ‖ y alone. Raises ValueError."""
        if len(encoded) == 2 * _SIZE:
            encoded = b"\x04" + encoded
        form, x = encoded[:1], int.from_bytes(encoded[1 : 1 + _SIZE], "big")
        if form in (b"\x02", b"\x03") and len(encoded) == 1 + _SIZE:
            y = _root((x * x * x + A * x + B) % P, is_odd=form == b"\x03")
        elif form in (b"\x04", b"\x06", b"\x07") and len(encoded) == 1 + 2 * _SIZE:
            y = int.from_bytes(encoded[1 + _SIZE :], "big")
            if form != b"\x04" and y % 2 != form[0] % 2:
                raise ValueError("the point's hybrid form contradicts itself")
        else:
            raise ValueError("not a point of 256 bits")
        if not (x < P and y < P and (y * y - x * x * x - A * x - B) % P == 0):
            raise ValueError("the point is not on the curve")
        return cls(x, y)

    def to_bytes(self) -> bytes:
        """The uncompressed form, 65 bytes."""
        return b"\x04" + self.x.to_bytes(_SIZE, "big") + self.y.to_bytes(_SIZE, "big")


def _root(square: int, *, is_odd: bool) -> int:
    y = pow(square, (P + 1) // 4, P)
    if y * y % P != square:
        raise ValueError("no point has this x")
    return y if y % 2 == is_odd else P - y


def read_signature(signature: bytes) -> tuple[int, int]:
    """``r`` and ``s`` out of DER, raw r ‖ s (64 bytes), or r and s in 64 bytes each. Raises ValueError.

    Some signers forget the zero in front of an INTEGER whose highest bit is set: never negative.
    """
    if len(signature) == 2 * _SIZE:
        return int.from_bytes(signature[:_SIZE], "big"), int.from_bytes(signature[_SIZE:], "big")
    if len(signature) == 4 * _SIZE and not any(signature[:_SIZE] + signature[2 * _SIZE : 3 * _SIZE]):
        return int.from_bytes(signature[_SIZE : 2 * _SIZE], "big"), int.from_bytes(
            signature[3 * _SIZE :], "big"
        )
    if signature[:1] != b"\x30" or len(signature) < 8 or signature[1] != len(signature) - 2:
        raise ValueError("neither DER nor r ‖ s")
    numbers, rest = [], signature[2:]
    while rest:
        if len(rest) < 3 or rest[0] != 2 or not 0 < rest[1] <= _SIZE + 1 or len(rest) < 2 + rest[1]:
            raise ValueError("not two integers")
        numbers.append(int.from_bytes(rest[2 : 2 + rest[1]], "big"))
        rest = rest[2 + rest[1] :]
    if len(numbers) != 2:
        raise ValueError("not two integers")
    return numbers[0], numbers[1]


def z_value(key: PublicKey, identity: bytes = DEFAULT_ID) -> bytes:
    """What stands for signer and curve in front of the message (GB/T 32918.2, 5.5)."""
    numbers = (A, B, GX, GY, key.x, key.y)
    parts = [number.to_bytes(_SIZE, "big") for number in numbers]
    return sm3((8 * len(identity)).to_bytes(2, "big") + identity + b"".join(parts))


def verify(key: PublicKey, signature: bytes, message: bytes, identity: bytes = DEFAULT_ID) -> bool:
    """Whether the holder of ``key`` made ``signature`` over ``message``; never raises for its bytes."""
    return verify_digest(key, signature, sm3(z_value(key, identity) + message))


def verify_digest(key: PublicKey, signature: bytes, digest: bytes) -> bool:
    """The same with the digest over Z and message at hand (GB/T 32918.2, 7.1)."""
    try:
        r, s = read_signature(signature)
    except ValueError:
        return False
    if not (0 < r < N and 0 < s < N):
        return False
    t = (r + s) % N
    if t == 0:
        return False
    x, _y, z = add_multiples(s, t, (key.x, key.y))
    if z == 0:
        return False
    affine_x = x * pow(z, -2, P) % P
    return (int.from_bytes(digest, "big") + affine_x - r) % N == 0


def add_multiples(s: int, t: int, point: Affine) -> Jacobian:
    """``s·G + t·point``."""
    left, right = _non_adjacent(s, _BASE_WIDTH), _non_adjacent(t, _WIDTH)
    base, own = _base_table(), _table(point, _WIDTH)
    left += [0] * (len(right) - len(left))
    right += [0] * (len(left) - len(right))
    sum_: Jacobian = _INFINITY
    for one, two in zip(reversed(left), reversed(right), strict=True):
        sum_ = _double(sum_)
        if one:
            sum_ = _add(sum_, _signed(base, one))
        if two:
            sum_ = _add(sum_, _signed(own, two))
    return sum_


def _non_adjacent(number: int, width: int) -> list[int]:
    """Odd digits below 2^(width−1) in amount, far apart, lowest first."""
    digits, whole = [], 1 << width
    while number:
        digit = 0
        if number & 1:
            digit = number & (whole - 1)
            if digit >= whole >> 1:
                digit -= whole
            number -= digit
        digits.append(digit)
        number >>= 1
    return digits


def _signed(table: list[Affine], digit: int) -> Affine:
    x, y = table[abs(digit) >> 1]
    return (x, y) if digit > 0 else (x, P - y)


@lru_cache(maxsize=1)
def _base_table() -> list[Affine]:
    return _table((GX, GY), _BASE_WIDTH)


def _table(point: Affine, width: int) -> list[Affine]:
    """The odd multiples of a point that digits of ``width`` ask for."""
    twice = _to_affine([_double((*point, 1))])[0]
    multiples: list[Jacobian] = [(*point, 1)]
    for _ in range((1 << (width - 2)) - 1):
        multiples.append(_add(multiples[-1], twice))
    return _to_affine(multiples)


def _to_affine(points: list[Jacobian]) -> list[Affine]:
    """All at once with one inversion. No point may be infinity; on a curve of prime order none here is."""
    running, product = [], 1
    for _x, _y, z in points:
        running.append(product)
        product = product * z % P
    inverse, found = pow(product, -1, P), []
    for (x, y, z), before in zip(reversed(points), reversed(running), strict=True):
        own = inverse * before % P
        inverse = inverse * z % P
        square = own * own % P
        found.append((x * square % P, y * square * own % P))
    return found[::-1]


def _double(point: Jacobian) -> Jacobian:
    x, y, z = point
    if not z:
        return point
    zz, yy = z * z % P, y * y % P
    beta = x * yy % P
    alpha = 3 * (x - zz) * (x + zz) % P
    x3 = (alpha * alpha - 8 * beta) % P
    return x3, (alpha * (4 * beta - x3) - 8 * yy * yy) % P, 2 * y * z % P


def _add(left: Jacobian, right: Affine) -> Jacobian:
    x1, y1, z1 = left
    x2, y2 = right
    if not z1:
        return x2, y2, 1
    zz = z1 * z1 % P
    h, r = (x2 * zz - x1) % P, (y2 * zz * z1 - y1) % P
    if not h:
        return _double(left) if not r else _INFINITY
    hh = h * h % P
    hhh, v = h * hh % P, x1 * hh % P
    x3 = (r * r - hhh - 2 * v) % P
    return x3, (r * (v - x3) - y1 * hhh) % P, z1 * h % P
