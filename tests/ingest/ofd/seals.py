# ruff: noqa: E501
"""Seals on OFD pages as far as drawing goes: the structures of GB/T 38540 without real keys."""

from __future__ import annotations

from collections.abc import Sequence

from tests.ingest.ofd.builder import NAMESPACE, numbers

Box = tuple[float, float, float, float]


def tlv(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    length = len(content)
    if length < 128:
        return bytes((tag, length)) + content
    size = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + length.to_bytes(size, "big") + content


def integer(value: int) -> bytes:
    return tlv(2, value.to_bytes((value.bit_length() + 8) // 8, "big"))


def seal(picture: bytes, kind: str = "png", width: int = 40, height: int = 40) -> bytes:
    """A SESeal of version 4 with nothing true in it but the picture."""
    time = tlv(24, b"20240101000000Z")
    header = tlv(0x30, tlv(22, b"ES"), integer(4), tlv(22, b"maker"))
    attributes = tlv(0x30, integer(1), tlv(12, "云杉公司".encode()), integer(1), tlv(0x30), time, time, time)
    drawn = tlv(0x30, tlv(22, kind.encode()), tlv(4, picture), integer(width), integer(height))
    info = tlv(0x30, header, tlv(22, b"31000001"), attributes, drawn)
    algorithm = tlv(6, b"\x2a\x81\x1c\xcf\x55\x01\x83\x75")
    return tlv(0x30, info, tlv(4, bytes(20)), algorithm, tlv(3, bytes(65)))


def signed_value(seal_: bytes) -> bytes:
    """A SES_Signature around a seal."""
    to_sign = tlv(0x30, integer(4), seal_, tlv(24, b"20240101000000Z"), tlv(3, bytes(33)), tlv(22, b"/x"))
    return tlv(
        0x30, to_sign, tlv(4, bytes(20)), tlv(6, b"\x2a\x81\x1c\xcf\x55\x01\x83\x75"), tlv(3, bytes(65))
    )


def stamped(
    parts: dict[str, bytes],
    places: Sequence[tuple[int, Box, Box | None]],
    *,
    value: bytes,
    esl: bytes | None = None,
) -> dict[str, bytes]:
    """A package with one signature whose seal stands at ``places``: page number, boundary, clip."""
    root = parts["OFD.xml"].replace(
        b"</ofd:DocBody>", b"<ofd:Signatures>/Doc_0/Signs/Signatures.xml</ofd:Signatures></ofd:DocBody>"
    )
    stamps = "".join(
        f'<ofd:StampAnnot ID="s{number}" PageRef="{page}" Boundary="{numbers(*box)}"'
        + (f' Clip="{numbers(*clip)}"' if clip else "")
        + "/>"
        for number, (page, box, clip) in enumerate(places)
    )
    beside = "<ofd:Seal><ofd:BaseLoc>/Doc_0/Signs/Sign_0/Seal.esl</ofd:BaseLoc></ofd:Seal>" if esl else ""
    listed = (
        f'<ofd:Signatures xmlns:ofd="{NAMESPACE}"><ofd:MaxSignId>s0</ofd:MaxSignId><ofd:Signature ID="s0" Type="Seal" '
        'BaseLoc="/Doc_0/Signs/Sign_0/Signature.xml"/></ofd:Signatures>'
    )
    described = (
        f'<ofd:Signature xmlns:ofd="{NAMESPACE}"><ofd:SignedInfo><ofd:Provider ProviderName="maker"/>{stamps}{beside}'
        "</ofd:SignedInfo><ofd:SignedValue>/Doc_0/Signs/Sign_0/SignedValue.dat</ofd:SignedValue></ofd:Signature>"
    )
    made = {
        **parts,
        "OFD.xml": root,
        "Doc_0/Signs/Signatures.xml": listed.encode(),
        "Doc_0/Signs/Sign_0/Signature.xml": described.encode(),
        "Doc_0/Signs/Sign_0/SignedValue.dat": value,
    }
    return {**made, "Doc_0/Signs/Sign_0/Seal.esl": esl} if esl else made
