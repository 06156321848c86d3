"""The frame of every API call: who calls, may they, how much, how often, and what is said when not.

A router is made with ``router()``. What a call needs beyond its method's default is declared with
``@call(...)`` right above the function; the route reads it, enforces it before the body is read,
and describes it in OpenAPI.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from api import idempotency, limits, principals, problems
from core.addresses import CALLER
from core.runtime import Runtime

PREFIX: Final = "/api/v1"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
Scope = Literal["read", "write", "sign", "admin"]
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


@dataclass(frozen=True)
class Call:
    """What a call needs. ``scope`` None is the method's default: read for safe ones, else write."""

    scope: Scope | None = None
    takes_files: bool = False


def call(*, scope: Scope | None = None, takes_files: bool = False) -> Callable[[Endpoint], Endpoint]:
    """Declare what the call below needs."""

    def mark(endpoint: Endpoint) -> Endpoint:
        endpoint.__dict__["call"] = Call(scope, takes_files)
        return endpoint

    return mark


_REFUSALS: Final = {
    400: "The body is not what its Content-Type says.",
    401: "No token and no session, or one that is over.",
    403: "The caller's roles or the token's scopes do not reach this.",
    404: "It does not exist, or the caller may not see it.",
    409: "The state does not allow it, or somebody else was first.",
    413: "The body is larger than this call takes.",
    415: "The file's type, by its content, is not accepted.",
    422: "A value has the wrong form; `errors` names each field.",
    429: "Too fast, or too many wrong secrets. `Retry-After` says when to come back.",
    500: "Something went wrong here; the answer carries the number to report.",
    503: "A back-end does not answer; the same call works once it does.",
    507: "There is no room left; nothing was kept.",
}


def router(name: str, path: str | None = None, *, needs: Callable[..., None] | None = None) -> APIRouter:
    """A router for ``/api/v1/<name>`` whose calls need somebody behind them.

    ``needs`` is a dependency that raises for a caller who may not use any of the calls.
    """
    return APIRouter(
        prefix=f"{PREFIX}/{path or name}",
        tags=[name],
        route_class=ApiRoute,
        generate_unique_id_function=lambda route: route.name,
        dependencies=[Depends(needs)] if needs else [],
        responses={
            status: {"description": description, "content": problems.CONTENT}
            for status, description in _REFUSALS.items()
        },
    )


class ApiRoute(APIRoute):
    """One call of the API."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        declared: Call = getattr(endpoint, "call", Call())
        methods = frozenset(options.get("methods") or {"GET"})
        self.is_unsafe = not methods <= SAFE_METHODS
        self.scope: Scope = declared.scope or ("write" if self.is_unsafe else "read")
        self.takes_files = declared.takes_files
        extra = dict(options.get("openapi_extra") or {})
        extra["security"] = [{"token": [self.scope]}, {"session": []}]
        extra["x-required-scope"] = self.scope
        if self.is_unsafe:
            extra["parameters"] = [*extra.get("parameters", []), idempotency.PARAMETER]
        options["openapi_extra"] = extra
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            try:
                return await self._answer(request, answer)
            except Exception as error:
                return problems.respond(request, error)

        return guarded

    async def _answer(
        self, request: Request, answer: Callable[[Request], Coroutine[Any, Any, Response]]
    ) -> Response:
        runtime: Runtime = request.app.state.runtime
        caller = await run_in_threadpool(principals.authenticate, request, runtime, self.is_unsafe)
        request.state.caller = caller
        CALLER.set(caller.address)
        caller.require_scope(self.scope)
        limits.of(request.app).check(caller)
        most = limits.most_bytes(runtime.settings, takes_files=self.takes_files)
        metered = limits.Metered(request, most)
        request = Request(request.scope, metered.receive)
        key = idempotency.key_of(request) if self.is_unsafe else None
        response = (
            await answer(request)
            if key is None
            else await idempotency.answer_once(request, runtime, caller, key, metered, answer)
        )
        response.headers.setdefault("Cache-Control", "private, no-store")
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        return response
