"""``flow``: declared flows, from the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from vermilion.commands.terminal import at_work, out, texts
from workflow.flows import parse_flow
from workflow.service import WorkflowService

app = typer.Typer(help="Flows.", no_args_is_help=True)


@app.command("list")
def list_flows() -> None:
    """List the active flows."""
    with at_work() as work, work.runtime.database.read() as session:
        rows = work.runtime.get(WorkflowService).flows(session)
    language = texts().language
    table = Table("key", "version", "name")
    for row in rows:
        table.add_row(row.key, str(row.version), row.flow.name.text(language))
    out.print(table)


@app.command("check")
def check(file: Annotated[Path, typer.Argument(help="YAML file.")]) -> None:
    """Check a flow's YAML without adding it."""
    parse_flow(file.read_text("utf-8"))
    out.print("✓", style="green")


@app.command("add")
def add(file: Annotated[Path, typer.Argument(help="YAML file.")]) -> None:
    """Add a flow, or a new version of one. Running cases keep the version they began with."""
    with at_work() as work:
        operator = work.operator()
        with work.runtime.database.write() as session:
            row = work.runtime.get(WorkflowService).add_flow(session, operator, file.read_text("utf-8"))
            added = f"{row.key} {row.version}"
    out.print(added, highlight=False)
