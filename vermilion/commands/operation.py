"""``serve``, ``worker``, ``beat``, ``demo``, ``doctor`` and ``reindex``."""

from __future__ import annotations

import subprocess
import sys
from typing import Annotated

import typer
from rich.table import Table

from core import outbox
from core.errors import VermilionError
from core.home import HomeInUse
from core.runtime import Runtime
from search.service import Searcher
from vermilion import demo, doctor, serving
from vermilion.commands.terminal import (
    at_work,
    err,
    fail,
    load_settings,
    out,
    print_json,
    print_recovery_key,
    progress,
    texts,
)
from vermilion.first_start import OpenedHome, SetUp


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("serve")(serve)
    app.command("worker")(worker)
    app.command("beat")(beat)
    app.command("demo")(run_demo)
    app.command("doctor")(run_doctor)
    app.command("reindex")(reindex)


def serve() -> None:
    """Serve portal and API, with the embedded worker where the broker is 'embedded:'."""

    def announce(runtime: Runtime, home: OpenedHome) -> None:
        address = runtime.settings.effective_public_url
        if home.recovery_key is not None:
            print_recovery_key(home.recovery_key)
        set_up = runtime.get(SetUp)
        if set_up.is_needed():
            err.print(texts().text("set-up-needed", address=address), highlight=False)
            err.print(f"\n    {set_up.open()}\n", style="bold", highlight=False)
        err.print(texts().text("serving-at", address=address), highlight=False)

    try:
        serving.serve(load_settings(), announce)
    except VermilionError as error:
        raise fail(error) from error


def worker(
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Jobs at the same time.")] = 4,
) -> None:
    """Run background jobs as a Celery worker (with a redis: or amqp: broker)."""
    serving.work(load_settings(), concurrency)


def beat() -> None:
    """Hand due jobs to the Celery workers and start the periodic ones; one process is enough."""
    serving.beat(load_settings())


def run_demo(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print sign-ins and an API token for each as one JSON line.")
    ] = False,
    no_serve: Annotated[
        bool, typer.Option("--no-serve", help="Make the organisation, but do not serve.")
    ] = False,
    is_silent: Annotated[bool, typer.Option("--silent", hidden=True)] = False,
) -> None:
    """Serve a demo organisation on loopback, made when the home is empty; prints the sign-ins."""
    settings = load_settings()
    try:
        demo.require_demo_home(settings)
        if no_serve:
            _make_demo(as_json=as_json, is_silent=is_silent)
            return
        serving.require_loopback(settings)
        serving.require_free_home(settings)
        if not demo.is_made(settings):
            # In a process of its own, whose memory is gone when the server begins to idle.
            command = [sys.executable, "-m", "vermilion.cli", "demo", "--no-serve", "--silent"]
            made = subprocess.run(command, check=False)
            if made.returncode:
                raise typer.Exit(made.returncode)
        serving.serve(settings, lambda runtime, _home: _tell_demo(runtime, as_json=as_json))
    except HomeInUse:
        _make_demo(as_json=as_json, is_silent=False)
        err.print(texts().text("demo-running-already"), highlight=False)
    except VermilionError as error:
        raise fail(error) from error


def _make_demo(*, as_json: bool, is_silent: bool) -> None:
    with at_work() as work:
        with progress(texts().text("demo-making")) as advance:
            demo.ensure(work.runtime, advance)
        work.finish()
        if not is_silent:
            _tell_demo(work.runtime, as_json=as_json)


def _tell_demo(runtime: Runtime, *, as_json: bool) -> None:
    if as_json:
        print_json(demo.as_json(runtime, demo.known(runtime)))
    else:
        _print_demo(runtime, demo.known(runtime))


def _print_demo(runtime: Runtime, made: demo.Demo) -> None:
    text = texts()
    address = runtime.settings.effective_public_url
    table = Table(title=text.text("demo-title", name=made.organisation), title_justify="left")
    for column in ("demo-username", "demo-password", "demo-pin", "demo-person", "demo-roles"):
        table.add_column(text.text(column), no_wrap=column != "demo-roles")
    for person in made.people:
        table.add_row(person.username, person.password, person.pin, person.name, demo.describe(person, text))
    out.print(table)
    out.print(text.text("demo-hint", address=address), highlight=False, soft_wrap=True)
    out.print(text.text("serving-at", address=address), style="bold", highlight=False, soft_wrap=True)


def run_doctor(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Check settings, back-ends, certificates and disk; says what to do about what is wrong."""
    with progress("doctor") as advance:
        findings = doctor.examine(load_settings(), lambda done, total: advance(done, total, ""))
    for finding in findings:
        if as_json:
            print_json(finding.to_json())
        else:
            mark, style = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "error": ("✗", "red")}[
                finding.level
            ]
            out.print(
                f"{mark} {finding.subject}: {finding.message}", style=style, markup=False, highlight=False
            )
    raise typer.Exit(1 if any(finding.level == "error" for finding in findings) else 0)


def reindex() -> None:
    """Build the search index anew from the database; tells how many records there are now, and names what
    the index does not take. A server that is running does the work, and is waited for."""
    with at_work() as work:
        searcher = work.runtime.get(Searcher)
        if work.owns_home:
            with progress("reindex") as advance:
                searcher.reindex(lambda done, total: advance(done, total, ""))
        else:
            with work.runtime.database.write() as session:
                outbox.enqueue(session, "search.reindex", {}, work.runtime.clock.now(), key="search.reindex")
            work.finish(task="search.reindex")
        out.print(str(searcher.describe()["records"]), highlight=False)
        for key, reason in searcher.refusals().items():
            said = texts().text("reindex-refused", record=f"{key.kind} {key.id}", reason=reason)
            err.print(said, style="yellow", markup=False, highlight=False, soft_wrap=True)
