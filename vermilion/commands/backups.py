"""``backup``: run, list, verify, restore."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from core import outbox
from core.errors import VermilionError
from retention.backups import BackupService
from retention.restore import restore as restore_backup
from vermilion import migrations
from vermilion.commands.terminal import at_work, err, fail, load_settings, out, print_json, progress, texts

app = typer.Typer(help="Backups of database and objects.", no_args_is_help=True)


@app.command("run")
def run(
    full: Annotated[
        bool, typer.Option("--full", help="A full backup instead of an incremental one.")
    ] = False,
) -> None:
    """Make a backup now. The first one is always full."""
    kind = "full" if full else "incremental"
    with at_work() as work, progress("backup") as advance:
        service = work.runtime.get(BackupService)
        if work.owns_home:
            made = service.run(kind, progress=advance)
            out.print(made.name, highlight=False)
            return
        now = work.runtime.clock.now()
        with work.runtime.database.write() as session:
            outbox.enqueue(session, "retention.backup", {"kind": kind}, now, key="retention.backup")
        work.finish(task="retention.backup")
        out.print(service.made_since(now), highlight=False)


@app.command("list")
def list_backups(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """List the backups in the backup store."""
    with at_work() as work:
        backups = work.runtime.get(BackupService).list()
    if as_json:
        for backup in backups:
            print_json(backup.to_json())
        return
    table = Table()
    for column in ("name", "kind", "state", "objects", "bytes"):
        table.add_column(
            column, justify="right" if column in ("objects", "bytes") else "left", no_wrap=column == "name"
        )
    for backup in backups:
        facts = backup.to_json()
        table.add_row(*(str(facts[column]) for column in ("name", "kind", "state", "objects", "bytes")))
    out.print(table)


@app.command("verify")
def verify(name: Annotated[str, typer.Argument(help="Name of the backup.")] = "latest") -> None:
    """Read a backup to its end: every byte authenticated, every object's digest compared."""
    with at_work() as work, progress("verify") as advance:
        report = work.runtime.get(BackupService).verify(name, progress=advance)
    out.print(texts().text("backup-verified", name=report.name, objects=report.objects), style="green")


@app.command("restore")
def restore(
    name: Annotated[str, typer.Argument(help="Name of the backup.")] = "latest",
    recovery_key: Annotated[
        str,
        typer.Option(
            envvar="VERMILION_RECOVERY_KEY", prompt="Recovery key", help="Shown once at the first start."
        ),
    ] = "",
) -> None:
    """Restore into an empty home and database. The recovery key is asked for."""
    try:
        settings = load_settings()
        with progress("restore") as advance:
            report = restore_backup(settings, name, recovery_key, migrations.upgrade, progress=advance)
    except VermilionError as error:
        raise fail(error) from error
    err.print(texts().text("backup-restored", name=report.name, objects=report.objects), style="green")
