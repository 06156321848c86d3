"""Putting the API into an application."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, FastAPI

from api import health, problems, tasks
from api.limits import CallRate
from api.metrics import Measuring, Metrics
from api.routers import (
    audit,
    backups,
    batches,
    cases,
    certificates,
    contracts,
    documents,
    flows,
    invoices,
    key_replacements,
    me,
    notices,
    outside,
    people,
    pki,
    register,
    saved_searches,
    seals,
    search,
    second_factors,
    work,
)
from api.schemas import Problem
from api.views import ViewLog
from core.runtime import Runtime

ROUTERS: Final[tuple[APIRouter, ...]] = (
    documents.documents,
    invoices.invoices,
    cases.cases,
    contracts.comparisons,
    contracts.copies,
    work.tasks,
    batches.batches,
    flows.flows,
    seals.seals,
    register.records,
    register.loans,
    search.search,
    saved_searches.saved,
    saved_searches.exports,
    search.verify,
    people.roles,
    people.departments,
    people.entities,
    people.persons,
    backups.backups,
    audit.audit,
    me.me,
    me.tokens,
    key_replacements.replacements,
    second_factors.factors,
    second_factors.policy,
    notices.notices,
    certificates.certificates,
    certificates.roots,
    certificates.timestamps,
    outside.offline_root,
    outside.outside_lists,
    health.router,
    pki.router,
)
TASKS: Final = (tasks.forget_answers, tasks.forget_notices)
"""Background work that this room registers."""
_SECURITY: Final = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token of `POST /api/v1/tokens`. Its scopes are read, write, sign and admin.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "vermilion_session",
        "description": "The portal's session. Unsafe calls carry its token in `X-CSRF-Token`.",
    },
}
_DESCRIPTION: Final = """\
Documents come in, are approved step by step (each approval is a signature), sealed, found and kept.

Lists come in pages: hand `next_cursor` back as `cursor`. Errors are problem details (RFC 9457) with a
stable `code`, in the language of `Accept-Language`. Unsafe calls take an `Idempotency-Key`. What may
change under you has an `ETag`; send it back as `If-Match`.
"""


def include(app: FastAPI, runtime: Runtime) -> None:
    """Add every call of the API, its probes and its measuring to ``app``."""
    app.state.runtime = runtime
    app.state.call_rate = CallRate()
    app.state.pki_rate = CallRate(pki.CALLS_PER_SECOND, pki.BURST)
    app.state.views = ViewLog()
    app.state.metrics = Metrics(runtime)
    for router in ROUTERS:
        app.include_router(router)
    problems.include(app)
    app.add_middleware(Measuring, metrics=app.state.metrics)
    _describe(app)


def _describe(app: FastAPI) -> None:
    """Complete the OpenAPI description with what the framework cannot know."""
    app.description = _DESCRIPTION
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = generate()
            components = schema.setdefault("components", {})
            components["securitySchemes"] = _SECURITY
            problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            components.setdefault("schemas", {}).update(problem.pop("$defs"), Problem=problem)
        assert app.openapi_schema is not None
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
