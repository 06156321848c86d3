"""``ca``: the internal certificate authority."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final
from uuid import UUID

import typer
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from rich.table import Table

from core import outbox
from core.models import Organisation
from signing import trust
from signing.certificates import Reason, State
from signing.models import CertificateRole, RootPurpose
from signing.outside_lists import read_issuers
from signing.service import SigningService
from vermilion.commands import offline
from vermilion.commands.terminal import at_work, err, out, print_json, texts

STAMP_TASK: Final = "workflow.finish_timestamps"

app = typer.Typer(help="The internal certificate authority.", no_args_is_help=True)
offline.add_to(app)


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
        roots = work.runtime.get(SigningService).own_roots(session)
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


Note = Annotated[str, typer.Option("--note", help="Why; it stands in the audit trail.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object for each, a line each.")]


@app.command("list")
def list_certificates(
    role: Annotated[CertificateRole | None, typer.Option(help="Only of this role.")] = None,
    state: Annotated[State | None, typer.Option(help="Only in this state.")] = None,
    as_json: Json = False,
) -> None:
    """List certificates: the authority's own first, then those of people and seals, newest first."""
    with at_work() as work:
        views = work.runtime.get(SigningService).certificates.listed(None, role=role, state=state)
        zone = work.runtime.settings.zone
    if as_json:
        for one in views:
            print_json(one.to_json())
        return
    table = Table("id", "role", "name", "state", "ends", "algorithm", "issuer")
    for one in views:
        end = one.not_after.astimezone(zone).date().isoformat()
        table.add_row(str(one.id), one.role, one.common_name, one.state, end, one.algorithm, one.issuer)
    out.print(table)


@app.command("renew")
def renew(
    certificate: Annotated[UUID | None, typer.Argument(help="Its id; else all that is due.")] = None,
    note: Note = "at the command line",
) -> None:
    """Issue a successor, or renew everything that nears its end. Prints the successors' ids."""
    with at_work() as work:
        certificates = work.runtime.get(SigningService).certificates
        made = [certificates.renew(None, certificate, note)] if certificate else certificates.renew_due()
    for one in made:
        out.print(str(one), highlight=False)


@app.command("revoke")
def revoke(
    certificate: Annotated[UUID, typer.Argument(help="Id of the certificate.")],
    note: Note,
    reason: Annotated[Reason, typer.Option(help="For the revocation list.")] = Reason.UNSPECIFIED,
) -> None:
    """Revoke a certificate for ever; a new revocation list is out at once."""
    with at_work() as work:
        work.runtime.get(SigningService).certificates.revoke(None, certificate, reason, note)


@app.command("suspend")
def suspend(certificate: Annotated[UUID, typer.Argument(help="Id of the certificate.")], note: Note) -> None:
    """Let a person's or a seal's certificate sign nothing until it is resumed (certificateHold)."""
    with at_work() as work:
        work.runtime.get(SigningService).certificates.suspend(None, certificate, note)


@app.command("resume")
def resume(certificate: Annotated[UUID, typer.Argument(help="Id of the certificate.")], note: Note) -> None:
    """Let a suspended certificate sign again."""
    with at_work() as work:
        work.runtime.get(SigningService).certificates.resume(None, certificate, note)


@app.command("status")
def status(as_json: Json = False) -> None:
    """How the authority stands: lists, certificates, time-stamps. Ends with status 1 on an error."""
    with at_work() as work, work.runtime.database.read() as session:
        found = work.runtime.get(SigningService).standing(session)
    for one in found:
        message = texts().text(f"pki-{one.code}", **one.context)
        if as_json:
            print_json({"code": one.code, "level": one.level, "message": message})
        else:
            out.print(f"{one.level}: {message}", markup=False, highlight=False, soft_wrap=True)
    if any(one.level == "error" for one in found):
        raise typer.Exit(1)


