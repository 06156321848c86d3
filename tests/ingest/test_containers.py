"""ZIP and e-mail: every member a document, nothing outside the folder, no bomb goes off."""

from __future__ import annotations

import base64
import struct
import zipfile
import zlib
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest import containers, mail, pdf
from ingest.conversion import Converted
from ingest.errors import ContainerEmpty, ContainerTooLarge, FileBroken, FileRefused, TooManyMembers
from tests.ingest import builders_containers as builders
from tests.ingest import samples
from tests.verapdf import violations


def unpacked(folder: Path, data: bytes) -> Converted:
    source, work = folder / "source", folder / "work"
    source.write_bytes(data)
    work.mkdir(exist_ok=True)
    return containers.convert(source, work)


def read_mail(folder: Path, data: bytes) -> Converted:
    source, work = folder / "source", folder / "work"
    source.write_bytes(data)
    work.mkdir(exist_ok=True)
    return mail.convert(source, work)


def test_members_come_out_in_order_with_their_names_and_bytes(tmp_path: Path) -> None:
    made = unpacked(tmp_path, builders.zipped({"a/发票.pdf": b"%PDF-1", "b.xml": b"<a/>", "空/": b""}))
    assert [(one.name, one.path.read_bytes()) for one in made.members] == [
        ("a/发票.pdf", b"%PDF-1"),
        ("b.xml", b"<a/>"),
    ]
    assert made.pdf is None


@pytest.mark.parametrize(
    ("name", "flags", "shown"),
    [("发票.pdf".encode("gbk"), 0, "发票.pdf"), ("发票.pdf".encode(), 0, "发票.pdf"),
     ("发票.pdf".encode(), 0x800, "发票.pdf"), (b"..\\..\\windows\\evil.exe", 0, "windows/evil.exe"),
     (b"../../etc/passwd", 0, "etc/passwd"), (b"/etc/shadow", 0, "etc/shadow"), (b"C:\\x.pdf", 0, "x.pdf"),
     (b"..", 0, "?")],
)  # fmt: skip
def test_names_are_decoded_and_lead_nowhere(name: bytes, flags: int, shown: str, tmp_path: Path) -> None:
    made = unpacked(tmp_path, builders.raw_zip(name, b"data", flags))
    (member,) = made.members
    assert member.name == shown
    assert member.path.parent == tmp_path / "work"
    assert member.path.read_bytes() == b"data"


def test_the_unicode_name_of_info_zip_is_believed_when_it_fits(tmp_path: Path) -> None:
    name, real = b"?.pdf", "合同.pdf".encode()
    field = struct.pack("<BL", 1, zlib.crc32(name)) + real
    extra = struct.pack("<HH", 0x7075, len(field)) + field
    assert unpacked(tmp_path, builders.raw_zip(name, b"x", extra=extra)).members[0].name == "合同.pdf"


def test_what_systems_leave_behind_is_skipped(tmp_path: Path) -> None:
    junk = {
        "__MACOSX/._a.pdf": b"x",
        ".DS_Store": b"x",
        "d/Thumbs.db": b"x",
        "desktop.ini": b"x",
        "a.pdf": b"1",
    }
    assert [one.name for one in unpacked(tmp_path, builders.zipped(junk)).members] == ["a.pdf"]
    with pytest.raises(ContainerEmpty):
        unpacked(tmp_path, builders.zipped({"d/": b"", ".DS_Store": b"x"}))


def test_an_encrypted_member_costs_only_itself(tmp_path: Path) -> None:
    made = unpacked(tmp_path, builders.raw_zip(b"secret.pdf", b"x" * 20, flags=1))
    assert made.members == []
    assert made.findings == [{"code": "member-encrypted", "name": "secret.pdf"}]


def test_a_damaged_member_costs_only_itself(tmp_path: Path) -> None:
    data = bytearray(builders.zipped({"a.pdf": b"a" * 100, "b.pdf": b"b" * 100}, zipfile.ZIP_STORED))
    data[data.index(b"aaaa")] = 0x62
    made = unpacked(tmp_path, bytes(data))
    assert [one.name for one in made.members] == ["b.pdf"]
    assert made.findings == [{"code": "member-broken", "name": "a.pdf"}]


def test_a_bomb_does_not_go_off(tmp_path: Path) -> None:
    with pytest.raises(ContainerTooLarge):
        unpacked(tmp_path, builders.zipped({"zeros": b"\0" * (60 * 1024**2)}))
    written = sum(path.stat().st_size for path in (tmp_path / "work").iterdir())
    assert written < 64 * 1024**2


def test_too_many_members_are_refused_before_they_are_read(tmp_path: Path) -> None:
    with pytest.raises(TooManyMembers):
        unpacked(tmp_path, builders.zipped({f"{number}": b"" for number in range(1001)}))


def test_a_size_that_lies_is_found_out(tmp_path: Path) -> None:
    made = unpacked(tmp_path, builders.raw_zip(b"a", b"data", size=3 * 1024**3))
    assert made.findings == [{"code": "member-too-large", "name": "a"}]


