"""An e-mail (RFC 5322, MIME): typeset as PDF/A, its attachments documents of their own.

Runs in the worker process only. Nothing that the mail names is fetched, and its HTML is read as text.
"""

from __future__ import annotations

import contextlib
import email
import email.header
import email.utils
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email import policy
from email.errors import HeaderParseError, MessageError
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final

import typst

from core import fonts
from ingest.containers import (
    BROKEN,
    ENCRYPTED,
    MOST_BYTES,
    MOST_BYTES_TOGETHER,
    MOST_MEMBERS,
    TOO_LARGE,
    UNSUPPORTED,
)
from ingest.conversion import Converted, Member
from ingest.errors import ContainerTooLarge, FileBroken, TooManyMembers
from ingest.plain_html import text_of
from ingest.zipping import decoded, safe_name
from signing.glyphs import drawable

SMALL_PICTURE: Final = 10 * 1024
"""Inline pictures below this size are logos and lines of a signature, not papers."""
MOST_TEXT: Final = 200_000
"""Characters of the text that are typeset; the original keeps all."""
MOST_LINES: Final = 10_000
_MOST_HEADER: Final = 2_000
_DEEPEST: Final = 40
_TEMPLATE: Final = Path(__file__).with_name("mail.typ")
_HEADERS: Final = (
    ("主题 Subject", "subject"),
    ("发件人 From", "from"),
    ("收件人 To", "to"),
    ("抄送 Cc", "cc"),
    ("日期 Date", "date"),
)
_CHARSETS: Final = {"gb2312": "gb18030", "gbk": "gb18030", "gb_2312-80": "gb18030", "x-gbk": "gb18030"}
"""Mail programs call GBK by the name of its subset."""
_FAILURES: Final = (
    MessageError, ValueError, LookupError, AttributeError, TypeError, AssertionError, RecursionError,
)  # fmt: skip
"""What Python's own parser raises on malformed mail."""
_DETACHED: Final = frozenset({"application/pkcs7-signature", "application/x-pkcs7-signature",
                              "application/pgp-signature"})  # fmt: skip
_SEALED: Final = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})


def convert(source: Path, folder: Path) -> Converted:
    """The mail as PDF/A-2b and its attachments. Raises FileBroken, TooManyMembers, ContainerTooLarge."""
    try:
        with source.open("rb") as file:
            message = email.message_from_binary_file(file, policy=policy.default)
        parts = list(_leaves(message, 0))
    except RecursionError as error:
        raise FileBroken(reason="nested too deep") from error
    except _FAILURES as error:
        raise FileBroken(reason=str(error)[:200]) from error
    made = Converted(standard="2b")
    body = _body(parts)
    _Attachments(made, folder).take(part for part in parts if part not in body)
    target = folder / "mail.pdf"
    target.write_bytes(_typeset(message, _text(body), made))
    made.pdf = target
    return made


def _leaves(part: Any, depth: int) -> Iterator[EmailMessage]:
    """All parts that hold something, attached mails as a whole."""
    if depth > _DEEPEST:
        raise FileBroken(reason="nested too deep")
    children = part.get_payload()
    if part.get_content_maintype() == "multipart" and isinstance(children, list):
        for child in children:
            yield from _leaves(child, depth + 1)
    else:
        yield part


def _inner(part: EmailMessage) -> EmailMessage | None:
    """The mail that is attached as ``message/rfc822``."""
    children = part.get_payload()
    if part.get_content_type() != "message/rfc822" or not isinstance(children, list) or not children:
        return None
    return children[0] if isinstance(children[0], EmailMessage) else None


def _body(parts: list[EmailMessage]) -> list[EmailMessage]:
    """The parts that are the text: all plain ones, or the HTML ones where the plain say nothing."""
    shown = [part for part in parts if not _is_attached(part)]
    plain = [part for part in shown if part.get_content_type() == "text/plain"]
    rich = [part for part in shown if part.get_content_type() == "text/html"]
    if any(_words(part).strip() for part in plain):
        return [*plain, *rich]
    return rich or plain


