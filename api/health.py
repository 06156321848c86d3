"""Probes and figures: alive, ready, and measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.concurrency import run_in_threadpool

from api import problems
from api.errors import NotForOutside
from api.metrics import Metrics
from api.principals import Caller, Running, address_of, authenticate
from api.schemas import Health, Readiness
from core import addresses
from core.errors import VermilionError
from core.models import Role
from core.runtime import Runtime
from search.service import Searcher
from storage.service import ObjectStore

_LOG = structlog.get_logger()
_SPARED: Final = frozenset({"search"})
"""Back-ends without which the rest goes on: named when they are away, and nobody is sent elsewhere for it."""
router = APIRouter(tags=["operation"], generate_unique_id_function=lambda route: route.name)


@router.get("/healthz", summary="Is the process alive", response_model=Health)
def healthz() -> Health:
    """Answers without asking any back-end; use it to decide about a restart."""
    return Health(status="ok")


@router.get(
    "/readyz",
    summary="Can the process work",
    response_model=Readiness,
    responses={503: {"model": Readiness, "description": "A back-end does not answer."}},
)
def readyz(runtime: Running) -> JSONResponse:
    """Asks each back-end; use it to decide about sending requests here. All but search decide."""
    parts = {name: _state(ask) for name, ask in _probes(runtime).items()}
    is_ready = all(state == "ok" for name, state in parts.items() if name not in _SPARED)
    return JSONResponse(
        {"status": "ready" if is_ready else "unready", "parts": parts}, 200 if is_ready else 503
    )


def _probes(runtime: Runtime) -> dict[str, Callable[[], object]]:
    return {
        "database": runtime.database.ping,
        "objects": lambda: next(iter(runtime.get(ObjectStore).objects.list()), None),
        "search": runtime.get(Searcher).ping,
    }


def _state(ask: Callable[[], object]) -> str:
    try:
        ask()
    except VermilionError as error:
        return error.code
    except Exception as error:  # whatever a back-end's library raises means: not ready
        _LOG.warning("probe_failed", exc_info=error)
        return "unavailable"
    return "ok"


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {"example": 'vermilion_jobs{state="waiting"} 0.0'}}},
        401: {"description": "The token is over.", "content": problems.CONTENT},
        403: {
            "description": "Neither this machine nor an administrator.",
            "content": problems.CONTENT,
        },
    },
)
async def metrics(request: Request, runtime: Running) -> Response:
    """Open to this machine, and elsewhere to a token of an administrator with the scope `admin`."""
    try:
        await run_in_threadpool(_require_insider, request, runtime)
    except VermilionError as error:
        return problems.respond(request, error)
    figures: Metrics = request.app.state.metrics
    body = await run_in_threadpool(generate_latest, figures.registry)
    return Response(body, media_type=CONTENT_TYPE_LATEST)


def _require_insider(request: Request, runtime: Runtime) -> None:
    """Raise NotForOutside, or what a wrong token raises.

    A request that a proxy forwards says nothing of its sender where no proxy is named in the settings.
    """
    is_forwarded = "x-forwarded-for" in request.headers or "forwarded" in request.headers
    is_by_stranger = is_forwarded and not runtime.settings.trusted_proxies.strip()
    if addresses.is_loopback(address_of(request, runtime)) and not is_by_stranger:
        return
    if "authorization" not in request.headers:
        raise NotForOutside()
    caller: Caller = authenticate(request, runtime, is_unsafe=False)
    caller.require_scope("admin")
    caller.require_everywhere(Role.ADMINISTRATOR)
