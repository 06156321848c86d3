"""The command line ``vermilion``."""

from __future__ import annotations

import sys

import typer

from core import logs, secrets_given
from core.errors import VermilionError
from vermilion.commands import (
    archive,
    audit,
    authority,
    backups,
    flows,
    ingesting,
    master_key,
    operation,
    people,
    saved_searches,
    seals,
    verification,
)
from vermilion.commands.terminal import fail

app = typer.Typer(
    name="vermilion",
    help="Document archive with electronic seals.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for group in (operation, ingesting, archive, verification):
    group.register(app)
for name, module in (
    ("backup", backups),
    ("ca", authority),
    ("user", people),
    ("master-key", master_key),
    ("seal", seals),
    ("flow", flows),
    ("saved-search", saved_searches),
    ("audit", audit),
):
    app.add_typer(module.app, name=name)


def main() -> None:
    """Run the command line. Errors that a person can act upon are one line, without a traceback."""
    secrets_given.take_all()
    logs.configure("warning")
    try:
        app()
    except VermilionError as error:
        sys.exit(fail(error).exit_code)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