def _text(body: list[EmailMessage]) -> str:
    plain = [part for part in body if part.get_content_type() == "text/plain"]
    said = "\n\n".join(_words(part) for part in plain)
    if not said.strip():
        said = "\n\n".join(text_of(_words(part)) for part in body if part.get_content_type() == "text/html")
    return said[:MOST_TEXT] + ("…" if len(said) > MOST_TEXT else "")


def _is_attached(part: EmailMessage) -> bool:
    disposition = _raw(part, "content-disposition").strip().lower()
    return disposition.startswith("attachment") or _file_name(part) is not None


def _words(part: EmailMessage) -> str:
    data = _content(part) or b""
    charset = ""
    with contextlib.suppress(*_FAILURES):
        charset = str(part.get_content_charset() or "").lower()
    return _decoded(data, charset)


def _decoded(data: bytes, charset: str) -> str:
    """Text in the charset that the mail names, or in the one that fits."""
    if charset and charset not in ("us-ascii", "unknown-8bit"):
        with contextlib.suppress(LookupError, ValueError):
            return data.decode(_CHARSETS.get(charset, charset), "strict")
        with contextlib.suppress(LookupError, ValueError):
            if charset in _CHARSETS:
                return data.decode("gb18030", "replace")
    return decoded(data)


def _content(part: EmailMessage) -> bytes | None:
    """A part's bytes, or None when they cannot be had."""
    try:
        inner = _inner(part)
        if inner is not None:
            return bytes(inner.as_bytes(policy=policy.compat32.clone(max_line_length=0)))
        payload = part.get_payload(decode=True)
        return payload if isinstance(payload, bytes) else None
    except (*_FAILURES, RecursionError):
        return None


def _raw(part: EmailMessage, name: str) -> str:
    """A header as it was written; bytes that are no ASCII are decoded as what they are."""
    value = next((value for key, value in part.raw_items() if key.lower() == name), "")
    text = str(value)
    if any("\udc80" <= letter <= "\udcff" for letter in text):
        text = decoded(text.encode("utf-8", "surrogateescape"))
    return text


def _header(part: EmailMessage, name: str) -> str:
    """A header with its encoded words (RFC 2047) decoded, on one line."""
    text = re.sub(r"\r?\n[ \t]*", " ", _raw(part, name))[: 10 * _MOST_HEADER]
    return re.sub(r"\s+", " ", _encoded_words(text)).strip()[:_MOST_HEADER]


def _encoded_words(text: str) -> str:
    if "=?" not in text:
        return text
    # words that were cut in the middle of a character come together again when they touch
    text = re.sub(r"(\?=)\s+(=\?)", r"\1\2", text)
    text = re.sub(r"\?==\?", "?= =?", text)
    try:
        pieces = email.header.decode_header(text)
    except (HeaderParseError, ValueError):
        return text
    return "".join(
        piece if isinstance(piece, str) else _decoded(piece, (charset or "").lower())
        for piece, charset in pieces
    )


def _file_name(part: EmailMessage) -> str | None:
    """The name of an attached file, by whichever of the many ways in which mail programs write it."""
    name: str | None = None
    with contextlib.suppress(*_FAILURES):
        name = part.get_filename()
    if name is None or "\ufffd" in name or any("\udc80" <= letter <= "\udcff" for letter in name):
        written = _raw(part, "content-disposition") + ";" + _raw(part, "content-type")
        found = re.search(r'(?:file)?name\s*=\s*(?:"([^"]*)"|([^;\s]+))', written)
        if found is None:
            return None if name is None else safe_name(name)
        name = found[1] or found[2]
    return safe_name(_encoded_words(name))


