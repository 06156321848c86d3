"""Files that are nearly right: real samples of every kind, damaged the way their kind can be damaged.

``malformed(family, number)`` is the same file in every run. The damage knows the structure: objects and
references of a PDF, parts and headers of a ZIP, elements of XML, fields and boundaries of a mail, chunks and
segments of a picture; to that come the blind ones that suit any bytes.
"""

from __future__ import annotations

import io
import random
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from typing import Final

from tests.ingest.whole_files import FAMILIES, whole

__all__ = ["FAMILIES", "malformed", "whole"]

Damage = Callable[[random.Random, bytes], bytes]

_NUMBERS: Final = (
    b"0", b"-1", b"1", b"255", b"65536", b"2147483647", b"2147483648", b"-2147483649", b"9" * 20,
    b"1e308", b"-0.0000001", b"NaN", b"Infinity", b"0x7f", b"1" * 400, b"",
)  # fmt: skip
_FIELDS: Final = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFE)
_MOST: Final = 3_000_000
"""Damage that repeats parts stops here: what is large is another test's matter."""


# blind


def _span(draw: random.Random, data: bytes, most: int = 4096) -> tuple[int, int]:
    begin = draw.randrange(len(data) + 1)
    return begin, min(len(data), begin + draw.randint(1, most))


def cut(draw: random.Random, data: bytes) -> bytes:
    return data[: draw.randint(0, len(data))]


