"""``ca``: the internal certificate authority."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from core.models import Organisation
from signing.service import SigningService
from vermilion.commands.terminal import at_work, out

app = typer.Typer(help="The internal certificate authority.", no_args_is_help=True)


@app.command("init")
def init(name: Annotated[str, typer.Option(help="Name of the organisation in the certificates.")]) -> None:
    """Make root, issuing authority and time-stamp authority; does nothing when they are there."""
    with at_work() as work:
        with work.runtime.database.read() as session:
            organisation = session.get(Organisation, 1)
        is_demo = organisation is not None and organisation.is_demo
        work.runtime.get(SigningService).set_up(organisation.name if organisation else name, is_demo)


@app.command("export")
def export(
    to: Annotated[Path | None, typer.Option("--to", help="File to write; else standard output.")] = None,
) -> None:
    """Write the root certificate in PEM form, for those who verify elsewhere."""
    with at_work() as work, work.runtime.database.read() as session:
        roots = work.runtime.get(SigningService).trust_anchors(session)
    pem = b"".join(x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM) for der in roots)
    if to is None:
        out.print(pem.decode(), end="", highlight=False, soft_wrap=True)
    else:
        to.write_bytes(pem)


@app.command("crl")
def crl(
    to: Annotated[Path, typer.Option("--to", help="Folder to write root.crl and issuing.crl to.")],
) -> None:
    """Write the current revocation lists (DER)."""
    with at_work() as work:
        service = work.runtime.get(SigningService)
        to.mkdir(parents=True, exist_ok=True)
        for name in ("root.crl", "issuing.crl"):
            _media_type, data = service.pki_file(name)
            (to / name).write_bytes(data)
            out.print(str(to / name), markup=False, highlight=False)
