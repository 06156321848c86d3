"""The second factor at signing: one-time codes (RFC 6238) and passkeys (Web Authentication, level 2).

The organisation decides where it is asked for: nowhere, for seals, or for every signature. A factor
is shown *for digests*, those of what is about to be signed; that leaves a grant for each digest,
which one signature uses up, or a few minutes. So a code that was shown for one document opens
nothing else, and a wrong PIN afterwards costs no second code.

Who has a factor shows it, besides the PIN, to add or remove one. A lost one is replaced by a
recovery code, and where these are lost too, by a new key (``signing.replacement``), which ends all.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from urllib.parse import urlsplit
from uuid import UUID

import pyotp
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from core import audit, notices
from core.clock import Clock
from core.database import Database
from core.errors import InvalidInput, NotFound
from core.ids import new_id
from core.masterkey import MasterKey
from core.models import Organisation, Role
from core.permissions import Principal
from core.settings import Settings
from signing.custody_models import (
    FactorKind,
    PasskeyChallenge,
    RecoveryCode,
    SecondFactor,
    SecondFactorGrant,
    SigningPolicy,
)
from signing.errors import SecondFactorMissing, SecondFactorNeeded, SecondFactorWrong
from signing.pin_guard import PinGuard

Act = Literal["approval", "seal"]
POLICIES: Final = ("off", "seals", "all")
MANAGING: Final = hashlib.sha256(b"vermilion second factors").hexdigest()
"""Stands for the digest where a factor is shown to add or remove one."""
GRANT_LASTS: Final = timedelta(minutes=5)
CHALLENGE_LASTS: Final = timedelta(minutes=5)
RECOVERY_CODES: Final = 10
_STEP: Final = 30
_ALPHABET: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


@dataclass(frozen=True)
class FactorView:
    """A second factor of somebody."""

    id: UUID
    kind: FactorKind
    name: str
    created_at: datetime
    used_at: datetime | None


@dataclass(frozen=True)
class NewTotp:
    """A secret to be put into an authenticator; shown once. ``address`` is what the QR code says."""

    id: UUID
    secret: str
    address: str


@dataclass(frozen=True)
class Question:
    """What a passkey is asked: the challenge's id, and the options as JSON for the browser."""

    id: UUID
    options: str


