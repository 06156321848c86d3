"""The demo organisation: one company, its people, seals, and a dozen cases in every state.

It is made through the same services that people use, so nothing in it is a stand-in: every
signature is a signature. Its sign-ins are written below the home for the terminal to show again.
"""

from __future__ import annotations

import itertools
import json
import os
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, people
from core.database import Database
from core.errors import VermilionError
from core.i18n import Translator
from core.models import ApiToken, Organisation, Person, Role
from core.runtime import Runtime
from core.settings import Settings
from core.sign_in import SCOPES, SignInService
from vermilion import demo_cases
from vermilion.demo_stories import OUR_TAX_ID
from vermilion.first_start import SetUp

NAME: Final = "云杉（演示）科技有限公司"
_FILE: Final = "demo.json"
Advance = Callable[[int, int, str], None]

DEPARTMENTS: Final = (
    # key, name, parent
    ("office", "总经办", None),
    ("market", "市场部", "office"),
    ("research", "研发部", "office"),
    ("money", "财务部", "office"),
    ("law", "法务部", "office"),
    ("services", "行政部", "office"),
)
PEOPLE: Final = (
    # user name, name, department, position, heads it, roles
    ("chenjianguo", "陈建国", "office", "总经理", True, ((Role.APPROVER, "general_manager"),)),
    ("wangfang", "王芳", "market", "市场部经理", True, ()),
    ("zhangwei", "张伟", "market", "客户经理", False, ()),
    ("lina", "李娜", "market", "市场专员", False, ()),
    ("zhaolei", "赵磊", "research", "研发部经理", True, ()),
    ("huanglin", "黄琳", "research", "工程师", False, ()),
    ("liumin", "刘敏", "money", "财务部经理", True, ((Role.FINANCE, None),)),
    ("hejing", "何静", "money", "会计", False, ((Role.SEAL_KEEPER, None),)),
    ("zhouyang", "周洋", "law", "法务经理", True, ((Role.LEGAL, None),)),
    ("sunli", "孙丽", "services", "行政部经理", True, ((Role.SEAL_KEEPER, None),)),
    ("wugang", "吴刚", "services", "档案员", False, ((Role.ARCHIVIST, None),)),
    ("zhengjie", "郑洁", "office", "审计员", False, ((Role.AUDITOR, None),)),
    ("gaoyuan", "高远", "services", "系统管理员", False, ((Role.ADMINISTRATOR, None),)),
)


class NotADemo(VermilionError):
    """The home holds a real installation. Context: ``home``."""

    code = "not-a-demo"
    status = 409


@dataclass(frozen=True)
class DemoPerson:
    """A sign-in of the demo."""

    username: str
    password: str
    pin: str
    name: str
    department: str
    position: str
    is_head: bool
    roles: tuple[str, ...]


@dataclass(frozen=True)
class Demo:
    """The demo as the terminal shows it."""

    organisation: str
    people: tuple[DemoPerson, ...]


def require_demo_home(settings: Settings) -> None:
    """Raise NotADemo when the home's database holds a real organisation."""
    if not settings.database_url and not (settings.home / "vermilion.db").exists():
        return
    database = Database(settings.effective_database_url)
    try:
        with database.engine.connect() as connection:
            if not connection.dialect.has_table(connection, Organisation.__tablename__):
                return
            is_demo = connection.scalar(select(Organisation.is_demo))
            someone = connection.scalar(select(Person.id).limit(1))
    finally:
        database.dispose()
    if is_demo is False or (is_demo is None and someone is not None):
        raise NotADemo(home=str(settings.home))


def ensure(runtime: Runtime, advance: Advance) -> Demo:
    """The demo of this home, made now when the home is empty. Raises NotADemo.

    It is made in two steps, each repeatable: the organisation with its sign-ins, then the cases.
    """
    with runtime.database.read() as session:
        organisation = session.get(Organisation, 1)
        someone = session.scalar(select(Person.id).limit(1))
    path = runtime.settings.home / _FILE
    if organisation is None:
        if someone is not None:
            raise NotADemo(home=str(runtime.settings.home))
        made = _invent_sign_ins(path)
        runtime.get(SetUp).make_organisation(NAME, is_demo=True)
        _make_people(runtime, made)
    elif not organisation.is_demo:
        raise NotADemo(home=str(runtime.settings.home))
    else:
        made = _load(path)
    demo_cases.ensure(runtime, {person.username: person.pin for person in made.people}, advance)
    _save(path, made, is_complete=True)
    return made


