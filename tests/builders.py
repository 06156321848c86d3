"""Builders: small organisations and runtimes for tests."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

import vermilion.models  # noqa: F401  # every table is known then
from core import people
from core.clock import Clock, SystemClock
from core.database import Base, Database
from core.ids import new_id
from core.masterkey import MasterKey
from core.models import Organisation, Role
from core.passwords import Passwords
from core.permissions import Principal, load_principal
from core.runtime import Runtime
from core.settings import Settings
from core.sign_in import SignInService
from tests import databases, homes

PASSWORD = "correct horse battery"
PIN = "284617"
FAST_PASSWORDS = Passwords(time_cost=1, memory_kib=8, parallelism=1)
PASSWORD_HASH = FAST_PASSWORDS.hash(PASSWORD)


def make_database(url: str) -> Database:
    """A database with all tables made from the models. What a server has in it before is lost."""
    url = Settings(database_url=url).effective_database_url
    file = Path(url.partition("sqlite:///")[2])
    if file.name and not file.exists():
        shutil.copyfile(homes.first("tables", _make_tables)[0] / "tables.db", file)
        return Database(url)
    if not file.name:
        original = databases.sister_database(url, "tables")
        homes.first(original, lambda _folder: _make_tables_on_a_server(original))
        databases.copy_database(original, url)
        return Database(url)
    database = Database(url)
    Base.metadata.create_all(database.engine)
    return database


def _make_tables(folder: Path) -> None:
    _create_all(f"sqlite:///{folder}/tables.db")


def _make_tables_on_a_server(url: str) -> None:
    databases.make_database(url)
    _create_all(url)


def _create_all(url: str) -> None:
    database = Database(url)
    Base.metadata.create_all(database.engine)
    database.dispose()


def open_runtime(home: Path, **more: Any) -> Runtime:
    """The runtime of a home that ``make_runtime`` made, in another process; ``more`` are settings."""
    settings = Settings(home=home, database_url=f"sqlite:///{home}/test.db", **more)
    master_key = MasterKey.load(home)
    assert master_key is not None
    return Runtime(settings, SystemClock(), Database(settings.effective_database_url), master_key)


def make_runtime(home: Path, url: str | None = None, clock: Clock | None = None) -> Runtime:
    """A runtime of core only: settings, clock, database, master key, sign-ins."""
    home.mkdir(parents=True, exist_ok=True)
    settings = Settings(home=home, database_url=url or f"sqlite:///{home}/test.db")
    clock = clock or SystemClock()
    master_key = MasterKey.generate()
    master_key.save(home)
    runtime = Runtime(settings, clock, make_database(settings.effective_database_url), master_key)
    runtime.add(SignInService(runtime.database, clock, settings.zone, timedelta(hours=12), FAST_PASSWORDS))
    return runtime


@dataclass
class Company:
    """A small company: one entity, three departments, and people by user name."""

    runtime: Runtime
    entity_id: UUID
    departments: dict[str, UUID] = field(default_factory=dict)
    people: dict[str, UUID] = field(default_factory=dict)

    def principal(self, username: str) -> Principal:
        """Who this person is now, with their roles and terms."""
        with self.runtime.database.read() as session:
            return load_principal(
                session, self.people[username], self.runtime.clock.now(), self.runtime.settings.zone
            )

    def add(
        self, username: str, name: str, department: str, *roles: Role, position: str | None = None
    ) -> UUID:
        """Add somebody with roles; ``position`` is the approver position, such as general_manager."""
        with self.runtime.database.write() as session:
            return self.add_in(session, username, name, department, *roles, position=position)

    def add_in(
        self,
        session: Session,
        username: str,
        name: str,
        department: str,
        *roles: Role,
        position: str | None = None,
    ) -> UUID:
        """``add`` in a transaction of the caller's."""
        now = self.runtime.clock.now()
        person = people.create_person(
            session, username, name, self.departments[department], PASSWORD_HASH, now, position=position
        )
        for role in roles:
            people.assign_role(
                session,
                person.id,
                role,
                date(2020, 1, 1),
                now,
                position=position if role is Role.APPROVER else None,
            )
        self.people[username] = person.id
        return person.id


def make_company(runtime: Runtime, name: str = "云杉测试科技有限公司") -> Company:
    """A company with 总经办, 市场部, 财务部 and one person in each role.

    People: gm (general manager, heads 总经办), head (heads 市场部), staff and other (市场部), legal,
    finance (heads 财务部), keeper, archivist, auditor, admin.
    """
    now = runtime.clock.now()
    with runtime.database.write() as session:
        if session.get(Organisation, 1) is None:
            session.add(Organisation(id=1, name=name, is_demo=False, created_at=now))
        entity = people.create_entity(session, name, now)
        office = people.create_department(session, entity.id, "总经办", now)
        market = people.create_department(session, entity.id, "市场部", now, parent_id=office.id)
        money = people.create_department(session, entity.id, "财务部", now, parent_id=office.id)
        company = Company(runtime, entity.id, {"office": office.id, "market": market.id, "money": money.id})
        add = partial(company.add_in, session)
        add("gm", "陈总", "office", Role.APPROVER, position="general_manager")
        add("head", "王芳", "market")
        add("staff", "张伟", "market")
        add("other", "李娜", "market")
        add("legal", "刘洋", "office", Role.LEGAL)
        add("finance", "赵敏", "money", Role.FINANCE)
        add("keeper", "孙丽", "office", Role.SEAL_KEEPER)
        add("archivist", "周杰", "office", Role.ARCHIVIST)
        add("auditor", "吴刚", "office", Role.AUDITOR)
        add("admin", "郑洁", "office", Role.ADMINISTRATOR)
        for department, head in (("office", "gm"), ("market", "head"), ("money", "finance")):
            people.set_head(session, company.departments[department], company.people[head], now)
    return company


__all__ = [
    "Company",
    "PASSWORD",
    "PIN",
    "make_company",
    "make_database",
    "make_runtime",
    "new_id",
    "open_runtime",
]
