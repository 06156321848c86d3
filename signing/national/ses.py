"""Electronic seals and seal signatures: GB/T 38540-2020 (version 4) and GM/T 0031-2014 (version 1).

The two are told apart by their shape and not by the number they carry, because vendors number them
as they like. What was signed is kept as it stands in the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from signing.national import algorithms
from signing.national.certificates import Certificate, CertificateBroken, load
from signing.national.cms import time_of_token
from signing.national.der import DerBroken, Element, read, time_of

LARGEST: Final = 16 * 1024 * 1024
MOST_OWNERS: Final = 200


class SesBroken(ValueError):
    """The bytes are no seal or seal signature that can be read; the text says at what."""


@dataclass(frozen=True)
class Picture:
    """What a seal looks like. Width and height are millimetres, as the seal says."""

    kind: str
    """Such as ``png``, ``ofd``, ``svg``, ``bmp``; lower case, no dot."""
    data: bytes
    width: int
    height: int


@dataclass(frozen=True)
class Seal:
    """An electronic seal."""

    format: int
    """4 (GB/T 38540) or 1 (GM/T 0031), by its shape."""
    version: int
    """The number in its header."""
    vendor: str
    seal_id: str
    type: int
    """1 of an organisation, 2 of a person (GB/T 38540, 6.2.2)."""
    name: str
    owners: tuple[bytes, ...]
    """Certificates (DER) of those who may use it."""
    owner_digests: tuple[tuple[str, bytes], ...]
    """Digests of such certificates, where it carries those: name of the algorithm, value."""
    made_at: datetime | None
    valid_from: datetime
    valid_to: datetime
    picture: Picture
    maker: bytes
    """The maker's certificate (DER)."""
    algorithm: str
    """OID of the maker's signature."""
    signature: bytes
    info: bytes
    """eSealInfo as it stands."""
    signed: tuple[bytes, ...]
    """What the maker may have signed; the standards and their readers differ."""
    raw: bytes

    def is_owned_by(self, certificate: Certificate) -> bool | None:
        """Whether the certificate is one that may use the seal; None when the seal names none."""
        if not self.owners and not self.owner_digests:
            return None
        if certificate.der in self.owners:
            return True
        return any(value == algorithms.digest(name, certificate.der) for name, value in self.owner_digests)

    def is_intact(self) -> bool | None:
        """Whether its maker signed it so; None when that cannot be checked."""
        try:
            maker = load(self.maker)
        except CertificateBroken:
            return None
        answers = [maker.check(self.algorithm, "sm3", signed, self.signature) for signed in self.signed]
        return True if True in answers else None if None in answers else False


@dataclass(frozen=True)
class SealSignature:
    """A seal put on a document: the content of SignedValue.dat."""

    format: int
    version: int
    seal: Seal
    signed_at: datetime | None
    """What the signer claims (timeInfo)."""
    time_info: bytes
    """timeInfo as it stands: in version 1 it may be a time-stamp token."""
    data_hash: bytes
    """Digest of Signature.xml, or of the covered bytes of a PDF."""
    property_info: str
    """Usually the path of Signature.xml."""
    signer: bytes
    """The signer's certificate (DER)."""
    algorithm: str
    signature: bytes
    to_sign: bytes
    """What was signed, as it stands."""
    time_stamp: bytes | None
    """A time-stamp token over the signature."""

    def is_intact(self) -> bool | None:
        """Whether the signer signed this; None when the algorithm or the certificate is not known."""
        try:
            return load(self.signer).check(self.algorithm, "sm3", self.to_sign, self.signature)
        except CertificateBroken:
            return None


def parse_seal(data: bytes) -> Seal:
    """Read a seal (Seal.esl). Raises SesBroken."""
    try:
        return _seal(_outer(data))
    except (DerBroken, UnicodeError) as error:
        raise SesBroken(str(error)[:160]) from error


def parse_signature(data: bytes) -> SealSignature:
    """Read a seal signature (SignedValue.dat); zeros may follow. Raises SesBroken."""
    try:
        parts = _outer(data).sequence(2, "SES_Signature")
        return _version_4(parts) if len(parts) >= 4 else _version_1(parts)
    except (DerBroken, UnicodeError) as error:
        raise SesBroken(str(error)[:160]) from error


def _outer(data: bytes) -> Element:
    if len(data) > LARGEST:
        raise DerBroken("too large")
    return read(data, is_padded=True)


def _version_4(parts: tuple[Element, ...]) -> SealSignature:
    """``SEQUENCE { toSign, cert, signatureAlgID, signature, [0] timeStamp OPTIONAL }``."""
    to_sign = parts[0].sequence(5, "toSign")
    return SealSignature(
        format=4,
        version=to_sign[0].integer("version"),
        seal=_seal(to_sign[1]),
        signed_at=_moment(to_sign[2]),
        time_info=to_sign[2].content,
        data_hash=_hash(to_sign[3]),
        property_info=_text(to_sign[4]),
        signer=parts[1].octets("cert"),
        algorithm=parts[2].algorithm("signatureAlgID"),
        signature=_signature(parts[3]),
        to_sign=parts[0].raw,
        time_stamp=_stamp(parts[4:]),
    )