def beheaded(draw: random.Random, data: bytes) -> bytes:
    keep = draw.choice((4, 8, 16, 64))
    return data[:keep] + data[keep + draw.randint(1, max(1, len(data) // 2)) :]


def flipped(draw: random.Random, data: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(draw.choice((1, 2, 8, 40))):
        if out:
            out[draw.randrange(len(out))] ^= 1 << draw.randrange(8)
    return bytes(out)


def overwritten(draw: random.Random, data: bytes) -> bytes:
    begin, end = _span(draw, data, 64)
    return data[:begin] + draw.randbytes(end - begin) + data[end:]


def without_a_piece(draw: random.Random, data: bytes) -> bytes:
    begin, end = _span(draw, data)
    return data[:begin] + data[end:]


def with_a_piece_again(draw: random.Random, data: bytes) -> bytes:
    begin, end = _span(draw, data)
    times = draw.choice((1, 2, 50))
    return (data[:end] + data[begin:end] * times + data[end:])[:_MOST]


def swapped(draw: random.Random, data: bytes) -> bytes:
    a, b, c, d = sorted(draw.randrange(len(data) + 1) for _ in range(4))
    return data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def with_a_wrong_length(draw: random.Random, data: bytes) -> bytes:
    """A field of two, four or eight bytes says something at the edge."""
    form = draw.choice(("<H", ">H", "<I", ">I", "<Q", ">Q"))
    size = struct.calcsize(form)
    at = draw.randrange(max(1, len(data) - size))
    return data[:at] + struct.pack(form, draw.choice(_FIELDS) % (1 << (8 * size))) + data[at + size :]


def with_other_numbers(draw: random.Random, data: bytes) -> bytes:
    found = [match.span() for match in re.finditer(rb"-?\d+(\.\d+)?", data)]
    for begin, end in sorted(draw.sample(found, min(len(found), draw.choice((1, 1, 4)))), reverse=True):
        data = data[:begin] + draw.choice(_NUMBERS) + data[end:]
    return data


BLIND: Final[tuple[Damage, ...]] = (
    cut, beheaded, flipped, overwritten, without_a_piece, with_a_piece_again, swapped, with_a_wrong_length,
)  # fmt: skip


def _shuffled(draw: random.Random, pieces: list[bytes]) -> list[bytes]:
    """Two pieces swapped, one doubled or one left out."""
    if len(pieces) < 2:
        return pieces
    one, other = draw.randrange(len(pieces)), draw.randrange(len(pieces))
    how = draw.randrange(4)
    if how == 0:
        pieces[one], pieces[other] = pieces[other], pieces[one]
    elif how == 1:
        pieces.insert(other, pieces[one])
    elif how == 2:
        del pieces[one]
    else:
        pieces[one] = pieces[other]
    return pieces


# PDF


def pdf_objects(draw: random.Random, data: bytes) -> bytes:
    return b"endobj".join(_shuffled(draw, data.split(b"endobj")))


def pdf_references(draw: random.Random, data: bytes) -> bytes:
    """References that point elsewhere, to themselves, or nowhere."""
    found = list(re.finditer(rb"(\d+) 0 R", data))
    for match in sorted(
        draw.sample(found, min(len(found), draw.choice((1, 1, 3)))), key=lambda m: -m.start()
    ):
        other = draw.choice((draw.choice(found)[1], b"0", b"99999", b"1"))
        data = data[: match.start()] + other + b" 0 R" + data[match.end() :]
    return data


def pdf_names(draw: random.Random, data: bytes) -> bytes:
    found = list(re.finditer(rb"/[A-Za-z0-9]+", data))
    if len(found) < 2:
        return data
    one, other = draw.choice(found), draw.choice(found)[0]
    return data[: one.start()] + draw.choice((other, b"/X", b"/#00", b"")) + data[one.end() :]


def pdf_values(draw: random.Random, data: bytes) -> bytes:
    """A value is of another kind than its key wants."""
    found = list(
        re.finditer(rb"(/[A-Za-z]+ )(\[[^\[\]<>]{0,200}\]|\([^()]{0,200}\)|[-\d.]+|/[A-Za-z]+)", data)
    )
    if not found:
        return data
    match = draw.choice(found)
    deep = draw.choice((20, 600, 20_000))
    other = draw.choice(
        (
            b"null", b"true", b"[]", b"<<>>", b"()", b"/X", b"-1", b"[" * deep + b"]" * deep,
            b"<< /A " * deep,
            b"<FEFFD800>", b"(\\377\\376\\000\\330)", b"[ 0 0 0 0 ]", b"[ NaN 1e30 -1e30 0 ]",
        )
    )  # fmt: skip
    return data[: match.start(2)] + other + data[match.end(2) :]


def pdf_content(draw: random.Random, data: bytes) -> bytes:
    """Operators of a content stream swapped, doubled, given other operands."""
    found = list(re.finditer(rb"stream\r?\n(.*?)endstream", data, re.DOTALL))
    if not found:
        return data
    match = draw.choice(found)
    lines = match[1].split(b"\n")
    for _ in range(draw.choice((1, 3, 10))):
        lines = _shuffled(draw, lines)
    extra = draw.choice(
        (b"", b"q " * 5000, b"/F1 1e30 Tf ", b"0 0 0 0 0 0 cm ", b"1e30 0 0 1e30 0 0 cm ", b"BT ")
    )
    return data[: match.start(1)] + extra + b"\n".join(lines) + data[match.end(1) :]


# XML


_TAG: Final = re.compile(rb"<([A-Za-z_][\w.:-]*)[^<>]*?>[^<]*</\1>")


def xml_elements(draw: random.Random, data: bytes) -> bytes:
    """An element left out, doubled, nested in itself, or put at another's place."""
    found = list(_TAG.finditer(data))
    if not found:
        return data
    match, other = draw.choice(found), draw.choice(found)[0]
    deep = draw.choice((10, 300, 30_000))
    nested = b"<" + match[1] + b">"
    put = draw.choice(
        (b"", match[0] * 2, match[0] * 400, other, nested * deep + b"</" + match[1] + b">" * deep, nested)
    )
    return (data[: match.start()] + put + data[match.end() :])[:_MOST]


def xml_values(draw: random.Random, data: bytes) -> bytes:
    """What an element or attribute says is at the edge of what it may say."""
    found = list(re.finditer(rb">([^<>]+)<|=\"([^\"<>]*)\"", data))
    for match in sorted(
        draw.sample(found, min(len(found), draw.choice((1, 1, 5)))), key=lambda m: -m.start()
    ):
        group = 1 if match[1] is not None else 2
        said = draw.choice(
            (
                *_NUMBERS, "９９９．９９".encode(), "壹佰圆整".encode(), b"&#0;", b"&#xD800;",
                b"&#x1F600;", b"&unknown;",
                b"\x00", b"\xff\xfe", b"2026-13-45", b"20269999", b"A" * 70_000, b"../" * 20,
                b"%s%n", b"1" * 5000,
                b"<![CDATA[" + b"x" * 50 + b"]]>", "\u202e\u200b".encode(),
            )
        )  # fmt: skip
        data = data[: match.start(group)] + said + data[match.end(group) :]
    return data


def xml_head(draw: random.Random, data: bytes) -> bytes:
    """Another encoding than the bytes, entities, a doctype, processing instructions."""
    body = re.sub(rb"^\s*<\?xml[^>]*\?>", b"", data)
    bomb = b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;">]>'
    outside = b'<!DOCTYPE a SYSTEM "file:///etc/passwd">'
    head = draw.choice(
        (
            b"", b'<?xml version="1.0" encoding="UTF-16"?>', b'<?xml version="1.0" encoding="GBK"?>', outside,
            bomb,
            b'<?xml version="1.1"?>', b'<?xml version="1.0" encoding="no-such"?>', b"\xef\xbb\xbf",
            b"\xff\xfe",
            b'<?xml version="1.0" encoding="UTF-7"?>', b"<?xml-stylesheet href='http://127.0.0.1/'?>" * 50,
        )
    )  # fmt: skip
    if draw.random() < 0.2:
        return body.decode("utf-8", "replace").encode(
            draw.choice(("utf-16", "utf-16-be", "gb18030", "utf-32"))
        )
    return head + body


# ZIP


def zip_parts(inner: Sequence[Damage]) -> Damage:
    """Damage to what lies inside: a part damaged by its kind, left out, renamed, doubled."""

    def damage(draw: random.Random, data: bytes) -> bytes:
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                parts = [(name, archive.read(name)) for name in archive.namelist()]
        except (zipfile.BadZipFile, OSError, zlib.error, ValueError, NotImplementedError, EOFError):
            return flipped(draw, data)
        return _rezipped(draw, _parts(draw, parts, inner))

    return damage


def _parts(
    draw: random.Random, parts: list[tuple[str, bytes]], inner: Sequence[Damage]
) -> list[tuple[str, bytes]]:
    if not parts:
        return parts
    at = draw.randrange(len(parts))
    name, body = parts[at]
    how = draw.randrange(8)
    if how < 5:
        for _ in range(draw.choice((1, 1, 3))):
            body = draw.choice(inner)(draw, body) if body else body
        parts[at] = name, body
    elif how == 5:
        del parts[at]
    elif how == 6:
        odd = (
            "../../x",
            "/etc/x",
            "a" * 300,
            "",
            "CON",
            "x\x00y",
            name.upper(),
            "\\..\\x",
            parts[0][0],
            "x/" * 200,
        )
        parts[at] = draw.choice(odd), body
    else:
        parts[at] = name, parts[draw.randrange(len(parts))][1]
    return parts


def _rezipped(draw: random.Random, parts: list[tuple[str, bytes]]) -> bytes:
    out = io.BytesIO()
    method = draw.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED))
    with zipfile.ZipFile(out, "w", method) as archive:
        written = set()
        for name, body in parts:
            if name not in written:
                written.add(name)
                archive.writestr(zipfile.ZipInfo(name), body, method)
    return out.getvalue()


def zip_headers(draw: random.Random, data: bytes) -> bytes:
    """A field of a local header, of the directory or of its end says something else."""
    found = [match.start() for match in re.finditer(rb"PK\x01\x02|PK\x03\x04|PK\x05\x06", data)]
    if not found:
        return data
    at = draw.choice(found) + 4 + 2 * draw.randrange(20)
    form = draw.choice(("<H", "<I"))
    packed = struct.pack(form, draw.choice(_FIELDS) % (1 << (8 * struct.calcsize(form))))
    return data[:at] + packed + data[at + len(packed) :]


# mail


def mail_lines(draw: random.Random, data: bytes) -> bytes:
    lines = data.split(b"\n")
    for _ in range(draw.choice((1, 2, 6))):
        lines = _shuffled(draw, lines)
    return b"\n".join(lines)


def mail_fields(draw: random.Random, data: bytes) -> bytes:
    """Fields that say something odd: charsets, boundaries, encodings, names, dates."""
    found = list(re.finditer(rb"^([A-Za-z-]+): ?([^\n]*)$", data, re.MULTILINE))
    if not found:
        return data
    match = draw.choice(found)
    said = draw.choice(
        (
            b"multipart/mixed; boundary=\"\"", b"multipart/mixed; boundary=x", b"message/rfc822", b"uuencode",
            b"text/plain; charset=no-such", b"text/html; charset=utf-16", b"=?utf-8?B?/////w==?=", b"base64",
            b"=?gb2312?Q?=FF=FE?= =?x?y?z?=", b"x" * 20_000, b"\x00\xff", b"Mon, 99 Foo 99999 99:99:99 +9999",
            b"attachment; filename=\"../../../x.pdf\"", b"attachment; filename*0*=utf-8''%FF%; filename*1=x",
            b"attachment; filename*=bogus'x'%E4%BD", b"application/pdf; name=\"=?utf-8?Q?=00?=\"",
            b"(((" * 300,
            b"<" * 900 + b"@", b"a@b, " * 2000, b"quoted-printable", b"multipart/alternative",
        )
    )  # fmt: skip
    return data[: match.start(2)] + said + data[match.end(2) :]


def mail_nested(draw: random.Random, data: bytes) -> bytes:
    for number in range(draw.choice((1, 3, 40, 300))):
        data = (
            b"From: a@example.cn\nTo: b@example.cn\nSubject: x\nMIME-Version: 1.0\n"
            b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\nContent-Type: message/rfc822\n\n"
            % (number, number)
        ) + data
    return data[:_MOST]


# pictures


def picture_pieces(draw: random.Random, data: bytes) -> bytes:
    """Chunks, segments or boxes swapped, doubled, left out, or changed with the right checksum."""
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return data[:8] + b"".join(_shuffled(draw, _png_chunks(draw, data)))
    if data[:2] == b"\xff\xd8":
        pieces = re.split(rb"(?=\xff[\xc0-\xcf\xda-\xdf\xe0-\xef\xfe])", data)
        return b"".join(_shuffled(draw, pieces))
    step = draw.choice((4, 8, 12, 16))
    head = draw.choice((4, 8, 12))
    pieces = [data[at : at + step] for at in range(head, min(len(data), head + 400), step)]
    return data[:head] + b"".join(_shuffled(draw, pieces)) + data[head + 400 :]


def _png_chunks(draw: random.Random, data: bytes) -> list[bytes]:
    """All chunks, one of them changed and signed anew."""
    chunks, at = [], 8
    while at + 8 <= len(data):
        size = struct.unpack(">I", data[at : at + 4])[0]
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        if draw.random() < 0.4 and body:
            body = draw.choice((flipped, with_a_wrong_length, cut))(draw, body)
        chunks.append(struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)))
        at += 12 + size
    return chunks


