"""Bytes that strangers made, handed out so that a browser runs nothing of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from ingest.models import Document, Version
from storage.service import ObjectStore

FILE_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"
_ENDINGS: Final = {"application/pdf": ".pdf", "image/jpeg": ".jpg", "image/png": ".png"}
_RANGE: Final = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


def send(request: Request, store: ObjectStore, document: Document, version: Version) -> Response:
    """Stream a version as an attachment: whole, or the one range that was asked for."""
    ending = _ENDINGS.get(version.media_type, ".bin")
    name = quote(file_name(document, ending))
    headers = {
        "Content-Disposition": f"attachment; filename=\"document{ending}\"; filename*=UTF-8''{name}",
        "Content-Security-Policy": FILE_POLICY,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, max-age=3600",
        "Accept-Ranges": "bytes",
        "ETag": f'"{version.digest}"',
    }
    start, length, status = 0, version.size, 200
    asked = _RANGE.fullmatch(request.headers.get("range", ""))
    if asked is not None:
        span = byte_span(asked.group(1), asked.group(2), version.size)
        if span is None:
            return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{version.size}"})
        start, length = span
        status = 206
        headers["Content-Range"] = f"bytes {start}-{start + length - 1}/{version.size}"
    headers["Content-Length"] = str(length)
    chunks = store.chunks(version.digest, start, length)
    return StreamingResponse(_begun(chunks), status, headers=headers, media_type=version.media_type)


def byte_span(first: str, last: str, size: int) -> tuple[int, int] | None:
    """``(start, length)`` of one byte range (RFC 9110, 14.1.2), or None when it cannot be satisfied."""
    if not first:
        start, end = max(size - int(last or 0), 0), size - 1
    else:
        start, end = int(first), min(int(last) if last else size - 1, size - 1)
    return (start, end - start + 1) if start <= end and start < size else None


def file_name(document: Document, ending: str) -> str:
    """A name for the file, from the document's title."""
    stem = re.sub(r"[\x00-\x1f\x7f/\\:*?\"<>|]+", " ", document.title).strip(" .") or "document"
    return stem if stem.lower().endswith(ending) else stem + ending


def _begun(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks with the first one read already: a missing object must not become half an answer."""
    first = next(chunks, b"")

    def rest() -> Iterator[bytes]:
        yield first
        yield from chunks

    return rest()
