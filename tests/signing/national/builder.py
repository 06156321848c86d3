"""SM2 keys, certificates, seals and signed OFD packages for tests. It signs; the product does not.

Everything is written by hand here and read by other code there, so that one mistake is not made twice.
"""

from __future__ import annotations

import base64
import hashlib
import io
import secrets
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from PIL import Image, ImageDraw

P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
SM2_WITH_SM3 = "1.2.156.10197.1.501"
SM3 = "1.2.156.10197.1.401"
CURVE = "1.2.156.10197.1.301"
NATIONAL_SIGNED_DATA = "1.2.156.10197.6.1.4.2.2"
NATIONAL_DATA = "1.2.156.10197.6.1.4.2.1"
SIGNED_DATA = "1.2.840.113549.1.7.2"
DATA = "1.2.840.113549.1.7.1"
TST = "1.2.840.113549.1.9.16.1.4"
START, END = datetime(2020, 1, 1, tzinfo=UTC), datetime(2045, 1, 1, tzinfo=UTC)
SIGNED_AT = datetime(2026, 3, 5, 2, 30, 15, tzinfo=UTC)
NOW = datetime(2026, 6, 1, tzinfo=UTC)

Point = tuple[int, int] | None


def sm3(data: bytes) -> bytes:
    return hashlib.new("sm3", data).digest()


# the curve, as the school book has it


def add(left: Point, right: Point) -> Point:
    if left is None or right is None:
        return left or right
    if left[0] == right[0]:
        if (left[1] + right[1]) % P == 0:
            return None
        slope = (3 * left[0] ** 2 + A) * pow(2 * left[1], -1, P)
    else:
        slope = (right[1] - left[1]) * pow(right[0] - left[0], -1, P)
    x = (slope * slope - left[0] - right[0]) % P
    return x, (slope * (left[0] - x) - left[1]) % P


def times(number: int, point: Point) -> Point:
    found: Point = None
    while number:
        if number & 1:
            found = add(found, point)
        point, number = add(point, point), number >> 1
    return found


@dataclass(frozen=True)
class Key:
    """An SM2 private key that signs."""

    secret: int

    @classmethod
    def new(cls) -> Key:
        return cls(secrets.randbelow(N - 2) + 1)

    @property
    def point(self) -> tuple[int, int]:
        found = times(self.secret, G)
        assert found is not None
        return found

    @property
    def encoded(self) -> bytes:
        x, y = self.point
        return b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big")

    def sign_numbers(
        self, message: bytes, identity: bytes = b"1234567812345678", k: int | None = None
    ) -> tuple[int, int]:
        numbers = (A, B, *G, *self.point)
        z = (
            (8 * len(identity)).to_bytes(2, "big")
            + identity
            + b"".join(n.to_bytes(32, "big") for n in numbers)
        )
        e = int.from_bytes(sm3(sm3(z) + message), "big")
        while True:
            chosen = k or secrets.randbelow(N - 1) + 1
            spot = times(chosen, G)
            assert spot is not None
            r = (e + spot[0]) % N
            s = pow(1 + self.secret, -1, N) * (chosen - r * self.secret) % N
            if r and s and r + chosen != N:
                return r, s

    def sign(self, message: bytes, *, is_raw: bool = False, identity: bytes = b"1234567812345678") -> bytes:
        r, s = self.sign_numbers(message, identity)
        if is_raw:
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return sequence(integer(r), integer(s))


# DER


