"""Probes and figures: alive, ready, and measured; and the authority's public files."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Annotated

import structlog
from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from search.index import Query
from search.service import Searcher
from starlette.concurrency import run_in_threadpool

from api import problems
from api.errors import NotForOutside
from api.metrics import Metrics
from api.principals import Caller, Running, address_of, authenticate
from api.routing import call
from api.schemas import Health, Problem, Readiness
from core import addresses
from core.errors import VermilionError
from core.models import Role
from core.runtime import Runtime
from signing.service import SigningService
from storage.service import ObjectStore

_LOG = structlog.get_logger()
router = APIRouter(tags=["operation"])


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
    """Asks each back-end; use it to decide about sending requests here."""
    parts = {name: _state(ask) for name, ask in _probes(runtime).items()}
    is_ready = all(state == "ok" for state in parts.values())
    return JSONResponse(
        {"status": "ready" if is_ready else "unready", "parts": parts}, 200 if is_ready else 503
    )


def _probes(runtime: Runtime) -> dict[str, Callable[[], object]]:
    return {
        "database": runtime.database.ping,
        "objects": lambda: next(iter(runtime.get(ObjectStore).objects.list()), None),
        "search": runtime.get(Searcher).ping,
    }
