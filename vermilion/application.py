"""The web application: the API for programs and the portal for people over one runtime."""

from __future__ import annotations

import importlib.metadata
import time

import structlog
from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import api.application
import portal.application
from core.ids import new_id
from core.runtime import Runtime
from portal.set_up import FirstStart
from vermilion.first_start import SetUp

log = structlog.get_logger()


def create(runtime: Runtime) -> FastAPI:
    """The FastAPI application over ``runtime``."""
    app = FastAPI(
        title="Vermilion 朱印",
        version=importlib.metadata.version("vermilion"),
        summary="Document archive with electronic seals",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    app.state.runtime = runtime
    runtime.add(runtime.get(SetUp), as_type=FirstStart)
    api.application.include(app, runtime)
    portal.application.include(app, runtime)
    app.add_middleware(RequestLog)
    return app


class RequestLog:
    """Gives every request a number that error pages show and logs name.

    Query strings are not logged: they hold what people search for.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = str(new_id())
        scope.setdefault("state", {})["request_id"] = request_id
        begun, status = time.monotonic(), 500

        async def send_with_number(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, send_with_number)
            finally:
                log.debug(
                    "request",
                    method=scope["method"],
                    path=scope["path"],
                    status=status,
                    milliseconds=round((time.monotonic() - begun) * 1000),
                )