@app.command("waiting")
def waiting(
    retry: Annotated[bool, typer.Option("--retry", help="Ask the authorities again first.")] = False,
    as_json: Json = False,
) -> None:
    """List the signed states that wait for a time-stamp."""
    with at_work() as work:
        if retry:
            with work.runtime.database.write() as session:
                now = work.runtime.clock.now()
                outbox.enqueue(session, STAMP_TASK, {}, now, key=STAMP_TASK)
            work.finish(task=STAMP_TASK)
        with work.runtime.database.read() as session:
            rows = work.runtime.get(SigningService).waiting.open(session)
    for row in rows:
        if as_json:
            print_json({"digest": row.digest, "since": row.since.isoformat(), "field": row.field,
                        "reason": row.reason, "tries": row.tries})  # fmt: skip
        else:
            line = f"{row.digest}  {row.since:%Y-%m-%dT%H:%MZ}  {row.tries}  {row.reason}"
            out.print(line, markup=False, highlight=False, soft_wrap=True)


trusted = typer.Typer(help="Outside roots that are trusted.", no_args_is_help=True)
app.add_typer(trusted, name="roots")


@trusted.command("list")
def list_roots(as_json: Json = False) -> None:
    """List the outside roots that are trusted."""
    with at_work() as work, work.runtime.database.read() as session:
        rows = trust.outside_roots(session)
    if as_json:
        for row in rows:
            print_json({"id": str(row.id), "subject": row.subject, "sha256": row.digest,
                        "purpose": row.purpose,
                        "reason": row.reason, "not_after": row.not_after.isoformat()})  # fmt: skip
        return
    table = Table("id", "subject", "purpose", "ends", "reason")
    for row in rows:
        table.add_row(str(row.id), row.subject, row.purpose, row.not_after.date().isoformat(), row.reason)
    out.print(table)


@trusted.command("add")
def add_root(
    file: Annotated[Path, typer.Argument(help="Certificate, PEM or DER.", exists=True, dir_okay=False)],
    note: Note,
    purpose: Annotated[RootPurpose, typer.Option(help="What it is trusted for.")] = RootPurpose.BOTH,
) -> None:
    """Trust an outside root; prints its id."""
    with at_work() as work, work.runtime.database.write() as session:
        row = trust.add_root(session, work.runtime.clock, None, file.read_bytes(), purpose, note)
        out.print(str(row.id), highlight=False)


@trusted.command("remove")
def remove_root(root: Annotated[UUID, typer.Argument(help="Id of the root.")], note: Note) -> None:
    """Trust an outside root no longer."""
    with at_work() as work, work.runtime.database.write() as session:
        trust.remove_root(session, work.runtime.clock, None, root, note)


lists = typer.Typer(help="Revocation lists of outside authorities.", no_args_is_help=True)
app.add_typer(lists, name="lists")


@lists.command("list")
def list_lists(as_json: Json = False) -> None:
    """List the revocation lists of outside authorities that are at hand."""
    with at_work() as work, work.runtime.database.read() as session:
        rows = work.runtime.get(SigningService).outside_lists.listed(session)
    for row in rows:
        if as_json:
            print_json({"id": str(row.id), "issuer": row.issuer, "this_update": row.this_update.isoformat(),
                        "next_update": row.next_update.isoformat(), "source": row.source})  # fmt: skip
        else:
            line = f"{row.issuer}  {row.next_update:%Y-%m-%dT%H:%MZ}  {row.source or '–'}"
            out.print(line, markup=False, highlight=False, soft_wrap=True)


@lists.command("add")
def add_list(
    file: Annotated[Path, typer.Argument(help="Revocation list, PEM or DER.", exists=True, dir_okay=False)],
    issuer: Annotated[
        Path | None, typer.Option(help="Its authority's certificate, where it is not known.", exists=True)
    ] = None,
) -> None:
    """Keep the list of an outside authority; a certificate on it signs nothing any more."""
    with at_work() as work:
        issuers = read_issuers(issuer.read_bytes()) if issuer is not None else []
        row = work.runtime.get(SigningService).outside_lists.take(None, file.read_bytes(), issuers=issuers)
    out.print(f"{row.issuer}  {row.next_update:%Y-%m-%dT%H:%MZ}", markup=False, highlight=False)


@lists.command("fetch")
def fetch_lists() -> None:
    """Fetch the lists that are due from the configured places. Ends with status 1 where one did not come."""
    with at_work() as work:
        fetching = work.runtime.get(SigningService).outside_fetching
        taken = fetching.run()
        failures = dict(fetching.last_failures)
    out.print(str(taken), highlight=False)
    for name, reason in failures.items():
        err.print(
            texts().text("pki-outside-fetching", name=name, reason=reason), markup=False, highlight=False
        )
    if failures:
        raise typer.Exit(1)
