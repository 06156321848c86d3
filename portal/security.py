"""Headers and tokens that every page of the portal carries."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from fastapi import Request, Response

from core.errors import VermilionError
from core.sign_in import same_token
from portal.visit import VISITOR_COOKIE, Visit, set_cookie

CSRF_FIELD: Final = "csrf_token"
CSRF_HEADER: Final = "x-csrf-token"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_PLAIN_FORM: Final = 2 * 1024 * 1024
_FILES_AT_ONCE: Final = 5
FORM_TYPES: Final = ("application/x-www-form-urlencoded", "multipart/form-data")

PAGE_POLICY: Final = "; ".join(
    (
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data: blob:",
        "font-src 'self' data:", "connect-src 'self'", "worker-src 'self'", "manifest-src 'self'",
        "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
    )
)  # fmt: skip
FILE_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"
"""For bytes that strangers made: even opened by themselves they run nothing."""
PICTURE_POLICY: Final = f"{FILE_POLICY}; img-src data:"
"""The same for drawings that hold pictures, such as a seal from a scan."""


class FormOutOfDate(VermilionError):
    """The form does not carry this session's token."""

    code = "form-out-of-date"
    status = 403


class RequestTooLarge(VermilionError):
    """A form is larger than any that is taken here. Context: ``limit``, in mebibytes."""

    code = "request-too-large"
    status = 413


def check_size(request: Request, visit: Visit) -> None:
    """Refuse a body before it is read, by its announced length. Raises RequestTooLarge.

    A form with files may hold several of the largest size; any other form is small. Browsers always
    announce the length; a body without one is not taken.
    """
    if request.method in SAFE_METHODS:
        return
    most = _PLAIN_FORM
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        most += _FILES_AT_ONCE * visit.runtime.settings.upload_max_bytes
    announced = request.headers.get(
        "content-length", "0" if "transfer-encoding" not in request.headers else ""
    )
    if not announced.isdecimal() or int(announced) > most:
        raise RequestTooLarge(limit=most // 1024**2)


async def check_token(request: Request, visit: Visit) -> None:
    """Refuse an unsafe request without the session's token. Raises FormOutOfDate.

    The token comes in the header ``X-CSRF-Token`` or in the form field ``csrf_token``. A visitor who
    is not signed in has it in a cookie of their own. The browser's Origin, where it sends one, must
    be ours too.
    """
    if request.method in SAFE_METHODS:
        return
    expected = visit.csrf_token if visit.principal else request.cookies.get(VISITOR_COOKIE, "")
    given = request.headers.get(CSRF_HEADER, "")
    if not given and request.headers.get("content-type", "").startswith(FORM_TYPES):
        field = (await request.form()).get(CSRF_FIELD)
        given = field if isinstance(field, str) else ""
    if not expected or not given or not same_token(given, expected) or not _own_origin(request, visit):
        raise FormOutOfDate()


def _own_origin(request: Request, visit: Visit) -> bool:
    origin = request.headers.get("origin")
    if not origin or origin == "null":
        return True
    ours = {request.headers.get("host", ""), urlsplit(visit.runtime.settings.effective_public_url).netloc}
    return urlsplit(origin).netloc in ours


def protect(response: Response, visit: Visit | None = None) -> Response:
    """Add the headers that keep a page to itself. What the response says already is kept."""
    headers = response.headers
    headers.setdefault("Content-Security-Policy", PAGE_POLICY)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(self), microphone=(), geolocation=(), payment=()")
    headers.setdefault("Cache-Control", "private, no-store")
    if visit is not None and visit.principal is None and visit.csrf_token:
        set_cookie(response, visit.runtime, VISITOR_COOKIE, visit.csrf_token)
    return response
