"""Tables of custody: what opens keys, who may have a new one, and what is asked for besides the PIN."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Json, UtcDateTime
from core.ids import new_id


class Pepper(Base):
    """A server's secret that people's envelopes are mixed with, under the master key. See signing.peppers."""

    __tablename__ = "pepper"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PinAttempt(Base):
    """Tries at a PIN, for a person (``pin:<person>``) or a source (``pin-from:<address>``)."""

    __tablename__ = "pin_attempt"

    subject: Mapped[str] = mapped_column(String(120), primary_key=True)
    failures: Mapped[int]
    running: Mapped[int]  # tries that were let in and have not told how they ended
    let_in_at: Mapped[datetime] = mapped_column(UtcDateTime)
    failed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    blocked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    locked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SigningSession(Base):
    """What one PIN entry allows: these digests, so many of them, until then. The key is not here."""

    __tablename__ = "signing_session"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    sign_in: Mapped[str] = mapped_column(String(80))  # core.sign_in.binding
    digests: Mapped[list[str]] = mapped_column(Json)
    most: Mapped[int]
    used: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    end_reason: Mapped[str | None] = mapped_column(String(20))


class ReplacementState(StrEnum):
    """How far a new key for a forgotten PIN is."""

    ASKED = "asked"  # by the owner
    WAITING = "waiting"  # somebody consented; the time in which the owner may stop it runs
    DONE = "done"  # the owner enrolled anew
    STOPPED = "stopped"


class KeyReplacement(Base):
    """A forgotten PIN: the owner's wish for a new key, and a second person's consent."""

    __tablename__ = "key_replacement"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    credential_id: Mapped[UUID] = mapped_column(ForeignKey("credential.id"))
    state: Mapped[ReplacementState] = mapped_column(String(10))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    consented_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    consented_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))


class FactorKind(StrEnum):
    """What a second factor is."""

    TOTP = "totp"  # RFC 6238
    PASSKEY = "passkey"  # Web Authentication


class SecondFactor(Base):
    """Something that a person has, asked for when they sign."""

    __tablename__ = "second_factor"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    kind: Mapped[FactorKind] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(60))
    wrapped_secret: Mapped[bytes | None] = mapped_column(LargeBinary)  # TOTP: under the master key
    handle: Mapped[str | None] = mapped_column(String(1400), unique=True)  # passkey: credential id, base64url
    public_key: Mapped[bytes | None] = mapped_column(LargeBinary)  # passkey: COSE key
    counter: Mapped[int] = mapped_column(BigInteger)  # TOTP: last step used; passkey: its own counter
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RecoveryCode(Base):
    """A code to use once when the second factor is lost. Only its digest is kept."""

    __tablename__ = "recovery_code"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    digest: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PasskeyChallenge(Base):
    """A question that one passkey answers once; ``digests`` is what the answer is for."""

    __tablename__ = "passkey_challenge"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    challenge: Mapped[bytes] = mapped_column(LargeBinary)
    digests: Mapped[list[str]] = mapped_column(Json)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class SecondFactorGrant(Base):
    """A second factor was shown for these digests; it holds for a few minutes, once for each."""

    __tablename__ = "second_factor_grant"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    digest: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(10))  # totp, passkey, recovery
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (Index("ix_second_factor_grant_person", "person_id", "digest"),)


class SigningPolicy(Base):
    """What the organisation asks for when somebody signs: exactly one row, or the default."""

    __tablename__ = "signing_policy"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    second_factor: Mapped[str] = mapped_column(String(10))  # off, seals, all


class KeyLocation(Base):
    """A certificate's key that lives in a PKCS#11 slot. See signing.pkcs11."""

    __tablename__ = "key_location"

    certificate_id: Mapped[UUID] = mapped_column(ForeignKey("certificate.id"), primary_key=True)
    token: Mapped[str] = mapped_column(String(32))  # the token's label
    label: Mapped[str] = mapped_column(String(200))  # the key's label
    key_id: Mapped[str] = mapped_column(String(200))  # CKA_ID, hex
    details: Mapped[dict[str, Any]] = mapped_column(Json)  # {"version": 1}
    destroy_since: Mapped[datetime | None] = mapped_column(UtcDateTime)  # its seal needs it no more
    destroyed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # the token has the key no more


class PersonToken(Base):
    """A PKCS#11 token that a person may sign with; nobody else may. See signing.person_slots."""

    __tablename__ = "person_token"

    token: Mapped[str] = mapped_column(String(32), primary_key=True)  # its label
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    assigned_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))  # None: at the command line
    assigned_at: Mapped[datetime] = mapped_column(UtcDateTime)
