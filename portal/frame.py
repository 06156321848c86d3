"""The frame of every page: templates, the signed-in rule, the form token, errors, headers.

A page module makes its router with ``pages()`` (or ``public_pages()``), and its functions take
``visit: Visiting`` and answer with ``page(request, visit, "name.html", ...)``.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import quote

import structlog
from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from core.addresses import CALLER
from core.errors import NotFound, VermilionError
from core.i18n import LANGUAGES
from core.runtime import Runtime
from ingest.media import ENDINGS
from portal import navigation
from portal.assets import asset_url
from portal.security import SAFE_METHODS, check_size, check_token, protect
from portal.visit import THEMES, Visit, arrive, local_path, strange

_LOG = structlog.get_logger()
_TEMPLATES: Final = Path(__file__).parent / "templates"
BADGE_COUNTERS: dict[str, Callable[[Visit], int]] = {}
"""Live counts of the navigation, by name; registered by the page module that knows."""


def icon(name: str, classes: str = "") -> Markup:
    """An icon of the sprite. It is decoration: the words stand beside it."""
    return Markup(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>'
    ).format(classes, asset_url("icons.svg"), name)


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        asset_url=asset_url,
        icon=icon,
        languages=LANGUAGES,
        themes=THEMES,
        accepted_files=",".join((*ENDINGS.values(), ".jpeg", ".tif", ".heif", "image/*")),
    )
    environment.filters["lines"] = lambda text: Markup("<br>").join(escape(text).splitlines())
    return environment


TEMPLATES: Final = _environment()


def render(visit: Visit, template: str, path: str = "/", **context: Any) -> str:
    """A template filled in for this visit."""
    person = visit.principal
    return TEMPLATES.get_template(template).render(
        visit=visit,
        person=person,
        t=visit.text,
        fmt=visit.formats,
        lang=visit.language,
        csrf_token=visit.csrf_token,
        path=path,
        nav=navigation.main_entries(person) if person else [],
        areas=navigation.area_entries(person) if person else [],
        badges=_badges(visit) if person else {},
        **context,
    )


def page(request: Request, visit: Visit, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """A whole page, or a part of one when the template is a part."""
    return HTMLResponse(render(visit, template, request.url.path, **context), status_code=status)


def _badges(visit: Visit) -> Mapping[str, int]:
    return {name: count(visit) for name, count in BADGE_COUNTERS.items()}


def see_other(request: Request, path: str) -> Response:
    """Go there with GET; a request made by htmx goes there as a whole page."""
    if is_htmx(request):
        return Response(status_code=204, headers={"HX-Redirect": path})
    return RedirectResponse(path, status_code=303)


def is_htmx(request: Request) -> bool:
    """Whether htmx asked for a part of a page."""
    return request.headers.get("hx-request") == "true" and request.headers.get("hx-boosted") != "true"


def wants_json(request: Request) -> bool:
    """Whether one of our scripts asked for data instead of a page."""
    return "application/json" in request.headers.get("accept", "")


def _visit_of(request: Request) -> Visit:
    visit: Visit = request.state.visit
    return visit


Visiting = Annotated[Visit, Depends(_visit_of)]


class SignedInRoute(APIRoute):
    """A page for people who signed in. The one place where that, and the form token, are checked."""

    is_public = False

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            runtime: Runtime = request.app.state.runtime
            visit: Visit | None = None
            try:
                visit = await run_in_threadpool(arrive, request, runtime)
                request.state.visit = visit
                CALLER.set(visit.address)
                if not visit.is_set_up and not self.is_public:
                    return protect(see_other(request, "/set-up"), visit)
                if visit.principal is None and not self.is_public:
                    return protect(_to_sign_in(request), visit)
                check_size(request, visit)
                await check_token(request, visit)
                return protect(await answer(request), visit)
            except Exception as error:
                return protect(await explain(request, visit or strange(request, runtime), error), visit)

        return guarded


class PublicRoute(SignedInRoute):
    """A page that needs nobody behind it. The form token is checked all the same."""

    is_public = True


def pages() -> APIRouter:
    """A router for pages of people who signed in."""
    return APIRouter(route_class=SignedInRoute, include_in_schema=False)


def public_pages() -> APIRouter:
    """A router for pages that are open to everybody."""
    return APIRouter(route_class=PublicRoute, include_in_schema=False)


def _to_sign_in(request: Request) -> Response:
    """Where somebody without a session is sent; afterwards they come back to where they were."""
    if request.method in SAFE_METHODS and not is_htmx(request):
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    else:
        shown = request.headers.get("hx-current-url") or request.headers.get("referer") or ""
        wanted = "/" + shown.split("/", 3)[3] if shown.count("/") >= 3 else "/"
    address = f"/sign-in?next={quote(local_path(wanted))}"
    if wants_json(request):
        return JSONResponse({"code": "not-signed-in", "sign_in": address}, status_code=401)
    return see_other(request, address)


async def explain(request: Request, visit: Visit, error: Exception) -> Response:
    """The answer to an error that the page itself did not handle."""
    match error:
        case VermilionError() if error.status < 500:
            return failure(request, visit, error.status, visit.translator.error(error), code=error.code)
        case HTTPException():
            return failure(request, visit, error.status_code, _status_text(visit, error.status_code))
        case RequestValidationError():
            missing = all("path" in part["loc"] for part in error.errors())
            status = 404 if missing else 422
            return failure(request, visit, status, _status_text(visit, status))
    number = secrets.token_hex(4)
    _LOG.error("page_failed", number=number, path=request.url.path, error=repr(error), exc_info=error)
    if isinstance(error, VermilionError):
        return failure(request, visit, error.status, visit.translator.error(error), number=number)
    return failure(request, visit, 500, visit.text("error-internal"), number=number)


def failure(
    request: Request, visit: Visit, status: int, message: str, *, code: str = "", number: str = ""
) -> Response:
    """An error as a page, as an alert for htmx, or as JSON for our scripts."""
    if wants_json(request):
        return JSONResponse({"code": code, "message": message, "number": number}, status_code=status)
    if is_htmx(request):
        body = render(visit, "parts/alert.html", message=message, number=number)
        return HTMLResponse(body, status, headers={"HX-Retarget": "#alerts", "HX-Reswap": "innerHTML"})
    now = visit.formats.moment(visit.runtime.clock.now())
    context = {"http_status": status, "message": message, "number": number, "now": now}
    try:
        return page(request, visit, "error.html", status=status, **context)
    except Exception:
        _LOG.exception("error_page_failed", path=request.url.path)
        return page(request, strange(request, visit.runtime), "error.html", status=status, **context)


def _status_text(visit: Visit, status: int) -> str:
    if status in (404, 405):
        return visit.translator.error(NotFound(what="page"))
    return visit.text("page-error-request")