def _version_1(parts: tuple[Element, ...]) -> SealSignature:
    """``SEQUENCE { toSign { …, cert, signatureAlgorithm }, signature }``."""
    to_sign = parts[0].sequence(7, "toSign")
    time_info = to_sign[2].bits() if to_sign[2].is_universal(3) else to_sign[2].content
    return SealSignature(
        format=1,
        version=to_sign[0].integer("version"),
        seal=_seal(to_sign[1]),
        signed_at=_moment(to_sign[2]),
        time_info=time_info,
        data_hash=_hash(to_sign[3]),
        property_info=_text(to_sign[4]),
        signer=to_sign[5].octets("cert"),
        algorithm=to_sign[6].algorithm("signatureAlgorithm"),
        signature=_signature(parts[1]),
        to_sign=parts[0].raw,
        time_stamp=_stamp(parts[2:]),
    )


def _seal(element: Element) -> Seal:
    parts = element.sequence(2, "SESeal")
    info = parts[0].sequence(4, "eSealInfo")
    header, properties = info[0].sequence(3, "header"), info[2].sequence(6, "property")
    if header[0].text("header") != "ES":
        raise DerBroken("header")
    if len(parts) >= 4:
        cert, algorithm, signature = parts[1:4]
    else:
        cert, algorithm, signature = parts[1].sequence(3, "signInfo")[:3]
    has_list_type = properties[2].is_universal(2)
    owners, digests = _owners(properties[3 if has_list_type else 2])
    times = properties[4:7] if has_list_type else properties[3:6]
    if len(times) != 3:
        raise DerBroken("property")
    raw = parts[0].raw + cert.raw + algorithm.raw
    return Seal(
        format=4 if len(parts) >= 4 else 1,
        version=header[1].integer("version"),
        vendor=header[2].text("vid"),
        seal_id=info[1].text("esID"),
        type=properties[0].integer("type"),
        name=properties[1].text("name"),
        owners=owners,
        owner_digests=digests,
        made_at=_moment(times[0]),
        valid_from=times[1].time("validStart"),
        valid_to=times[2].time("validEnd"),
        picture=_picture(info[3]),
        maker=cert.octets("maker's certificate"),
        algorithm=algorithm.algorithm("maker's algorithm"),
        signature=_signature(signature),
        info=parts[0].raw,
        signed=_signed_by_maker(parts[0].raw, raw, is_version_4=len(parts) >= 4),
        raw=element.raw,
    )


def _signed_by_maker(info: bytes, joined: bytes, *, is_version_4: bool) -> tuple[bytes, ...]:
    """eSealInfo alone (GB/T 38540), or a SEQUENCE of it with certificate and algorithm (GM/T 0031)."""
    size = len(joined).to_bytes((len(joined).bit_length() + 7) // 8, "big")
    length = size if len(joined) < 0x80 else bytes([0x80 | len(size)]) + size
    whole = b"\x30" + length + joined
    return (info, whole, joined) if is_version_4 else (whole, info, joined)


def _owners(element: Element) -> tuple[tuple[bytes, ...], tuple[tuple[str, bytes], ...]]:
    """The certificates, or digests of certificates, of those who may use a seal.

    Some vendors wrap the choice in a tag of its own.
    """
    if element.tag_class == 2 and element.is_constructed and len(element.children) == 1:
        inner = element.children[0]
        element = inner if inner.is_universal(16) else element
    certificates: list[bytes] = []
    digests: list[tuple[str, bytes]] = []
    for item in element.children[:MOST_OWNERS]:
        if item.is_universal(4):
            certificates.append(item.octets())
            continue
        kind, value = item.sequence(2, "owner")[:2]
        said = kind.oid() if kind.is_universal(6) else kind.text("digest")
        name = algorithms.digest_name(said)
        digests.append((name or "sm3", value.octets("digest")))
    return tuple(certificates), tuple(digests)


def _picture(element: Element) -> Picture:
    parts = element.sequence(4, "picture")
    return Picture(
        kind=parts[0].text("picture").strip().lower().lstrip("."),
        data=parts[1].octets("picture"),
        width=parts[2].integer("width"),
        height=parts[3].integer("height"),
    )


def _moment(element: Element) -> datetime | None:
    """A time as such, as a BIT STRING of text, of DER, or of a time-stamp token; None when it is none."""
    if element.is_universal(23, 24):
        return element.time()
    content = element.bits() if element.is_universal(3) else element.content
    said = time_of(content) or (time_of(content, is_short=True) if len(content) <= 13 else None)
    if said is not None:
        return said
    try:
        inner = read(content)
        if inner.is_universal(23, 24):
            return inner.time()
        return time_of_token(content)
    except DerBroken:
        return None


def _hash(element: Element) -> bytes:
    return element.octets("dataHash") if element.is_universal(4) else element.bits("dataHash")


def _signature(element: Element) -> bytes:
    return element.octets("signature") if element.is_universal(4) else element.bits("signature")


def _text(element: Element) -> str:
    try:
        return element.text("propertyInfo")
    except DerBroken:
        return element.content.decode("utf-8", "replace")


def _stamp(rest: tuple[Element, ...]) -> bytes | None:
    """``[0] timeStamp``, explicit or implicit, a BIT STRING or the token itself; some leave out the tag.

    Nothing else may stand behind a signature: what does is taken for a time-stamp that does not fit.
    """
    if not rest:
        return None
    element = rest[0]
    if element.is_context(0) and not element.is_constructed:
        return element.content[1:] if element.content[:1] == b"\x00" else element.content
    inner = element.children[0] if element.is_context(0) and element.children else element
    return inner.bits() if inner.is_universal(3) else inner.raw