_XML_DAMAGE: Final[tuple[Damage, ...]] = (xml_elements, xml_values, xml_values, xml_head, with_other_numbers)
_DAMAGE: Final[dict[str, tuple[Damage, ...]]] = {
    "pdf": (pdf_objects, pdf_references, pdf_names, pdf_values, pdf_content, with_other_numbers),
    "ofd": (zip_parts((*_XML_DAMAGE, *_XML_DAMAGE, *BLIND)),) * 4 + (zip_headers,),
    "xml": _XML_DAMAGE,
    "zip": (zip_parts((*BLIND, *_XML_DAMAGE)), zip_headers, zip_headers),
    "mail": (mail_lines, mail_fields, mail_fields, mail_nested, with_other_numbers),
    "picture": (picture_pieces, with_a_wrong_length, flipped),
}


def _spliced(draw: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """A chunk of another file of the family in the midst of this one."""
    begin, end = _span(draw, other := draw.choice(others), 20_000)
    at = draw.randrange(len(data) + 1)
    return data[:at] + other[begin:end] + data[at + draw.choice((0, end - begin)) :]


def malformed(family: str, number: int) -> bytes:
    """The malformed file of that number: a sample with one to three damages, most of them of its kind."""
    draw = random.Random(f"{family} {number}")
    data = draw.choice(whole(family))
    for _ in range(draw.choice((1, 1, 2, 3))):
        chance = draw.random()
        if chance < 0.08:
            data = _spliced(draw, data, whole(family))
        else:
            data = draw.choice(_DAMAGE[family] if chance < 0.65 else BLIND)(draw, data)
    return data or b"\x00"
