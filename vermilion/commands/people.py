"""``user``: people and their roles, from the terminal."""

from __future__ import annotations

import secrets
from datetime import date
from typing import Annotated

import typer
from rich.table import Table
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from core import audit, people
from core.errors import NotFound
from core.models import Department, Person, Role, RoleAssignment, SignIn
from core.sign_in import SignInService
from vermilion.commands.terminal import at_work, err, out

app = typer.Typer(help="People and their roles.", no_args_is_help=True)


@app.command("list")
def list_people() -> None:
    """List everybody with roles."""
    with at_work() as work, work.runtime.database.read() as session:
        rows = session.scalars(select(Person).order_by(Person.username)).all()
        roles: dict[object, list[str]] = {}
        for assignment in session.scalars(select(RoleAssignment)):
            roles.setdefault(assignment.person_id, []).append(assignment.role)
    table = Table("username", "name", "active", "roles")
    for person in rows:
        table.add_row(
            person.username,
            person.name,
            "✓" if person.is_active else "–",
            ", ".join(sorted(roles.get(person.id, []))),
        )
    out.print(table)


@app.command("add")
def add(
    username: str,
    name: str,
    department: Annotated[str, typer.Option(help="Name of the department.")],
    role: Annotated[list[Role] | None, typer.Option(help="May be given several times.")] = None,
    position: Annotated[
        str | None, typer.Option(help="Such as general_manager, with the role approver.")
    ] = None,
) -> None:
    """Add a person with a fresh password, which is printed once."""
    password = secrets.token_urlsafe(12)
    with at_work() as work:
        now = work.runtime.clock.now()
        hashed = work.runtime.get(SignInService).passwords.hash(password)
        actor = work.operator().person_id
        with work.runtime.database.write() as session:
            place = session.scalar(select(Department.id).where(Department.name == department))
            if place is None:
                raise NotFound(what=department)
            person = people.create_person(
                session, username, name, place, hashed, now, position=position, actor=actor
            )
            for one in role or []:
                people.assign_role(
                    session,
                    person.id,
                    one,
                    now.date(),
                    now,
                    position=position if one is Role.APPROVER else None,
                    actor=actor,
                )
    out.print(password, markup=False, highlight=False)


@app.command("role")
def give_role(
    username: str,
    role: Role,
    position: Annotated[str | None, typer.Option()] = None,
    until: Annotated[str | None, typer.Option(help="Last day, YYYY-MM-DD.")] = None,
) -> None:
    """Give a person a role from today on."""
    with at_work() as work:
        now = work.runtime.clock.now()
        actor = work.operator().person_id
        with work.runtime.database.write() as session:
            people.assign_role(
                session,
                _person(session, username).id,
                role,
                now.astimezone(work.runtime.settings.zone).date(),
                now,
                position=position,
                valid_to=date.fromisoformat(until) if until else None,
                actor=actor,
            )


@app.command("password")
def reset_password(username: str) -> None:
    """Give a person a fresh password, printed once; their sessions end."""
    password = secrets.token_urlsafe(12)
    with at_work() as work:
        hashed = work.runtime.get(SignInService).passwords.hash(password)
        actor = work.operator().person_id
        with work.runtime.database.write() as session:
            person = _person(session, username)
            person.password_hash = hashed
            session.execute(delete(SignIn).where(SignIn.person_id == person.id))
            audit.record(
                session, work.runtime.clock.now(), actor, "person.password_reset", "person", person.id
            )
    out.print(password, markup=False, highlight=False)


@app.command("deactivate")
def deactivate(username: str) -> None:
    """Stop a person from signing in."""
    with at_work() as work:
        actor = work.operator().person_id
        with work.runtime.database.write() as session:
            people.deactivate(session, _person(session, username).id, work.runtime.clock.now(), actor=actor)
    err.print(username, markup=False, highlight=False)


def _person(session: Session, username: str) -> Person:
    person = session.scalar(select(Person).where(Person.username == username))
    if person is None:
        raise NotFound(what=username)
    return person
