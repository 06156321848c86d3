"""The register as a workbook."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from api import register_csv
from api.principals import Caller
from core.i18n import translator
from core.runtime import Runtime
from core.sheets import write_workbook
from signing.register import RegisterFilter
from storage.objects import CHUNK


def export(runtime: Runtime, caller: Caller, wanted: RegisterFilter, text: str = "") -> Iterator[bytes]:
    """The same lines and columns as the CSV; the export is an audit entry.

    The workbook is written to a temporary file first, because a ZIP is not whole before its end.
    """
    rows = register_csv.lines(runtime, caller, wanted, text)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "register.xlsx"
        write_workbook(path, translator(caller.language).text("register-title"), rows)
        with path.open("rb") as file:
            yield from iter(lambda: file.read(CHUNK), b"")
