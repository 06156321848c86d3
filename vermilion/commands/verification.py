"""``verify``: checks signed PDF and OFD files without a server, a set-up or a database."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import inspect, select

from core.database import Database
from core.errors import SettingUnusable, VermilionError
from core.i18n import Translator
from core.models import Organisation
from core.settings import Settings
from signing.models import Certificate
from signing.service import SigningService
from signing.source import Source
from signing.trust import stored_roots
from signing.verification import Verdict, exit_status
from signing.verifying import verify_file
from vermilion.commands.terminal import at_work, err, fail, load_settings, out, print_json, texts

_STYLES = {"valid": "green", "invalid": "bold red", "indeterminate": "yellow", "unsigned": "dim"}


class TrustNotReadable(VermilionError):
    """Context: ``file``."""

    code = "trust-not-readable"
    status = 422


class ReportNeedsSetUp(VermilionError):
    """A report is signed by the service of an installation, and in this home there is none."""

    code = "report-needs-set-up"
    status = 409


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("verify")(verify)


def verify(
    files: Annotated[list[Path], typer.Argument(help="PDF or OFD files.")],
    trust: Annotated[
        list[Path] | None, typer.Option("--trust", help="Root certificates (PEM or DER) instead of our own.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for each file.")] = False,
    report: Annotated[
        Path | None, typer.Option("--report", help="Write a signed PDF report of the one file here.")
    ] = None,
) -> None:
    """Check every signature, seal and time-stamp of PDF and OFD files.

    Exit status: 0 valid, 1 invalid, 3 indeterminate, 4 unsigned (the worst of all files), 2 usage.
    """
    if report is not None and len(files) != 1:
        raise typer.BadParameter("--report takes one file", param_hint="--report")
    try:
        own = _own_roots(load_settings()) if report is not None or not trust else []
        if report is not None and not own:
            raise ReportNeedsSetUp()
        anchors = _read_trust(trust) if trust else own
    except VermilionError as error:
        raise fail(error, 2) from error
    text, worst = texts(), 0
    for file in files:
        try:
            with Source.opened(file) as source:
                verdict = verify_file(source, anchors, datetime.now(UTC))
        except OSError as error:
            message = text.text(
                "error-file-not-readable", file=str(file), reason=error.strerror or str(error)
            )
            err.print(message, style="bold red", markup=False, highlight=False)
            raise typer.Exit(2) from error
        if report is not None:
            _write_report(report, file.name, verdict, text)
        worst = _worse(worst, exit_status(verdict))
        if as_json:
            print_json(verdict.to_json(str(file), text.language))
        else:
            _print(file, verdict, text)
    raise typer.Exit(worst)


def _write_report(target: Path, name: str, verdict: Verdict, text: Translator) -> None:
    """A report signed by the service of this home, which is set up."""
    with at_work() as work:
        signing = work.runtime.get(SigningService)
        with work.runtime.database.read() as session:
            organisation = session.scalar(select(Organisation.name)) or ""
        target.write_bytes(
            signing.verification_report(verdict, name, text.language, organisation=organisation)
        )


def _worse(left: int, right: int) -> int:
    return min((left, right), key=(1, 3, 4, 0).index)


def _print(file: Path, verdict: Verdict, text: Translator) -> None:
    shown = verdict.to_json(str(file), text.language)
    out.print(
        f"{file}: {verdict.sentence(text.language)}",
        style=_STYLES[shown["verdict"]],
        markup=False,
        highlight=False,
    )
    for signature in shown["signatures"]:
        when = signature["timestamped_at"] or signature["signed_at"] or "?"
        line = f"  {signature['type']}  {signature['signer'] or '?'}  {when}  {signature['level'] or '-'}"
        out.print(line, markup=False, highlight=False, soft_wrap=True)
        for problem in signature["problems"]:
            out.print(f"    ! {problem['message']}", style="yellow", markup=False, highlight=False)
    for problem in shown["problems"]:
        out.print(f"  ! {problem['message']}", style="yellow", markup=False, highlight=False)


def _read_trust(files: list[Path]) -> list[bytes]:
    anchors: list[bytes] = []
    for file in files:
        try:
            data = file.read_bytes()
            found = (
                x509.load_pem_x509_certificates(data)
                if b"-----BEGIN" in data
                else [x509.load_der_x509_certificate(data)]
            )
        except (OSError, ValueError) as error:
            raise TrustNotReadable(file=str(file)) from error
        anchors += [certificate.public_bytes(Encoding.DER) for certificate in found]
    return anchors


def _own_roots(settings: Settings) -> list[bytes]:
    """The roots of the installation in this home; none where nothing was set up."""
    if not settings.database_url and not (settings.home / "vermilion.db").exists():
        return []
    database = Database(settings.effective_database_url)
    try:
        with database.read() as session:
            is_set_up = inspect(session.connection()).has_table(Certificate.__tablename__)
            return stored_roots(session) if is_set_up else []
    except SettingUnusable:
        return []
    finally:
        database.dispose()