EDITS = st.lists(st.tuples(st.integers(0, 10**6), st.binary(min_size=1, max_size=12)), max_size=10)


@given(EDITS, st.integers(0, 60))
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_mutated_zip_is_unpacked_or_refused(tmp_path: Path, edits: list[tuple[int, bytes]], cut: int) -> None:
    data = bytearray(builders.zipped({"a.pdf": b"%PDF-1.7" * 50, "发票.xml": b"<a/>" * 50}))
    for place, piece in edits:
        at = place % len(data)
        data[at : at + len(piece)] = piece
    for path in (tmp_path / "work").glob("*"):
        path.unlink()
    try:
        unpacked(tmp_path, bytes(data[: len(data) - cut]))
    except FileRefused as error:
        assert error.code != "file-refused"


# e-mail


def test_a_mail_is_typeset_as_pdf_a_and_its_attachments_come_out(tmp_path: Path) -> None:
    message = builders.mail()
    message.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="三月发票.pdf")
    made = read_mail(tmp_path, message.as_bytes())
    assert made.pdf is not None
    said = pdf.text(made.pdf)[0]
    for words in ("三月的发票", "王芳", "finance@example.cn", "发票见附件。", "三月发票.pdf"):
        assert words in said
    assert violations(made.pdf) == []
    assert [(one.name, one.path.read_bytes()) for one in made.members] == [("三月发票.pdf", b"%PDF-1.7")]


def test_chinese_mail_programs_are_understood(tmp_path: Path) -> None:
    raw = (
        b"From: =?gb2312?B?" + base64.b64encode("王芳".encode("gbk")) + b"?= <a@b.cn>\r\n"
        b"Subject: " + "电子发票".encode("gbk") + b"\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n"
        b"Content-Type: text/plain; charset=gb2312\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        + "镕字不在 GB2312 里".encode("gbk")
        + b'\r\n--x\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename="'
        + "发票.pdf".encode("gbk")
        + b'"\r\n\r\n%PDF-1.4\r\n--x--\r\n'
    )
    made = read_mail(tmp_path, raw)
    assert made.pdf is not None
    said = pdf.text(made.pdf)[0]
    assert "王芳" in said and "电子发票" in said and "镕字不在" in said
    assert [one.name for one in made.members] == ["发票.pdf"]


def test_html_is_read_as_text_and_fetches_nothing(tmp_path: Path) -> None:
    page = (
        "<html><head><style>p{}</style></head><body><script>alert(1)</script><p>第一段</p><table><tr><td>金额</td>"
        '<td>100.00</td></tr></table><img src="https://tracker.example/x.png"><a href="https://x.example">下载</a></body>'
    )
    message = EmailMessage()
    message["Subject"], message["From"] = "x", "a@b.cn"
    message.set_content(page, subtype="html")
    made = read_mail(tmp_path, message.as_bytes())
    assert made.pdf is not None
    said = pdf.text(made.pdf)[0]
    assert "第一段" in said and "金额" in said and "下载" in said
    assert "alert" not in said and "tracker" not in said
    assert made.members == []


def test_small_inline_pictures_are_no_papers(tmp_path: Path) -> None:
    message = builders.mail(html='<p>x</p><img src="cid:logo">')
    big = samples.picture((400, 400), "RGB", "BMP")
    message.add_attachment(
        samples.picture((8, 8)), maintype="image", subtype="png", disposition="inline", cid="<logo>"
    )
    message.add_attachment(big, maintype="image", subtype="bmp", disposition="inline", filename="scan.bmp")
    assert [one.name for one in read_mail(tmp_path, message.as_bytes()).members] == ["scan.bmp"]


def test_a_mail_in_a_mail_and_outlooks_own_format(tmp_path: Path) -> None:
    message = builders.mail()
    message.add_attachment(builders.mail("转发的邮件"))
    message.add_attachment(
        b"\x78\x9f\x3e\x22", maintype="application", subtype="ms-tnef", filename="winmail.dat"
    )
    made = read_mail(tmp_path, message.as_bytes())
    assert [one.name for one in made.members] == ["转发的邮件.eml"]
    assert b"wang@example.cn" in made.members[0].path.read_bytes()
    assert made.findings == [{"code": "member-unsupported", "name": "winmail.dat"}]


def test_parts_nested_without_end_are_refused(tmp_path: Path) -> None:
    head = b"From: a@b\r\nSubject: x\r\n"
    nested = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (depth, depth)
        for depth in range(200)
    )
    with pytest.raises(FileBroken):
        read_mail(tmp_path, head + nested + b"\r\nx")


MAIL = builders.mail(html="<p>您好</p>")
MAIL.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="发票.pdf")


@given(EDITS)
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_mutated_mail_is_read_or_refused(tmp_path: Path, edits: list[tuple[int, bytes]]) -> None:
    data = bytearray(MAIL.as_bytes())
    for place, piece in edits:
        at = place % len(data)
        data[at : at + len(piece)] = piece
    try:
        read_mail(tmp_path, bytes(data))
    except FileRefused as error:
        assert error.code != "file-refused"
