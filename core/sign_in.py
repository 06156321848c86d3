"""Signing in and out, portal sessions, and API tokens. Only digests of tokens are stored."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from core import audit, throttle
from core.clock import Clock
from core.database import Database
from core.errors import InvalidInput, NotFound, VermilionError
from core.models import ApiToken, Person, SignIn
from core.passwords import Passwords
from core.permissions import Principal, load_principal

SCOPES: Final = ("read", "write", "sign", "admin")


class WrongPassword(VermilionError):
    """User name and password do not belong together."""

    code = "wrong-password"
    status = 401


class NotSignedIn(VermilionError):
    """The call needs a person behind it."""

    code = "not-signed-in"
    status = 401


@dataclass(frozen=True)
class SignedIn:
    """A fresh session; ``token`` goes into the cookie and nowhere else."""

    token: str
    csrf_token: str
    person_id: UUID
    expires_at: datetime


@dataclass(frozen=True)
class PortalSession:
    """A portal session that is still good."""

    principal: Principal
    csrf_token: str


class SignInService:
    """Checks passwords, keeps sessions and tokens."""

    def __init__(
        self, database: Database, clock: Clock, zone: ZoneInfo, lifetime: timedelta, passwords: Passwords
    ) -> None:
        self._database = database
        self._clock = clock
        self._zone = zone
        self._lifetime = lifetime
        self.passwords = passwords

    def sign_in(self, username: str, password: str, address: str) -> SignedIn:
        """Open a session. Raises WrongPassword, TooManyAttempts.

        Both the user name and the caller's address are slowed down. Unknown names cost the same
        time as wrong passwords and are counted alike, so that neither shows who exists.
        """
        now = self._clock.now()
        subjects = (f"sign-in:{username[:64].lower()}", f"sign-in-from:{address[:45]}")
        with self._database.read() as session:
            for subject in subjects:
                throttle.check(session, subject, now)
            person = session.scalar(
                select(Person).where(Person.username == username.lower(), Person.is_active)
            )
        if not self.passwords.fits(person.password_hash if person else None, password) or person is None:
            self._count_failure(subjects, person, address)
            raise WrongPassword(field="password")
        token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
        expires = now + self._lifetime
        with self._database.write() as session:
            throttle.clear(session, subjects[0])
            session.add(
                SignIn(
                    token_digest=digest_token(token),
                    person_id=person.id,
                    csrf_token=csrf,
                    created_at=now,
                    expires_at=expires,
                )
            )
            audit.record(
                session, now, person.id, "person.signed_in", "person", person.id, {"address": address}
            )
        return SignedIn(token, csrf, person.id, expires)

    def _count_failure(self, subjects: Iterable[str], person: Person | None, address: str) -> None:
        now = self._clock.now()
        with self._database.write() as session:
            for subject in subjects:
                throttle.fail(session, subject, now)
            if person is not None:
                audit.record(
                    session, now, None, "person.sign_in_failed", "person", person.id, {"address": address}
                )

    def session(self, token: str) -> PortalSession:
        """The session of a cookie. Raises NotSignedIn when it is unknown or over."""
        now = self._clock.now()
        with self._database.read() as session:
            row = session.get(SignIn, digest_token(token))
            if row is None or row.expires_at <= now:
                raise NotSignedIn()
            try:
                return PortalSession(load_principal(session, row.person_id, now, self._zone), row.csrf_token)
            except NotFound as error:
                raise NotSignedIn() from error

    def sign_out(self, token: str) -> None:
        """End a session."""
        with self._database.write() as session:
            session.execute(delete(SignIn).where(SignIn.token_digest == digest_token(token)))

    def change_password(self, person_id: UUID, old: str, new: str) -> None:
        """Change one's own password; all other sessions end. Raises WrongPassword, PasswordTooWeak."""
        now = self._clock.now()
        subject = f"password:{person_id}"
        with self._database.read() as session:
            throttle.check(session, subject, now)
            person = session.get_one(Person, person_id)
        if not self.passwords.fits(person.password_hash, old):
            with self._database.write() as session:
                throttle.fail(session, subject, now)
            raise WrongPassword(field="old_password")
        fresh = self.passwords.hash(new)
        with self._database.write() as session:
            session.get_one(Person, person_id).password_hash = fresh
            throttle.clear(session, subject)
            session.execute(delete(SignIn).where(SignIn.person_id == person_id))
            audit.record(session, now, person_id, "person.password_changed", "person", person_id)

    def create_token(
        self, session: Session, person_id: UUID, name: str, scopes: Iterable[str], expires_at: datetime | None
    ) -> tuple[ApiToken, str]:
        """Make an API token. The secret is returned once and never stored. Raises InvalidInput."""
        wanted = sorted(set(scopes), key=SCOPES.index) if set(scopes) <= set(SCOPES) else []
        if not wanted:
            raise InvalidInput(field="scopes", reason=", ".join(SCOPES))
        secret = "vml_" + secrets.token_urlsafe(32)
        now = self._clock.now()
        token = ApiToken(
            token_digest=digest_token(secret),
            person_id=person_id,
            name=name.strip()[:100] or "token",
            scopes=wanted,
            created_at=now,
            expires_at=expires_at,
        )
        session.add(token)
        session.flush()
        audit.record(session, now, person_id, "token.created", "token", token.id, {"scopes": wanted})
        return token, secret

    def token(self, secret: str) -> tuple[Principal, frozenset[str]]:
        """The person and scopes behind an API token. Raises NotSignedIn."""
        now = self._clock.now()
        with self._database.read() as session:
            row = session.scalar(select(ApiToken).where(ApiToken.token_digest == digest_token(secret)))
            if row is None or row.revoked_at or (row.expires_at and row.expires_at <= now):
                raise NotSignedIn()
            try:
                return load_principal(session, row.person_id, now, self._zone), frozenset(row.scopes)
            except NotFound as error:
                raise NotSignedIn() from error


def digest_token(token: str) -> str:
    """SHA-256 of a token. Tokens carry 256 random bits, so no slow hash is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def binding(token: str) -> str:
    """Names a sign-in by the token of its cookie or its API token, without giving the token away."""
    return f"sign-in:{digest_token(token)}"


def is_signed_in(session: Session, bound: str, now: datetime) -> bool:
    """Whether the sign-in or API token that ``binding`` names is still good."""
    digest = bound.removeprefix("sign-in:")
    row = session.get(SignIn, digest)
    if row is not None:
        return row.expires_at > now
    token = session.scalar(select(ApiToken).where(ApiToken.token_digest == digest))
    return (
        token is not None
        and token.revoked_at is None
        and (token.expires_at is None or token.expires_at > now)
    )


def same_token(left: str, right: str) -> bool:
    """Whether two tokens are equal, in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())