def element(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def sequence(*parts: bytes) -> bytes:
    return element(0x30, b"".join(parts))


def integer(value: int) -> bytes:
    return element(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(dotted: str) -> bytes:
    arcs = [int(arc) for arc in dotted.split(".")]
    out = bytearray()
    for arc in (40 * arcs[0] + arcs[1], *arcs[2:]):
        pieces = [arc & 0x7F]
        while arc := arc >> 7:
            pieces.append(0x80 | arc & 0x7F)
        out += bytes(reversed(pieces))
    return element(6, bytes(out))


def octets(data: bytes) -> bytes:
    return element(4, data)


def bits(data: bytes) -> bytes:
    return element(3, b"\x00" + data)


def ia5(text: str) -> bytes:
    return element(22, text.encode())


def utf8(text: str) -> bytes:
    return element(12, text.encode())


def generalized(at: datetime) -> bytes:
    return element(24, f"{at.astimezone(UTC):%Y%m%d%H%M%SZ}".encode())


def utc_time(at: datetime) -> bytes:
    return element(23, f"{at.astimezone(UTC):%y%m%d%H%M%SZ}".encode())


# certificates


@dataclass(frozen=True)
class Holder:
    """A key with its certificate."""

    key: Key
    der: bytes
    subject: bytes


def name(common_name: str, organisation: str, serial: str | None = None) -> bytes:
    parts = [
        ("2.5.4.6", element(19, b"CN")),
        ("2.5.4.10", utf8(organisation)),
        ("2.5.4.3", utf8(common_name)),
    ]
    if serial:
        parts.append(("2.5.4.5", element(19, serial.encode())))
    return sequence(*(element(0x31, sequence(oid(kind), value)) for kind, value in parts))


def certificate(
    common_name: str,
    organisation: str = "云杉测试科技有限公司",
    *,
    issuer: Holder | None = None,
    is_authority: bool = False,
    is_stamper: bool = False,
    serial: str | None = None,
    start: datetime = START,
    end: datetime = END,
    usage: int = 0xC0,
    key: Key | None = None,
) -> Holder:
    """An SM2 certificate; self-signed without ``issuer``."""
    key = key or Key.new()
    subject = name(common_name, organisation, serial)
    algorithm = sequence(oid(SM2_WITH_SM3))
    extensions = [
        (oid("2.5.29.15"), element(1, b"\xff"), octets(bits(bytes([0x06 if is_authority else usage])))),
    ]
    if is_authority:
        extensions.append((oid("2.5.29.19"), element(1, b"\xff"), octets(sequence(element(1, b"\xff")))))
    if is_stamper:
        extensions.append((oid("2.5.29.37"), element(1, b"\xff"), octets(sequence(oid("1.3.6.1.5.5.7.3.8")))))
    signed = sequence(
        element(0xA0, integer(2)),
        integer(secrets.randbits(60) + 1),
        algorithm,
        issuer.subject if issuer else subject,
        sequence(generalized(start) if start.year >= 2050 else utc_time(start), utc_time(end)),
        subject,
        sequence(sequence(oid("1.2.840.10045.2.1"), oid(CURVE)), bits(key.encoded)),
        element(0xA3, sequence(*(sequence(*one) for one in extensions))),
    )
    signer = issuer.key if issuer else key
    return Holder(key, sequence(signed, algorithm, bits(signer.sign(signed))), subject)


@dataclass(frozen=True)
class Office:
    """A root, who makes seals, and who puts one on."""

    root: Holder
    maker: Holder
    signer: Holder
    stamper: Holder


def office() -> Office:
    root = certificate("国密测试根", is_authority=True)
    return Office(
        root,
        certificate("印章制作系统", "制章中心", issuer=root),
        certificate("云杉测试科技有限公司", issuer=root, serial="91350100M000100Y43"),
        certificate("国密时间戳", issuer=root, is_stamper=True, usage=0x80),
    )


# seals


def picture() -> bytes:
    image = Image.new("RGBA", (80, 80), (0, 0, 0, 0))
    ImageDraw.Draw(image).ellipse((4, 4, 75, 75), outline=(200, 16, 16, 255), width=4)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def seal(
    maker: Holder,
    owners: Sequence[bytes],
    *,
    version: int = 4,
    title: str = "云杉测试科技有限公司发票专用章",
    valid: tuple[datetime, datetime] = (START, END),
    by_digest: bool = False,
    is_raw: bool = False,
    image: bytes | None = None,
    extra: bytes = b"",
) -> bytes:
    """An SES seal of version 4 or 1, signed by its maker."""
    when = generalized if version == 4 else utc_time
    listed = (
        [sequence(element(19, SM3.encode()), octets(sm3(one))) for one in owners]
        if by_digest
        else [octets(one) for one in owners]
    )
    properties = [integer(1), utf8(title)]
    if version == 4:
        properties.append(integer(2 if by_digest else 1))
    properties += [sequence(*listed), when(valid[0]), when(valid[0]), when(valid[1])]
    info = sequence(
        sequence(ia5("ES"), integer(version), ia5("TEST")),
        ia5("35010020260001"),
        sequence(*properties),
        sequence(ia5("png"), octets(image or picture()), integer(40), integer(30)),
        extra,
    )
    algorithm = oid(SM2_WITH_SM3)
    if version == 4:
        value = maker.key.sign(info, is_raw=is_raw)
        return sequence(info, octets(maker.der), algorithm, bits(value))
    value = maker.key.sign(sequence(info, octets(maker.der), algorithm), is_raw=is_raw)
    return sequence(info, sequence(octets(maker.der), algorithm, bits(value)))


def seal_signature(
    data_hash: bytes,
    path: str,
    signer: Holder,
    esl: bytes,
    *,
    version: int = 4,
    at: datetime = SIGNED_AT,
    is_raw: bool = False,
    time_info: bytes | None = None,
    stamper: Holder | None = None,
    extra: bytes = b"",
) -> bytes:
    """SignedValue.dat for a seal."""
    algorithm = oid(SM2_WITH_SM3)
    if version == 1:
        time_info = time_info or bits(f"{at.astimezone(UTC):%y%m%d%H%M%SZ}".encode())
        to_sign = sequence(
            integer(1), esl, time_info, bits(data_hash), ia5(path), octets(signer.der), algorithm, extra
        )
        return sequence(to_sign, bits(signer.key.sign(to_sign, is_raw=is_raw)))
    to_sign = sequence(integer(4), esl, time_info or generalized(at), bits(data_hash), ia5(path), extra)
    value = signer.key.sign(to_sign, is_raw=is_raw)
    token = [element(0xA0, bits(time_stamp(stamper, value, at)))] if stamper else []
    return sequence(to_sign, octets(signer.der), algorithm, bits(value), *token)


# signed data


def signed_data(
    signer: Holder,
    covered: bytes,
    *,
    is_national: bool = True,
    content: bytes | None = None,
    has_attributes: bool = False,
    kind: str | None = None,
    unsigned: bytes = b"",
    at: datetime = SIGNED_AT,
) -> bytes:
    """GB/T 35275 or CMS with SM2; detached unless ``content`` is given."""
    content_type = kind or (NATIONAL_DATA if is_national else DATA)
    what = content if content is not None else covered
    attributes = b"".join(
        sorted(
            [
                sequence(oid("1.2.840.113549.1.9.3"), element(0x31, oid(content_type))),
                sequence(oid("1.2.840.113549.1.9.4"), element(0x31, octets(sm3(what)))),
                sequence(oid("1.2.840.113549.1.9.5"), element(0x31, utc_time(at))),
            ]
        )
    )
    value = signer.key.sign(element(0x31, attributes) if has_attributes else what)
    serial, issuer = _serial_and_issuer(signer.der)
    info = sequence(
        integer(1),
        sequence(issuer, serial),
        sequence(oid(SM3)),
        element(0xA0, attributes) if has_attributes else b"",
        sequence(oid("1.2.156.10197.1.301.1" if is_national else SM2_WITH_SM3)),
        octets(value),
        unsigned,
    )
    inner = sequence(
        integer(1),
        element(0x31, sequence(oid(SM3))),
        sequence(oid(content_type), b"" if content is None else element(0xA0, octets(content))),
        element(0xA0, signer.der),
        element(0x31, info),
    )
    return sequence(oid(NATIONAL_SIGNED_DATA if is_national else SIGNED_DATA), element(0xA0, inner))


def _serial_and_issuer(der: bytes) -> tuple[bytes, bytes]:
    from asn1crypto import x509

    parsed = x509.Certificate.load(der)
    return integer(parsed.serial_number), parsed.issuer.dump()


def time_stamp(stamper: Holder, stamped: bytes, at: datetime) -> bytes:
    """A token (RFC 3161) with SM3 and SM2."""
    info = sequence(
        integer(1), oid("1.2.156.1"), sequence(sequence(oid(SM3)), octets(sm3(stamped))), integer(7),
        generalized(at),
    )  # fmt: skip
    return signed_data(stamper, b"", is_national=False, content=info, has_attributes=True, kind=TST, at=at)


# OFD packages

NAMESPACE = "http://www.ofdspec.org/2016"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
LIST = "Doc_0/Signs/Signatures.xml"


def small_ofd(text: str = "合同金额壹万元整", pages: int = 1) -> bytes:
    """An unsigned package of one document."""
    listed = "".join(f'<ofd:Page ID="{n + 1}" BaseLoc="Pages/Page_{n}/Content.xml"/>' for n in range(pages))
    parts = {
        "OFD.xml": f'<ofd:OFD xmlns:ofd="{NAMESPACE}" Version="1.0" DocType="OFD"><ofd:DocBody>'
        "<ofd:DocInfo><ofd:DocID>0123456789abcdef0123456789abcdef</ofd:DocID></ofd:DocInfo>"
        "<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>",
        "Doc_0/Document.xml": f'<ofd:Document xmlns:ofd="{NAMESPACE}"><ofd:CommonData><ofd:MaxUnitID>9'
        "</ofd:MaxUnitID><ofd:PageArea><ofd:PhysicalBox>0 0 210 140</ofd:PhysicalBox></ofd:PageArea>"
        "<ofd:PublicRes>PublicRes.xml</ofd:PublicRes></ofd:CommonData>"
        f"<ofd:Pages>{listed}</ofd:Pages></ofd:Document>",
        "Doc_0/PublicRes.xml": f'<ofd:Res xmlns:ofd="{NAMESPACE}" BaseLoc="Res"/>',
        **{
            f"Doc_0/Pages/Page_{n}/Content.xml": f'<ofd:Page xmlns:ofd="{NAMESPACE}"><ofd:Content>'
            f'<ofd:Layer ID="2"><ofd:TextObject ID="3" Boundary="10 10 90 9" Font="4" Size="4">'
            f'<ofd:TextCode X="0" Y="4">{text} {n + 1}</ofd:TextCode></ofd:TextObject></ofd:Layer>'
            "</ofd:Content></ofd:Page>"
            for n in range(pages)
        },
    }
    return packed({path: (HEAD + content).encode() for path, content in parts.items()})


def packed(parts: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in parts.items():
            archive.writestr(zipfile.ZipInfo(path, (2026, 3, 5, 10, 0, 0)), data)
    return out.getvalue()


def unpacked(package: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return {one.filename: archive.read(one) for one in archive.infolist()}


@dataclass(frozen=True)
class Manner:
    """How a package is signed."""

    version: int = 4
    method: str = SM3
    is_raw: bool = False
    kind: str = "Seal"
    covers_list: bool = False
    leaves_out: frozenset[str] = field(default_factory=frozenset)
    at: datetime = SIGNED_AT
    has_stamp: bool = False
    is_national: bool = True
    carries_digest: bool = True
    writes_seal: bool = True
    is_relative: bool = False


def sign_ofd(package: bytes, who: Office, manner: Manner = Manner(), esl: bytes | None = None) -> bytes:
    """Add a seal (or with kind ``Sign`` a plain signature) to a package, as vendors do."""
    parts = unpacked(package)
    number = sum(path.endswith("/Signature.xml") for path in parts)
    folder = f"Doc_0/Signs/Sign_{number}"
    _list(parts, number, manner)
    if esl is None:
        esl = seal(who.maker, [who.signer.der], version=manner.version, is_raw=manner.is_raw)
    if manner.kind == "Seal" and manner.writes_seal:
        parts[f"{folder}/Seal.esl"] = esl
    digest = _METHODS[manner.method.lower()]
    left_out = manner.leaves_out | (frozenset() if manner.covers_list else frozenset({LIST}))
    references = "".join(
        f'<ofd:Reference FileRef="/{path}"><ofd:CheckValue>'
        f"{base64.b64encode(digest(data)).decode()}</ofd:CheckValue></ofd:Reference>"
        for path, data in parts.items()
        if path not in left_out
    )
    base = "" if manner.is_relative else f"/{folder}/"
    seal_part = (
        f"<ofd:Seal><ofd:BaseLoc>{base}Seal.esl</ofd:BaseLoc></ofd:Seal>" if manner.kind == "Seal" else ""
    )
    described = (
        f'{HEAD}<ofd:Signature xmlns:ofd="{NAMESPACE}"><ofd:SignedInfo>'
        '<ofd:Provider ProviderName="测试" Version="1.0"/>'
        f"<ofd:SignatureMethod>{SM2_WITH_SM3}</ofd:SignatureMethod>"
        f"<ofd:SignatureDateTime>{manner.at:%Y%m%d%H%M%SZ}</ofd:SignatureDateTime>"
        f'<ofd:References CheckMethod="{manner.method}">{references}</ofd:References>'
        f'<ofd:StampAnnot ID="{number + 1}" PageRef="1" Boundary="150 90 40 30"/>{seal_part}'
        f"</ofd:SignedInfo><ofd:SignedValue>{base}SignedValue.dat</ofd:SignedValue></ofd:Signature>"
    ).encode()
    parts[f"{folder}/Signature.xml"] = described
    parts[f"{folder}/SignedValue.dat"] = _value(described, f"/{folder}/Signature.xml", who, manner, esl)
    return packed(parts)


_METHODS: dict[str, Callable[[bytes], bytes]] = {
    SM3: sm3,
    "sm3": sm3,
    "md5": lambda data: hashlib.md5(data).digest(),
    "sha1": lambda data: hashlib.sha1(data).digest(),
    "sha-1": lambda data: hashlib.sha1(data).digest(),
    "sha-256": lambda data: hashlib.sha256(data).digest(),
}


def _value(described: bytes, path: str, who: Office, manner: Manner, esl: bytes) -> bytes:
    if manner.kind == "Seal":
        return seal_signature(
            sm3(described), path, who.signer, esl, version=manner.version, at=manner.at,
            is_raw=manner.is_raw, stamper=who.stamper if manner.has_stamp else None,
        )  # fmt: skip
    return signed_data(
        who.signer, described, is_national=manner.is_national,
        content=sm3(described) if manner.carries_digest else None, has_attributes=not manner.is_national,
    )  # fmt: skip


def _list(parts: dict[str, bytes], number: int, manner: Manner) -> None:
    """Name the signature in the list, and the list in OFD.xml."""
    path = f"/Doc_0/Signs/Sign_{number}/Signature.xml"
    entry = f'<ofd:Signature ID="{number + 1}" Type="{manner.kind}" BaseLoc="{path}"/>'
    if LIST in parts:
        parts[LIST] = parts[LIST].replace(b"</ofd:Signatures>", entry.encode() + b"</ofd:Signatures>")
        return
    opening = f'{HEAD}<ofd:Signatures xmlns:ofd="{NAMESPACE}"><ofd:MaxSignId>9</ofd:MaxSignId>'
    parts[LIST] = f"{opening}{entry}</ofd:Signatures>".encode()
    parts["OFD.xml"] = parts["OFD.xml"].replace(
        b"</ofd:DocRoot>", f"</ofd:DocRoot><ofd:Signatures>{LIST}</ofd:Signatures>".encode()
    )


def changed(package: bytes, path: str, change: Callable[[bytes], bytes]) -> bytes:
    """The package with one part altered."""
    parts = unpacked(package)
    parts[path] = change(parts[path])
    return packed(parts)
