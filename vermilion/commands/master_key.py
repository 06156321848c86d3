"""``vermilion master-key``: changing the key that everything else is wrapped with."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final

import typer
from sqlalchemy.orm import Session

from api.kept_answers import WRAPPED as API_WRAPPED
from core.masterkey import MasterKey
from core.rotation import PAUSE, Rotation, alone
from core.runtime import Runtime
from signing import peppers
from signing.service import SigningService
from signing.wrapped import WRAPPED as SIGNING_WRAPPED
from vermilion.commands.terminal import at_work, err, fail_with, out, print_recovery_key, progress, texts

app = typer.Typer(help="The master key.", no_args_is_help=True)
COLUMNS: Final = (*SIGNING_WRAPPED, *API_WRAPPED)


@app.command("rotate")
def rotate(
    pause: Annotated[
        float, typer.Option(help="Seconds between the looks through, longer than any transaction.")
    ] = PAUSE.total_seconds(),
) -> None:
    """Change the master key while the server runs. Interrupted, it goes on where it was at the next call.

    The new recovery key is shown; the old one still opens backups made before.
    """
    with at_work() as work, alone(work.runtime.settings):
        runtime = work.runtime
        rotation = rotation_of(runtime)
        key = runtime.master_key
        if not key.is_changing and not key.is_writable:
            raise fail_with(texts().text("master-key-elsewhere"))
        rotation.begin()
        if key.is_writable:
            print_recovery_key(key.recovery_key())
        with progress(texts().text("master-key-rotating")) as advance:
            done = rotation.run(advance, timedelta(seconds=pause))
        out.print(texts().text("master-key-rotated", count=done.wrapped_anew), highlight=False)
        last = "master-key-backup" if key.is_writable else "master-key-drop-previous"
        err.print(texts().text(last), highlight=False, soft_wrap=True)


@app.command("new")
def new() -> None:
    """Print a fresh key for VERMILION_MASTER_KEY. Nothing is changed."""
    out.print(MasterKey.generate().recovery_key(), highlight=False, soft_wrap=True)


def rotation_of(runtime: Runtime) -> Rotation:
    """The change of the key of this installation."""
    service = runtime.get(SigningService).enrolment.peppers
    return Rotation(
        runtime.database,
        runtime.master_key,
        runtime.clock,
        runtime.settings,
        COLUMNS,
        before=service.prepare_change,
        after=_tidy,
    )


def _tidy(session: Session) -> None:
    peppers.tidy(session)
