"""Who calls: a program with a token, or the portal's own scripts with the session cookie."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request

from api.errors import CsrfTokenWrong, ScopeMissing
from core import addresses
from core.errors import Forbidden
from core.i18n import Language, choose_language
from core.models import Role
from core.permissions import Principal
from core.runtime import Runtime
from core.sign_in import SCOPES, NotSignedIn, SignInService, binding, same_token

SESSION_COOKIE: Final = "vermilion_session"
CSRF_HEADER: Final = "x-csrf-token"


@dataclass(frozen=True)
class Caller:
    """The person behind a call, and what the call may do of what the person may."""

    principal: Principal
    scopes: frozenset[str]
    address: str
    language: Language
    sign_in: str
    """Names the token or session (``core.sign_in.binding``), without giving it away."""

    def require_scope(self, scope: str) -> None:
        """Raise ScopeMissing unless the token carries the scope."""
        if scope not in self.scopes:
            raise ScopeMissing(scope=scope)

    def require_scopes(self, scopes: Iterable[str]) -> None:
        """Raise ScopeMissing unless all are carried: a token gives on no more than it has."""
        for scope in scopes:
            if scope in SCOPES:
                self.require_scope(scope)

    def require_everywhere(self, *roles: Role) -> None:
        """Raise Forbidden unless one of the roles is held without a limit to an entity or department."""
        if not any(
            grant.role in roles and grant.entity_id is None and grant.department_id is None
            for grant in self.principal.grants
        ):
            raise Forbidden(needs=", ".join(roles))


def authenticate(request: Request, runtime: Runtime, is_unsafe: bool) -> Caller:
    """The caller of a request. Reads the database; call it from the thread pool.

    A bearer token goes before the cookie, and a wrong one is never passed over. With the cookie an
    unsafe call must carry the session's token in ``X-CSRF-Token``. Raises NotSignedIn, CsrfTokenWrong.
    """
    service = runtime.get(SignInService)
    authorization = request.headers.get("authorization")
    cookie = request.cookies.get(SESSION_COOKIE)
    if authorization is not None:
        scheme, _, secret = authorization.partition(" ")
        if scheme.lower() != "bearer" or not secret.strip():
            raise NotSignedIn()
        sign_in = binding(secret.strip())
        principal, scopes = service.token(secret.strip())
    elif cookie:
        session, sign_in = service.session(cookie), binding(cookie)
        if is_unsafe and not same_token(request.headers.get(CSRF_HEADER, ""), session.csrf_token):
            raise CsrfTokenWrong()
        principal, scopes = session.principal, frozenset(SCOPES)
    else:
        raise NotSignedIn()
    return Caller(principal, scopes, address_of(request, runtime), language_of(request, principal), sign_in)


def address_of(request: Request, runtime: Runtime) -> str:
    """The caller's address; "" over a Unix socket whose proxy is not trusted."""
    direct = request.client.host if request.client else ""
    return addresses.believed(
        direct, request.headers.get("x-forwarded-for", ""), runtime.settings.trusted_proxies
    )


def language_of(request: Request, principal: Principal | None = None) -> Language:
    """The language that the request asks for, else the person's, else the installation's."""
    runtime: Runtime = request.app.state.runtime
    default = runtime.settings.default_language
    preferred = choose_language(principal.language if principal else None, None, default)
    return choose_language(None, request.headers.get("accept-language"), preferred)


def _caller_of(request: Request) -> Caller:
    caller: Caller = request.state.caller
    return caller


def _runtime_of(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime


Calling = Annotated[Caller, Depends(_caller_of)]
Running = Annotated[Runtime, Depends(_runtime_of)]
