"""The first start: the master key of a new home, and the set-up page's one-time code.

Outside demo mode nobody can sign in before somebody at the terminal has handed on the code; until
then the portal answers with the set-up page only.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import audit, people, throttle
from core.clock import Clock
from core.database import Database
from core.errors import Conflict, InvalidInput, VermilionError
from core.key_stores import open_store
from core.masterkey import FileStore, MasterKey
from core.models import LegalEntity, Organisation, Role
from core.settings import Settings
from core.sign_in import SignInService, same_token
from signing.service import SigningService
from workflow.service import WorkflowService

LOCAL_ENTITY: Final = "本机档案"
"""Name of the legal entity that the command line makes in a home that was never set up."""
_ALPHABET: Final = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"


class SetUpCodeWrong(VermilionError):
    """The one-time code does not fit the one that the terminal shows."""

    code = "set-up-code-wrong"
    status = 422


class MasterKeyMissing(VermilionError):
    """The home has a database but no master key. Context: ``home``."""

    code = "master-key-missing"
    status = 500


@dataclass(frozen=True)
class OpenedHome:
    """A home folder with its master key; ``recovery_key`` is set the first time only."""

    master_key: MasterKey
    recovery_key: str | None


def open_home(settings: Settings) -> OpenedHome:
    """Load the master key, or make one in an empty home.

    Raises MasterKeyMissing when the home was in use before: making a new key there would leave
    every wrapped key of the old one unreadable without saying so.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    store = open_store(settings)
    master_key = MasterKey.of(store)
    if master_key is not None:
        return OpenedHome(master_key, None)
    if (settings.home / "vermilion.db").exists():
        raise MasterKeyMissing(home=str(settings.home))
    fresh = MasterKey.generate()
    with suppress(FileExistsError):  # another process was first
        if isinstance(store, FileStore):
            store.create(fresh.secrets)
    master_key = MasterKey.of(store)
    if master_key is None:
        raise MasterKeyMissing(home=str(settings.home))
    is_ours = master_key.recovery_key() == fresh.recovery_key()
    return OpenedHome(master_key, master_key.recovery_key() if is_ours else None)


def new_code() -> str:
    """A one-time code a person can type: three groups of four."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(3))


class SetUp:
    """Turns an empty installation into an organisation with its first administrator."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        sign_in: SignInService,
        signing: SigningService,
        workflow: WorkflowService,
    ) -> None:
        self._database = database
        self._clock = clock
        self._sign_in = sign_in
        self._signing = signing
        self._workflow = workflow
        self._code: str | None = None

    def is_needed(self) -> bool:
        """Whether there is no organisation yet."""
        with self._database.read() as session:
            return session.get(Organisation, 1) is None

    def open(self) -> str:
        """Make the one-time code that this process accepts, and return it for the terminal."""
        self._code = new_code()
        return self._code

    def complete(
        self, code: str, organisation_name: str, admin_username: str, admin_name: str, password: str
    ) -> None:
        """Make the organisation, its legal entity, its authority and its administrator.

        Raises SetUpCodeWrong, TooManyAttempts, InvalidInput, PasswordTooWeak, and Conflict when the
        set-up was done already.
        """
        self._check_code(code)
        if not self.is_needed():
            raise Conflict(what="organisation")
        name = organisation_name.strip()
        if not 1 <= len(name) <= 200:
            raise InvalidInput(field="organisation_name", reason="1–200")
        password_hash = self._sign_in.passwords.hash(password)
        self.make_organisation(name, is_demo=False)
        now = self._clock.now()
        with self._database.write() as session:
            entity = self._first_entity(session, name)
            department = people.create_department(session, entity.id, name, now)
            person = people.create_person(
                session, admin_username.strip().lower(), admin_name, department.id, password_hash, now
            )
            people.assign_role(session, person.id, Role.ADMINISTRATOR, date(now.year, 1, 1), now)
            session.add(Organisation(id=1, name=name, is_demo=False, created_at=now))
            audit.record(
                session, now, person.id, "organisation.created", "organisation", None, {"name": name}
            )
        self._code = None

    def make_organisation(self, name: str, *, is_demo: bool) -> None:
        """Make the authority and install the shipped flows; harmless when repeated."""
        self._signing.set_up(name, is_demo)
        self._workflow.install_shipped()

    def _check_code(self, code: str) -> None:
        now = self._clock.now()
        with self._database.read() as session:
            throttle.check(session, "set-up", now)
        typed = "".join(code.upper().split())
        if self._code is None or not same_token(typed, self._code):
            with self._database.write() as session:
                throttle.fail(session, "set-up", now)
            raise SetUpCodeWrong(field="code")

    def _first_entity(self, session: Session, name: str) -> LegalEntity:
        """The entity made for the command line takes the organisation's name; else a new one."""
        existing = session.scalar(select(LegalEntity).where(LegalEntity.name == LOCAL_ENTITY))
        if existing is not None and session.scalar(select(func.count()).select_from(LegalEntity)) == 1:
            existing.name = name
            return existing
        return people.create_entity(session, name, self._clock.now())
