"""What is said when something went wrong: problem details (RFC 9457) in the reader's language.

``code`` is stable and for programs; ``detail`` is for people. ``errors`` names each field that is
wrong. Further members carry the error's plain facts, such as ``wait_seconds``.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from api.errors import BodyUnreadable, MethodNotAllowed
from api.principals import language_of
from core.errors import NotFound, VermilionError
from core.i18n import Language, Translator, translator
from workflow.errors import FormInvalid

_LOG = structlog.get_logger()
MEDIA_TYPE: Final = "application/problem+json"
_RESERVED: Final = frozenset({"type", "title", "status", "detail", "instance", "code", "errors", "field"})
EXAMPLE: Final = {
    "type": "urn:vermilion:problem:invalid-input",
    "title": "Unprocessable Content",
    "status": 422,
    "detail": "“amount” is not right: must be a number",
    "code": "invalid-input",
    "errors": [{"field": "amount", "code": "decimal-parsing", "detail": "must be a number"}],
}
CONTENT: Final[dict[str, Any]] = {
    MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": EXAMPLE}
}


def include(app: FastAPI) -> None:
    """Answer with problem details also where no route of the API is reached."""
    app.add_exception_handler(HTTPException, _handle)
    app.add_exception_handler(RequestValidationError, _handle)
    app.add_exception_handler(VermilionError, _handle)


async def _handle(request: Request, error: Exception) -> JSONResponse:
    return respond(request, error)


def respond(request: Request, error: Exception) -> JSONResponse:
    """The answer to an error. What nobody foresaw is logged under a number and said to be ours."""
    caller = getattr(request.state, "caller", None)
    language = caller.language if caller else language_of(request)
    known = _as_known(error)
    if known is None:
        number = secrets.token_hex(4)
        _LOG.error("call_failed", number=number, path=request.url.path, exc_info=error)
        return _answer(VermilionError(number=number), translator(language), 500)
    if isinstance(known, RequestValidationError):
        return _invalid(known, language)
    if known.status >= 500:
        _LOG.error("call_failed", path=request.url.path, code=known.code, exc_info=error)
    return _answer(known, translator(language), known.status)


def _as_known(error: Exception) -> VermilionError | RequestValidationError | None:
    """The error as one of ours. A body that cannot be read arrives wrapped by the framework."""
    match error:
        case VermilionError() | RequestValidationError():
            return error
        case HTTPException(status_code=404):
            return NotFound(what="address")
        case HTTPException(status_code=405):
            return MethodNotAllowed()
        case HTTPException():
            cause = error.__cause__
            return cause if isinstance(cause, VermilionError) else BodyUnreadable()
    return None


def _answer(error: VermilionError, text: Translator, status: int) -> JSONResponse:
    fields = [
        {"field": name, "code": code, "detail": detail} for name, code, detail in field_errors(error, text)
    ]
    body: dict[str, Any] = {
        **_head(error.code, status, text.error(error)),
        **{key: _plain(value) for key, value in error.context.items() if key not in _RESERVED},
        "errors": fields,
    }
    return JSONResponse(body, status, media_type=MEDIA_TYPE, headers=_headers(error, status))


def field_errors(error: VermilionError, text: Translator) -> list[tuple[str, str, str]]:
    """Field, code and message of everything that is wrong with the input; empty when it is not that."""
    several = error.problems if isinstance(error, FormInvalid) else error.context.get("errors")
    if isinstance(several, dict):
        return [
            (str(name), one.code, text.error(one))
            if isinstance(one, VermilionError)
            else (str(name), error.code, str(one))
            for name, one in several.items()
        ]
    return [(error.field, error.code, text.error(error))] if error.field else []


def _invalid(error: RequestValidationError, language: Language) -> JSONResponse:
    text = translator(language)
    fields = [
        {"field": _field(part["loc"]), "code": part["type"].replace("_", "-"), "detail": _reason(part, text)}
        for part in error.errors()
    ]
    first = fields[0] if fields else {"field": "", "detail": ""}
    detail = text.text("error-invalid-input", field=first["field"], reason=first["detail"])
    return JSONResponse({**_head("invalid-input", 422, detail), "errors": fields}, 422, media_type=MEDIA_TYPE)


def _head(code: str, status: int, detail: str) -> dict[str, Any]:
    return {
        "type": f"urn:vermilion:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }


def _field(location: Sequence[Any]) -> str:
    """``amount`` or ``placements.0.x_mm``; the body itself is ``body``."""
    inner = [str(part) for part in location[1:]]
    return ".".join(inner) or str(location[0])


def _reason(part: dict[str, Any], text: Translator) -> str:
    """Why a value was refused, in words; the validator's own where we have none."""
    kind = str(part["type"]).replace("_", "-")
    context = {key: _plain(value) for key, value in (part.get("ctx") or {}).items() if key != "error"}
    for code in (f"invalid-{kind}", f"invalid-{kind.rpartition('-')[0]}"):
        if text.has(code):
            return text.text(code, **context)
    return text.text("invalid-value")


def _headers(error: VermilionError, status: int) -> dict[str, str]:
    headers = {}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="vermilion"'
    wait = error.context.get("wait_seconds")
    if isinstance(wait, int):
        headers["Retry-After"] = str(wait)
    return headers


def _plain(value: object) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return str(value)