def is_made(settings: Settings) -> bool:
    """Whether the demo of this home is complete."""
    path = settings.home / _FILE
    return path.exists() and bool(json.loads(path.read_text("utf-8")).get("is_complete"))


def known(runtime: Runtime) -> Demo:
    """The sign-ins of a demo that was made."""
    return _load(runtime.settings.home / _FILE)


def as_json(runtime: Runtime, made: Demo) -> dict[str, Any]:
    """The sign-ins with an API token of all scopes for each; the tokens replace those given out before."""
    shown = []
    with runtime.database.write() as session:
        now = runtime.clock.now()
        ids = dict(session.execute(select(Person.username, Person.id)).all())
        for token in session.scalars(
            select(ApiToken).where(ApiToken.name == "demo", ApiToken.revoked_at.is_(None))
        ):
            token.revoked_at = now
        for person in made.people:
            _row, secret = runtime.get(SignInService).create_token(
                session, ids[person.username], "demo", SCOPES, None
            )
            shown.append({**asdict(person), "token": secret})
    return {
        "address": runtime.settings.effective_public_url,
        "organisation": made.organisation,
        "people": shown,
    }


def describe(person: DemoPerson, text: Translator) -> str:
    """What a person of the demo can do, in a few words."""
    words = [text.text(f"role-{role}") for role in person.roles]
    if person.is_head:
        words.append(text.text("head-of", department=person.department))
    return "、".join(words) or text.text("role-employee")


def _invent_sign_ins(path: Path) -> Demo:
    names = {key: name for key, name, _parent in DEPARTMENTS}
    made = Demo(
        NAME,
        tuple(
            DemoPerson(
                username,
                f"{username}-{secrets.randbelow(900_000) + 100_000}",
                _pin(),
                name,
                names[department],
                position,
                heads,
                tuple(role.value for role, _position in roles),
            )
            for username, name, department, position, heads, roles in PEOPLE
        ),
    )
    _save(path, made, is_complete=False)
    return made


def _save(path: Path, made: Demo, *, is_complete: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({**asdict(made), "is_complete": is_complete}, file, ensure_ascii=False, indent=1)


def _pin() -> str:
    """Six digits, none of them repeated, so that no rule calls it trivial."""
    while True:
        digits = secrets.SystemRandom().sample("0123456789", 6)
        steps = {int(b) - int(a) for a, b in itertools.pairwise(digits)}
        if len(steps) > 1:
            return "".join(digits)


def _load(path: Path) -> Demo:
    data = json.loads(path.read_text("utf-8"))
    people_ = tuple(DemoPerson(**{**entry, "roles": tuple(entry["roles"])}) for entry in data["people"])
    return Demo(data["organisation"], people_)


def _make_people(runtime: Runtime, made: Demo) -> None:
    passwords = runtime.get(SignInService).passwords
    hashes = {person.username: passwords.hash(person.password) for person in made.people}
    with runtime.database.write() as session:
        now = runtime.clock.now()
        session.add(Organisation(id=1, name=NAME, is_demo=True, created_at=now))
        entity = people.create_entity(session, NAME, now, social_credit_code=OUR_TAX_ID)
        departments: dict[str, Any] = {}
        for key, name, parent in DEPARTMENTS:
            departments[key] = people.create_department(
                session, entity.id, name, now, parent_id=departments[parent].id if parent else None
            )
        for username, name, department, position, heads, roles in PEOPLE:
            person = people.create_person(
                session, username, name, departments[department].id, hashes[username], now, position=position
            )
            _give(session, person, roles, now.date())
            if heads:
                people.set_head(session, departments[department].id, person.id, now)
        audit.record(
            session, now, None, "organisation.created", "organisation", None, {"name": NAME, "demo": True}
        )


def _give(session: Session, person: Person, roles: tuple[tuple[Role, str | None], ...], today: date) -> None:
    for role, position in roles:
        people.assign_role(
            session, person.id, role, date(today.year, 1, 1), person.created_at, position=position
        )