class _Attachments:
    """Writes attachments into the folder, numbered, and notes what is not taken."""

    def __init__(self, made: Converted, folder: Path) -> None:
        self._made = made
        self._folder = folder
        self._together = 0

    def take(self, parts: Iterator[EmailMessage]) -> None:
        for number, part in enumerate(parts, start=1):
            if number > MOST_MEMBERS:
                raise TooManyMembers(members=number, limit=MOST_MEMBERS)
            self._take(part, number)

    def _take(self, part: EmailMessage, number: int) -> None:
        kind = part.get_content_type()
        name = _file_name(part)
        if kind in _DETACHED or (name is None and kind in ("text/plain", "text/html")):
            return
        inner = _inner(part)
        if inner is not None and name is None:
            name = safe_name((_header(inner, "subject") or "mail").replace("/", " ")) + ".eml"
        name = name or f"{safe_name(kind.replace('/', '.'))}-{number}"
        if kind == "application/ms-tnef" or name.lower() == "winmail.dat":
            self._note(UNSUPPORTED, name)
            return
        if kind in _SEALED:
            self._note(ENCRYPTED, name)
            return
        data = _content(part)
        if data is None:
            self._note(BROKEN, name)
        elif not data or self._is_decoration(part, len(data)):
            return
        elif len(data) > MOST_BYTES:
            self._note(TOO_LARGE, name)
        else:
            self._keep(name, data, number)

    def _keep(self, name: str, data: bytes, number: int) -> None:
        self._together += len(data)
        if self._together > MOST_BYTES_TOGETHER:
            raise ContainerTooLarge(limit=MOST_BYTES_TOGETHER // 1024**2)
        path = self._folder / f"member-{number:04d}"
        path.write_bytes(data)
        self._made.members.append(Member(name, path))

    @staticmethod
    def _is_decoration(part: EmailMessage, size: int) -> bool:
        """A small picture that stands in the text."""
        if part.get_content_maintype() != "image" or size >= SMALL_PICTURE:
            return False
        is_inline = _raw(part, "content-disposition").strip().lower().startswith("inline")
        return is_inline or bool(_raw(part, "content-id"))

    def _note(self, code: str, name: str) -> None:
        self._made.findings.append({"code": code, "name": name})


def _typeset(message: EmailMessage, text: str, made: Converted) -> bytes:
    """The PDF. The same mail gives the same bytes: its date is the document's."""
    head = [(label, _header(message, name)) for label, name in _HEADERS]
    names = [member.name for member in made.members] + [one["name"] for one in made.findings]
    if names:
        head.append(("附件 Attachments", "；".join(names)[:_MOST_HEADER]))
    lines = [re.sub(r"[ \t\u00a0]+", " ", line).strip() for line in text.splitlines()[:MOST_LINES]]
    data = {
        "title": drawable(_header(message, "subject")),
        "head": [[label, _breakable(drawable(value))] for label, value in head if value],
        "lines": [_breakable(drawable(line)) for line in lines],
    }
    template: Any = _TEMPLATE.read_bytes()
    try:
        made_pdf: bytes = typst.compile(
            template,
            sys_inputs={"mail": json.dumps(data, ensure_ascii=False)},
            font_paths=[str(fonts.folder())],
            ignore_system_fonts=True,
            pdf_standards=["a-2b"],
            timestamp=_date(message),
            pdf_tags=False,
        )
    except RuntimeError as error:
        raise FileBroken(reason="typesetting") from error
    return made_pdf + b"\n"  # typst ends its file without a line end, which a later revision would need


def _breakable(text: str) -> str:
    """Long runs of letters (addresses of pages) may break anywhere."""
    return re.sub(r"[!-~]{40,}", lambda run: "\u200b".join(run[0]), text)


def _date(message: EmailMessage) -> datetime:
    with contextlib.suppress(*_FAILURES, OverflowError):
        at = email.utils.parsedate_to_datetime(_header(message, "date"))
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        if 1970 <= at.year < 2200:
            return at.replace(microsecond=0)
    return datetime(1970, 1, 1, tzinfo=UTC)
