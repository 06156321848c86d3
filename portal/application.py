"""Putting the portal into an application."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from core.runtime import Runtime
from portal import assets
from portal.archive_rooms import ARCHIVE_ROUTERS
from portal.frame import explain
from portal.rooms import ROUTERS
from portal.security import protect
from portal.visit import arrive, strange

_FOR_PROGRAMS = ("/api/", "/pki/", "/healthz", "/readyz", "/metrics")


def include(app: FastAPI, runtime: Runtime) -> None:
    """Add all pages of the portal to ``app``, and the page for addresses that lead nowhere."""
    app.state.runtime = runtime
    app.include_router(assets.router)
    for router in (*ROUTERS, *ARCHIVE_ROUTERS):
        app.include_router(router)
    app.add_exception_handler(404, _nowhere)
    app.add_exception_handler(405, _nowhere)


async def _nowhere(request: Request, error: Exception) -> Response:
    if request.url.path.startswith(_FOR_PROGRAMS):
        handler = request.app.exception_handlers.get(HTTPException)
        if handler is not None:
            answer: Response = await handler(request, error)
            return answer
        return JSONResponse({"title": "Not Found", "status": 404}, 404, media_type="application/problem+json")
    runtime: Runtime = request.app.state.runtime
    try:
        visit = await run_in_threadpool(arrive, request, runtime)
    except Exception:
        visit = strange(request, runtime)
    return protect(await explain(request, visit, error), visit)
