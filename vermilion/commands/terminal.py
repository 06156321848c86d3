"""What all commands share: settings, the reader's language, printing, and the runtime of a command.

A command that changes something never does the background work beside a running server: the rows
and outbox jobs it writes are picked up there. Only when nobody serves from the home does the
command take the home's lock and run the jobs itself.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import people, tasks
from core.errors import NotFound, SettingUnusable, VermilionError
from core.home import HomeInUse, HomeLock
from core.i18n import Translator, translator
from core.models import Department, LegalEntity, OutboxJob, Person, Role
from core.permissions import ALL, Grant, Principal, load_principal
from core.runtime import Runtime
from core.settings import Settings
from vermilion.first_start import LOCAL_ENTITY, open_home
from vermilion.serving import opened

OPERATOR = "operator"
"""User name of the person who stands for the command line. Nobody can sign in as them."""
out = Console()
err = Console(stderr=True)


def texts() -> Translator:
    """Texts in the terminal's language: Chinese when the locale says so, else English."""
    locale = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return translator("zh-CN" if locale.lower().startswith("zh") else "en")


def load_settings() -> Settings:
    """The settings of the environment. Raises SettingUnusable naming the first that is wrong."""
    try:
        settings = Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        raise SettingUnusable(setting=f"VERMILION_{name}", reason=first["msg"]) from error
    settings.check()
    return settings


def print_json(value: Mapping[str, Any]) -> None:
    """One JSON object on a line of its own."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


def fail(error: VermilionError, status: int = 1) -> typer.Exit:
    """Print an error for a person; raise what this returns."""
    err.print(texts().error(error), style="bold red", markup=False, highlight=False, soft_wrap=True)
    return typer.Exit(status)


def fail_with(message: str, status: int = 1) -> typer.Exit:
    """Print a message for a person; raise what this returns."""
    err.print(message, style="bold red", markup=False, highlight=False, soft_wrap=True)
    return typer.Exit(status)


class Work:
    """A runtime in a command, and who does its background work."""

    def __init__(self, runtime: Runtime, owns_home: bool) -> None:
        self.runtime = runtime
        self.owns_home = owns_home

    def finish(self, *, timeout: float = 3600, task: str | None = None) -> None:
        """Run the waiting jobs, or wait for the server that does. ``task`` limits the waiting to one kind.

        Raises TimeoutError when the server has not done them in ``timeout`` seconds.
        """
        if self.owns_home:
            tasks.run_pending(self.runtime)
            return
        deadline = time.monotonic() + timeout
        while self._waiting(task):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the server did not finish the work within {timeout:.0f} s")
            time.sleep(0.1)

    def _waiting(self, task: str | None) -> bool:
        query = select(OutboxJob.id).where(
            OutboxJob.failed_at.is_(None), OutboxJob.run_at <= self.runtime.clock.now()
        )
        if task is not None:
            query = query.where(OutboxJob.task == task)
        with self.runtime.database.read() as session:
            return session.scalar(query.limit(1)) is not None

    def operator(self) -> Principal:
        """The person behind the command line, who reads everything. Made when it is not there yet."""
        runtime = self.runtime
        now = runtime.clock.now()
        with runtime.database.write() as session:
            person = session.scalar(select(Person).where(Person.username == OPERATOR))
            if person is None:
                person = _make_operator(session, runtime)
        with runtime.database.read() as session:
            plain = load_principal(session, person.id, now, runtime.settings.zone)
        return Principal(
            person_id=plain.person_id,
            username=plain.username,
            name=plain.name,
            position=plain.position,
            language=plain.language,
            department_id=plain.department_id,
            entity_id=plain.entity_id,
            grants=(*plain.grants, Grant(Role.ADMINISTRATOR, None, None, None)),
            terms=plain.terms | {ALL},
        )

    def principal(self, username: str | None) -> Principal:
        """The named person, or the operator. Raises NotFound."""
        if username is None:
            return self.operator()
        with self.runtime.database.read() as session:
            person_id = session.scalar(select(Person.id).where(Person.username == username))
            if person_id is None:
                raise NotFound(what=username)
            return load_principal(session, person_id, self.runtime.clock.now(), self.runtime.settings.zone)


def _make_operator(session: Session, runtime: Runtime) -> Person:
    now = runtime.clock.now()
    entity = session.scalar(select(LegalEntity).order_by(LegalEntity.id).limit(1))
    if entity is None:
        entity = people.create_entity(session, LOCAL_ENTITY, now)
    department = session.scalar(
        select(Department)
        .where(Department.entity_id == entity.id, Department.parent_id.is_(None))
        .order_by(Department.id)
        .limit(1)
    )
    if department is None:
        department = people.create_department(session, entity.id, entity.name, now)
    # Not a hash of anything, so no password fits it.
    return people.create_person(session, OPERATOR, "命令行", department.id, "!", now)


@contextmanager
def at_work() -> Iterator[Work]:
    """The runtime for one command; errors are printed for a person and end the command with status 1."""
    try:
        settings = load_settings()
        home = open_home(settings)
        if home.recovery_key is not None:
            print_recovery_key(home.recovery_key)
        lock = HomeLock(settings.home)
        try:
            lock.acquire()
            owns_home = settings.broker_url.startswith("embedded")
        except HomeInUse:
            owns_home = False
        try:
            with opened(settings, home) as runtime:
                yield Work(runtime, owns_home)
        finally:
            lock.release()
    except VermilionError as error:
        raise fail(error) from error


def print_recovery_key(key: str) -> None:
    """Show the recovery key, on standard error and nowhere else."""
    text = texts()
    err.print(text.text("recovery-key-title"), style="bold")
    err.print(f"\n    {key}\n", style="bold green", highlight=False, soft_wrap=True)
    err.print(text.text("recovery-key-explained"), highlight=False, soft_wrap=True)


Advance = Callable[[int, int, str], None]
"""Called with how many are done, how many there are, and what is being done now."""


@contextmanager
def progress(title: str) -> Iterator[Advance]:
    """A progress bar on standard error while a terminal is attached; else nothing."""
    if not err.is_terminal:
        yield lambda done, total, now: None
        return
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[now]}"),
        console=err,
        transient=True,
    ) as bar:
        row = bar.add_task(title, total=None, now="")
        yield lambda done, total, now: bar.update(row, completed=done, total=total or None, now=now[:40])
