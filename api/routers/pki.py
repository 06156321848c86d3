"""What verifiers ask of the authority, open to everybody: certificates, revocation lists, OCSP
(RFC 6960, RFC 5019), time-stamps (RFC 3161). The addresses stand in certificates for decades."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request, Response
from starlette.concurrency import run_in_threadpool

from api import problems
from api.errors import NotForOutside
from api.etags import IfNoneMatch, tag, unchanged
from api.limits import CallRate, Metered
from api.principals import Running, address_of
from core import addresses
from core.errors import VermilionError
from core.runtime import Runtime
from signing import ocsp
from signing.service import SigningService
from signing.timestamps import answering

CALLS_PER_SECOND: Final = 50.0
BURST: Final = 500.0
"""Of one address; a proxy of a whole company is one address too."""
_LIST_SECONDS: Final = 600
_CERTIFICATE_SECONDS: Final = 86400
_OCSP_SECONDS: Final = 300
_REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    413: {"description": "Larger than any request is.", "content": problems.CONTENT},
    429: {"description": "Too fast. `Retry-After` says when to come back.", "content": problems.CONTENT},
    503: {"description": "The authority is not set up.", "content": problems.CONTENT},
}
router = APIRouter(tags=["pki"], generate_unique_id_function=lambda route: route.name)


def _body(media_type: str, what: str) -> dict[str, Any]:
    schema = {"type": "string", "format": "binary"}
    return {
        "requestBody": {"required": True, "description": what, "content": {media_type: {"schema": schema}}}
    }


def _answers(media_type: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {media_type: {"example": "(DER)"}}}, **_REFUSALS}


@router.post(
    "/pki/ocsp",
    summary="Ask for the state of certificates (OCSP)",
    response_class=Response,
    responses=_answers(ocsp.MEDIA_TYPE),
    openapi_extra=_body(ocsp.QUERY_MEDIA_TYPE, "An OCSPRequest (RFC 6960), DER; up to fifty certificates."),
)
async def ask_ocsp(request: Request, runtime: Running) -> Response:
    """Good, revoked (suspended ones with certificateHold) or unknown; a nonce is echoed."""
    return await _guarded(request, runtime, ocsp.MOST_BYTES, lambda body: _ocsp(runtime, body, is_get=False))


@router.get(
    "/pki/ocsp/{encoded:path}",
    summary="Ask for the state of a certificate (OCSP, cacheable)",
    response_class=Response,
    responses=_answers(ocsp.MEDIA_TYPE),
)
async def get_ocsp(
    request: Request,
    runtime: Running,
    encoded: Annotated[
        str, Path(max_length=ocsp.MOST_BYTES, description="The OCSPRequest in Base64, percent-encoded.")
    ],
) -> Response:
    """The same by GET (RFC 6960, A.1), for proxies and caches (RFC 5019)."""
    try:
        body = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        body = b""
    return await _guarded(request, runtime, 0, lambda _none: _ocsp(runtime, body, is_get=True))


def _ocsp(runtime: Runtime, body: bytes, *, is_get: bool) -> Response:
    answer = runtime.get(SigningService).responder.answer(body)
    headers = {"Cache-Control": "no-store"}
    if is_get and answer.this_update is not None and answer.next_update is not None:
        headers = _cached(answer.der, answer.this_update, answer.next_update, _OCSP_SECONDS, runtime)
    return Response(answer.der, media_type=ocsp.MEDIA_TYPE, headers=headers)


@router.post(
    "/pki/tsa",
    summary="Ask for a time-stamp",
    response_class=Response,
    responses={
        403: {"description": "The setting says that callers there get none.", "content": problems.CONTENT},
        **_answers(answering.MEDIA_TYPE),
    },
    openapi_extra=_body(answering.QUERY_MEDIA_TYPE, "A TimeStampReq (RFC 3161), DER."),
)
async def ask_tsa(request: Request, runtime: Running) -> Response:
    """A token of the built-in authority over a SHA-256, SHA-384 or SHA-512 digest."""

    def stamp(body: bytes) -> Response:
        _require_served(request, runtime)
        stamper = runtime.get(SigningService).authority.internal_stamper()
        return Response(
            answering.answer(stamper, body),
            media_type=answering.MEDIA_TYPE,
            headers={"Cache-Control": "no-store"},
        )

    return await _guarded(request, runtime, answering.MOST_BYTES, stamp)


def _require_served(request: Request, runtime: Runtime) -> None:
    """Raise NotForOutside for who gets no time-stamps."""
    whom = runtime.settings.timestamp_service
    if whom == "everybody" or (whom == "intranet" and addresses.is_intranet(address_of(request, runtime))):
        return
    raise NotForOutside()


async def _guarded(
    request: Request, runtime: Runtime, most: int, work: Callable[[bytes], Response]
) -> Response:
    """Count the call, read a body of at most ``most`` bytes, and do the work in the thread pool."""
    rate: CallRate = request.app.state.pki_rate
    try:
        rate.take(f"address:{address_of(request, runtime)}")
        body = await Request(request.scope, Metered(request, most).receive).body() if most else b""
        answer = await run_in_threadpool(work, body)
    except Exception as error:
        return problems.respond(request, error)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


@router.get(
    "/pki/{name}",
    summary="Certificates and revocation lists of the internal authority",
    response_class=Response,
    responses={
        200: {
            "content": {
                "application/pkix-cert": {"example": "(DER)"},
                "application/pkix-crl": {"example": "(DER)"},
            }
        },
        304: {"description": "The reader has it already."},
        404: {"description": "There is no such file.", "content": problems.CONTENT},
    },
)
def pki_file(
    request: Request,
    runtime: Running,
    name: Annotated[
        str,
        Path(
            description="root.crt, issuing.crt, root.crl, issuing.crl, and of successors issuing-2.crl",
            examples=["root.crt"],
        ),
    ],
    if_none_match: IfNoneMatch = None,
) -> Response:
    """What verifiers fetch from the addresses that stand in our certificates."""
    try:
        with runtime.database.read() as session:
            media_type, data, listed = runtime.get(SigningService).authority.file(session, name)
    except VermilionError as error:
        return problems.respond(request, error)
    if listed is None:
        begin = runtime.clock.now()
        headers = _cached(data, None, begin + timedelta(days=365), _CERTIFICATE_SECONDS, runtime)
    else:
        headers = _cached(data, listed.this_update, listed.next_update, _LIST_SECONDS, runtime)
    same = unchanged(if_none_match, headers["ETag"])
    if same is not None:
        return same
    return Response(data, media_type=media_type, headers={**headers, "X-Content-Type-Options": "nosniff"})


def _cached(
    data: bytes, begin: datetime | None, end: datetime, seconds: int, runtime: Runtime
) -> dict[str, str]:
    """The headers of RFC 5019, 6.2: kept for a while by everybody, and never beyond its own end."""
    left = max(int((end - runtime.clock.now()).total_seconds()), 0)
    headers = {
        "Cache-Control": f"max-age={min(seconds, left)}, public, no-transform, must-revalidate",
        "ETag": tag(hashlib.sha256(data).hexdigest()),
    }
    if begin is not None:
        headers["Last-Modified"] = format_datetime(begin, usegmt=True)
        headers["Expires"] = format_datetime(end, usegmt=True)
    return headers