class SecondFactors:
    """Sets factors up and asks for them. Verbs open their own transactions unless they take a session."""

    def __init__(self, database: Database, master_key: MasterKey, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._master_key = master_key
        self._clock = clock
        self._settings = settings
        self._guard = PinGuard(database, clock, settings, "code")

    # the organisation's policy

    def policy(self, session: Session) -> str:
        """Where a second factor is asked for: off, seals or all."""
        row = session.get(SigningPolicy, 1)
        return row.second_factor if row is not None else "off"

    def set_policy(self, session: Session, actor: Principal, policy: str) -> None:
        """Decide where it is asked for; for administrators. Raises Forbidden, InvalidInput."""
        actor.require(Role.ADMINISTRATOR)
        if policy not in POLICIES:
            raise InvalidInput(field="second_factor", reason=", ".join(POLICIES))
        session.merge(SigningPolicy(id=1, second_factor=policy))
        now = self._clock.now()
        audit.record(session, now, actor.person_id, "signing.policy", None, None, {"second_factor": policy})

    def is_asked(self, session: Session, act: Act) -> bool:
        """Whether this kind of signature needs one."""
        policy = self.policy(session)
        return policy == "all" or (policy == "seals" and act == "seal")

    # at signing

    def check(self, session: Session, person_id: UUID, digests: Collection[str], act: Act) -> None:
        """Raise SecondFactorNeeded unless none is asked for or one was shown for every digest."""
        if self.is_asked(session, act):
            self._require(session, person_id, digests or ["-"])

    def use(self, session: Session, person_id: UUID, digests: Collection[str], act: Act) -> None:
        """Use the grants up, in the transaction of the caller. Raises SecondFactorNeeded."""
        if self.is_asked(session, act):
            self._use_up(session, person_id, digests or ["-"])

    def _require(self, session: Session, person_id: UUID, digests: Collection[str]) -> None:
        known = set(session.scalars(self._grants(person_id, digests)))
        if not set(digests) <= known:
            raise SecondFactorNeeded(field="code")

    def _use_up(self, session: Session, person_id: UUID, digests: Collection[str]) -> None:
        self._require(session, person_id, digests)
        for digest in set(digests):
            one = session.scalar(
                select(SecondFactorGrant.id)
                .where(SecondFactorGrant.person_id == person_id, SecondFactorGrant.digest == digest)
                .order_by(SecondFactorGrant.expires_at)
                .limit(1)
                .with_for_update(skip_locked=True)
            )
            done = session.execute(delete(SecondFactorGrant).where(SecondFactorGrant.id == one))
            if done.rowcount != 1:  # type: ignore[attr-defined]
                raise SecondFactorNeeded(field="code")

    def _grants(self, person_id: UUID, digests: Collection[str]):  # type: ignore[no-untyped-def]
        return select(SecondFactorGrant.digest).where(
            SecondFactorGrant.person_id == person_id,
            SecondFactorGrant.digest.in_(set(digests)),
            SecondFactorGrant.expires_at > self._clock.now(),
        )

    def _grant(self, session: Session, person_id: UUID, digests: Collection[str], kind: str) -> None:
        now = self._clock.now()
        session.execute(delete(SecondFactorGrant).where(SecondFactorGrant.expires_at <= now))
        for digest in set(digests):
            session.add(
                SecondFactorGrant(person_id=person_id, digest=digest, kind=kind, expires_at=now + GRANT_LASTS)
            )
        audit.record(
            session,
            now,
            person_id,
            "second_factor.shown",
            "person",
            person_id,
            {"kind": kind, "digests": sorted(set(digests))[:20]},
        )

    def show_code(self, person_id: UUID, code: str, digests: Collection[str]) -> None:
        """Show a one-time code or a recovery code for these digests. Each works once.

        Raises SecondFactorMissing, SecondFactorWrong, PinBlocked, PinLocked.
        """
        _check_digests(digests)
        typed = "".join(code.split()).replace("-", "").upper()
        with self._database.read() as session:
            factors = self._confirmed(session, person_id)
        if not factors:
            raise SecondFactorMissing(field="code")
        now = self._clock.now()
        with self._guarded(person_id), self._database.write() as session:
            kind = self._accept(session, person_id, factors, typed, now)
            if kind is None:
                raise SecondFactorWrong(field="code")
            self._grant(session, person_id, digests, kind)

    @contextmanager
    def _guarded(self, person_id: UUID) -> Iterator[None]:
        """One try, counted before it is judged; SecondFactorWrong is a wrong one."""
        self._guard.let_in(person_id)
        try:
            yield
        except SecondFactorWrong:
            self._guard.failed(person_id)
            raise
        except BaseException:
            self._guard.given_back(person_id)
            raise
        self._guard.passed(person_id)

    def _accept(
        self,
        session: Session,
        person_id: UUID,
        factors: Sequence[SecondFactor],
        typed: str,
        now: datetime,
    ) -> str | None:
        """Use the code up; which kind it was, or None when it fits nothing."""
        for factor in factors:
            if factor.kind == FactorKind.TOTP and self._accept_totp(session, factor, typed, now):
                return "totp"
        digest = _recovery_digest(person_id, typed)
        used = session.execute(
            update(RecoveryCode)
            .where(
                RecoveryCode.person_id == person_id,
                RecoveryCode.digest == digest,
                RecoveryCode.used_at.is_(None),
            )
            .values(used_at=now)
        )
        return "recovery" if used.rowcount == 1 else None  # type: ignore[attr-defined]

    def _accept_totp(self, session: Session, factor: SecondFactor, typed: str, now: datetime) -> bool:
        """A code of the present step or of one beside it (RFC 6238, 5.2), newer than the last one used."""
        secret = self._secret(factor)
        present = int(now.timestamp()) // _STEP
        matching = [
            step
            for step in (present - 1, present, present + 1)
            if pyotp.utils.strings_equal(pyotp.TOTP(secret).at(step * _STEP), typed)
        ]
        if not matching:
            return False
        used = session.execute(
            update(SecondFactor)
            .where(SecondFactor.id == factor.id, SecondFactor.counter < max(matching))
            .values(counter=max(matching), used_at=now)
        )
        return bool(used.rowcount == 1)  # type: ignore[attr-defined]

    def ask_passkey(self, person_id: UUID, digests: Collection[str]) -> Question:
        """The question whose answer is good for these digests only. Raises SecondFactorMissing."""
        _check_digests(digests)
        with self._database.read() as session:
            keys = [one for one in self._confirmed(session, person_id) if one.kind == FactorKind.PASSKEY]
        if not keys:
            raise SecondFactorMissing(field="code")
        nonce = os.urandom(16)
        challenge = nonce + hashlib.sha256(nonce + "".join(sorted(set(digests))).encode()).digest()
        from signing import passkeys  # takes long to import, and most acts need none

        question = passkeys.question(self._rp_id, challenge, [one.handle or "" for one in keys])
        return Question(self._keep(person_id, challenge, digests), question)

    def show_passkey(
        self, person_id: UUID, question_id: UUID, answer: str, digests: Collection[str] | None = None
    ) -> None:
        """A passkey's answer (JSON of the browser); its question is then used up.

        With ``digests`` the question must have been about these. Raises SecondFactorWrong, PinBlocked,
        PinLocked.
        """
        with self._guarded(person_id):
            asked = self._take(person_id, question_id)
            if digests is not None and set(digests) != set(asked.digests):
                raise SecondFactorWrong(field="code")
            self._verify(person_id, asked, answer)

    def _verify(self, person_id: UUID, asked: PasskeyChallenge, answer: str) -> None:
        try:
            handle = str(json.loads(answer)["id"])
        except (ValueError, KeyError, TypeError) as error:
            raise SecondFactorWrong(field="code") from error
        with self._database.read() as session:
            factor = session.scalar(
                select(SecondFactor).where(SecondFactor.handle == handle, SecondFactor.person_id == person_id)
            )
        if factor is None or factor.public_key is None:
            raise SecondFactorWrong(field="code")
        from signing import passkeys  # takes long to import, and most acts need none

        counter = passkeys.checked_counter(
            answer, asked.challenge, self._rp_id, self._origin, factor.public_key, factor.counter
        )
        with self._database.write() as session:
            row = session.get_one(SecondFactor, factor.id)
            row.counter, row.used_at = counter, self._clock.now()
            self._grant(session, person_id, asked.digests, "passkey")

    # setting up; the caller has checked the PIN

    def list(self, session: Session, person_id: UUID) -> list[FactorView]:
        """A person's confirmed factors."""
        return [
            FactorView(one.id, FactorKind(one.kind), one.name, one.created_at, one.used_at)
            for one in self._confirmed(session, person_id)
        ]

    def recovery_left(self, session: Session, person_id: UUID) -> int:
        """How many recovery codes were not used yet."""
        query = select(func.count()).select_from(RecoveryCode)
        return (
            session.scalar(query.where(RecoveryCode.person_id == person_id, RecoveryCode.used_at.is_(None)))
            or 0
        )

    def require_to_manage(self, person_id: UUID) -> None:
        """Who has a factor has shown it to add or remove one. Raises SecondFactorNeeded."""
        with self._database.write() as session:
            if self._confirmed(session, person_id):
                self._use_up(session, person_id, [MANAGING])

    def begin_totp(self, owner: Principal, name: str) -> NewTotp:
        """A fresh secret; it counts once a code of it was shown (``confirm_totp``)."""
        secret, factor_id, now = pyotp.random_base32(), new_id(), self._clock.now()
        with self._database.write() as session:
            session.execute(
                delete(SecondFactor).where(
                    SecondFactor.person_id == owner.person_id,
                    SecondFactor.kind == FactorKind.TOTP,
                    SecondFactor.confirmed_at.is_(None),
                )
            )
            session.add(
                SecondFactor(
                    id=factor_id,
                    person_id=owner.person_id,
                    kind=FactorKind.TOTP,
                    name=_name(name, "TOTP"),
                    wrapped_secret=self._master_key.wrap(secret.encode(), purpose=secret_purpose(factor_id)),
                    counter=0,
                    created_at=now,
                )
            )
            organisation = session.get(Organisation, 1)
        issuer = organisation.name if organisation is not None else "Vermilion"
        address = pyotp.TOTP(secret).provisioning_uri(name=owner.username, issuer_name=issuer)
        return NewTotp(factor_id, secret, address)

    def confirm_totp(self, owner: Principal, factor_id: UUID, code: str) -> Sequence[str]:
        """The first code. Returns fresh recovery codes with the first factor. Raises NotFound,
        SecondFactorWrong, PinBlocked."""
        now, person_id = self._clock.now(), owner.person_id
        with self._guarded(person_id), self._database.write() as session:
            factor = session.get(SecondFactor, factor_id)
            if factor is None or factor.person_id != person_id or factor.confirmed_at is not None:
                raise NotFound(what="factor")
            if not self._accept_totp(session, factor, code.strip(), now):
                raise SecondFactorWrong(field="code")
            return self._confirm(session, person_id, factor, now)

    def begin_passkey(self, owner: Principal) -> Question:
        """What the browser needs to make a passkey."""
        with self._database.read() as session:
            known = self._confirmed(session, owner.person_id)
        challenge = os.urandom(32)
        from signing import passkeys  # takes long to import, and most acts need none

        question = passkeys.invitation(
            self._rp_id, challenge, owner.username, owner.person_id.bytes, owner.name,
            [one.handle for one in known if one.handle],
        )  # fmt: skip
        return Question(self._keep(owner.person_id, challenge, [MANAGING]), question)

    def finish_passkey(self, owner: Principal, question_id: UUID, answer: str, name: str) -> Sequence[str]:
        """The browser's answer. Returns fresh recovery codes with the first factor. Raises
        SecondFactorWrong."""
        asked = self._take(owner.person_id, question_id)
        from signing import passkeys  # takes long to import, and most acts need none

        made = passkeys.checked_key(answer, asked.challenge, self._rp_id, self._origin)
        now = self._clock.now()
        with self._database.write() as session:
            factor = SecondFactor(
                person_id=owner.person_id,
                kind=FactorKind.PASSKEY,
                name=_name(name, "Passkey"),
                handle=made.handle,
                public_key=made.public_key,
                counter=made.counter,
                created_at=now,
            )
            session.add(factor)
            session.flush()
            return self._confirm(session, owner.person_id, factor, now)

    def remove(self, owner: Principal, factor_id: UUID) -> None:
        """Remove a factor; with the last one go the recovery codes. Raises NotFound."""
        now, person_id = self._clock.now(), owner.person_id
        with self._database.write() as session:
            factor = session.get(SecondFactor, factor_id)
            if factor is None or factor.person_id != person_id or factor.confirmed_at is None:
                raise NotFound(what="factor")
            session.delete(factor)
            session.flush()
            if not self._confirmed(session, person_id):
                session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person_id))
            notices.tell(session, now, [person_id], "second-factor-removed", "person", person_id, {})
            audit.record(session, now, person_id, "second_factor.removed", "person", person_id)

    def _confirm(
        self, session: Session, person_id: UUID, factor: SecondFactor, now: datetime
    ) -> Sequence[str]:
        is_first = not self._confirmed(session, person_id)
        factor.confirmed_at = now
        audit.record(
            session, now, person_id, "second_factor.added", "person", person_id, {"kind": str(factor.kind)}
        )
        notices.tell(session, now, [person_id], "second-factor-added", "person", person_id, {})
        if not is_first:
            return ()
        session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person_id))
        codes = ["".join(secrets.choice(_ALPHABET) for _ in range(12)) for _ in range(RECOVERY_CODES)]
        for code in codes:
            session.add(RecoveryCode(person_id=person_id, digest=_recovery_digest(person_id, code)))
        return [f"{code[:4]}-{code[4:8]}-{code[8:]}" for code in codes]

    def _confirmed(self, session: Session, person_id: UUID) -> Sequence[SecondFactor]:
        return session.scalars(
            select(SecondFactor)
            .where(SecondFactor.person_id == person_id, SecondFactor.confirmed_at.is_not(None))
            .order_by(SecondFactor.created_at)
        ).all()

    def _secret(self, factor: SecondFactor) -> str:
        wrapped = factor.wrapped_secret or b""
        return self._master_key.unwrap(wrapped, purpose=secret_purpose(factor.id)).decode()

    def _keep(self, person_id: UUID, challenge: bytes, digests: Collection[str]) -> UUID:
        now, question_id = self._clock.now(), new_id()
        with self._database.write() as session:
            session.execute(delete(PasskeyChallenge).where(PasskeyChallenge.expires_at <= now))
            session.add(
                PasskeyChallenge(
                    id=question_id,
                    person_id=person_id,
                    challenge=challenge,
                    digests=sorted(set(digests)),
                    expires_at=now + CHALLENGE_LASTS,
                )
            )
        return question_id

    def _take(self, person_id: UUID, question_id: UUID) -> PasskeyChallenge:
        """A question, used up by this. Raises SecondFactorWrong."""
        now = self._clock.now()
        with self._database.write() as session:
            row = session.scalar(
                select(PasskeyChallenge).where(PasskeyChallenge.id == question_id).with_for_update()
            )
            if row is None or row.person_id != person_id or row.expires_at <= now:
                raise SecondFactorWrong(field="code")
            session.delete(row)
            session.flush()
            session.expunge_all()
        return row

    @property
    def _origin(self) -> str:
        return self._settings.effective_public_url

    @property
    def _rp_id(self) -> str:
        return urlsplit(self._origin).hostname or "localhost"


def forget_factors(session: Session, person_id: UUID) -> None:
    """A person has a new key: nothing of the old factors is left."""
    for model in (SecondFactor, RecoveryCode, PasskeyChallenge, SecondFactorGrant):
        session.execute(delete(model).where(model.person_id == person_id))


def secret_purpose(factor_id: UUID) -> str:
    """What a wrapped TOTP secret is bound to."""
    return f"second factor {factor_id}"


def _recovery_digest(person_id: UUID, code: str) -> str:
    """Recovery codes carry 60 random bits, so no slow hash is needed."""
    return hashlib.sha256(b"vermilion recovery code " + person_id.bytes + code.encode()).hexdigest()


def _check_digests(digests: Collection[str]) -> None:
    if not 1 <= len(digests) <= 1000 or any(len(one) != 64 for one in digests):
        raise InvalidInput(field="digests", reason="1–1000")


def _name(name: str, default: str) -> str:
    return "".join(letter for letter in name if letter.isprintable()).strip()[:60] or default
