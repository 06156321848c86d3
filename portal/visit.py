"""What a portal request knows about who is looking, and in which language and theme."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import Final, Literal

from fastapi import Request, Response

from core.i18n import LANGUAGES, Language, Translator, choose_language, translator
from core.models import Organisation, Person
from core.permissions import Principal
from core.runtime import Runtime
from core.sign_in import NotSignedIn, SignInService
from portal.formats import Formats

Theme = Literal["light", "dark", "system"]
THEMES: Final[tuple[Theme, ...]] = ("light", "dark", "system")

SESSION_COOKIE: Final = "vermilion_session"
VISITOR_COOKIE: Final = "vermilion_visitor"
LANGUAGE_COOKIE: Final = "vermilion_language"
THEME_COOKIE: Final = "vermilion_theme"
_A_YEAR: Final = 365 * 24 * 3600


@dataclass(frozen=True)
class Visit:
    """One request's circumstances. ``principal`` is None for somebody who is not signed in."""

    runtime: Runtime
    principal: Principal | None
    csrf_token: str
    language: Language
    theme: Theme
    address: str
    organisation: str
    is_demo: bool
    is_set_up: bool

    @property
    def translator(self) -> Translator:
        return translator(self.language)

    @property
    def formats(self) -> Formats:
        return Formats(self.language, self.runtime.settings.zone, self.runtime.clock.now())

    @property
    def person(self) -> Principal:
        """The person, on pages that only people who signed in reach. Raises NotSignedIn."""
        if self.principal is None:
            raise NotSignedIn()
        return self.principal

    def text(self, code: str, **context: object) -> str:
        """A text in the reader's language."""
        return self.translator.text(code, **context)


def arrive(request: Request, runtime: Runtime) -> Visit:
    """Find out who is looking. Reads the database; call it from the thread pool."""
    principal, csrf_token, theme = None, "", _theme(request.cookies.get(THEME_COOKIE))
    token = request.cookies.get(SESSION_COOKIE)
    if token:
        try:
            found = runtime.get(SignInService).session(token)
            principal, csrf_token = found.principal, found.csrf_token
        except NotSignedIn:
            principal = None
    with runtime.database.read() as session:
        organisation = session.get(Organisation, 1)
        if principal is not None:
            person = session.get_one(Person, principal.person_id)
            theme = _theme(person.theme) if person.theme else theme
    preferred = principal.language if principal and principal.language else None
    return Visit(
        runtime=runtime,
        principal=principal,
        csrf_token=csrf_token or request.cookies.get(VISITOR_COOKIE) or secrets.token_urlsafe(24),
        language=choose_language(
            preferred or request.cookies.get(LANGUAGE_COOKIE),
            request.headers.get("accept-language"),
            runtime.settings.default_language,
        ),
        theme=theme,
        address=caller_address(request, runtime),
        organisation=organisation.name if organisation else "",
        is_demo=bool(organisation and organisation.is_demo),
        is_set_up=organisation is not None,
    )


def strange(request: Request, runtime: Runtime) -> Visit:
    """A visit that asks nothing of the database: what error pages fall back on."""
    return Visit(
        runtime=runtime,
        principal=None,
        csrf_token=request.cookies.get(VISITOR_COOKIE, ""),
        language=choose_language(
            request.cookies.get(LANGUAGE_COOKIE),
            request.headers.get("accept-language"),
            runtime.settings.default_language,
        ),
        theme=_theme(request.cookies.get(THEME_COOKIE)),
        address="",
        organisation="",
        is_demo=False,
        is_set_up=True,
    )


def with_language(visit: Visit, language: Language) -> Visit:
    return replace(visit, language=language)


def caller_address(request: Request, runtime: Runtime) -> str:
    """The caller's address; a forwarded one is believed only from the proxies named in the settings."""
    direct = request.client.host if request.client else ""
    trusted = {part.strip() for part in runtime.settings.trusted_proxies.split(",") if part.strip()}
    forwarded = request.headers.get("x-forwarded-for", "")
    if direct in trusted and forwarded:
        return forwarded.rsplit(",", 1)[-1].strip()[:45]
    return direct


def local_path(value: str | None, default: str = "/") -> str:
    """``value`` when it is a path on this server, else ``default``: no redirect leads outside."""
    if not value or not value.startswith("/") or value.startswith(("//", "/\\")):
        return default
    if any(ord(character) < 0x20 for character in value) or "\\" in value:
        return default
    return value


def set_cookie(response: Response, runtime: Runtime, name: str, value: str, max_age: int = _A_YEAR) -> None:
    """A cookie that scripts cannot read; Secure where people come by https."""
    response.set_cookie(
        name,
        value,
        max_age=max_age,
        httponly=True,
        samesite="lax",
        secure=runtime.settings.effective_public_url.startswith("https:"),
        path="/",
    )


def as_language(value: str | None) -> Language | None:
    """A language that we have, or None."""
    return next((language for language in LANGUAGES if language == value), None)


def _theme(value: str | None) -> Theme:
    return next((theme for theme in THEMES if theme == value), "system")
