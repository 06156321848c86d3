"""``seal``: the company's seals, from the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from sqlalchemy import select

from core.errors import NotFound
from core.models import LegalEntity, Person
from signing.models import Seal
from signing.service import SigningService
from vermilion.commands.terminal import at_work, out

app = typer.Typer(help="Seals.", no_args_is_help=True)


@app.command("list")
def list_seals() -> None:
    """List the seals with their keepers."""
    with at_work() as work, work.runtime.database.read() as session:
        rows = session.execute(
            select(Seal, Person.name).outerjoin(Person, Person.id == Seal.keeper_id).order_by(Seal.name)
        ).all()
    table = Table("name", "state", "keeper")
    for seal, keeper in rows:
        table.add_row(seal.name, seal.state, keeper or "–")
    out.print(table)


@app.command("create")
def create(
    name: str,
    kind: Annotated[str, typer.Option(help="official, contract, finance, invoice or hr")],
    entity: Annotated[str, typer.Option(help="Name of the legal entity.")],
    keeper: Annotated[str, typer.Option(help="User name of the keeper.")],
    code: Annotated[str | None, typer.Option(help="Code number on the lower arc.")] = None,
) -> None:
    """Make a seal with its own key and certificate."""
    with at_work() as work:
        operator = work.operator()
        service = work.runtime.get(SigningService)
        with work.runtime.database.write() as session:
            entity_id = session.scalar(select(LegalEntity.id).where(LegalEntity.name == entity))
            keeper_id = session.scalar(select(Person.id).where(Person.username == keeper))
            if entity_id is None or keeper_id is None:
                raise NotFound(what=entity if entity_id is None else keeper)
            seal = service.create_seal(
                session, operator, entity_id=entity_id, name=name, kind=kind, keeper_id=keeper_id, code=code
            )
    out.print(str(seal.id), highlight=False)


@app.command("picture")
def picture(name: str, to: Annotated[Path, typer.Option("--to", help="SVG file to write.")]) -> None:
    """Write a seal's picture as SVG."""
    with at_work() as work:
        with work.runtime.database.read() as session:
            seal_id = session.scalar(select(Seal.id).where(Seal.name == name))
        if seal_id is None:
            raise NotFound(what=name)
        to.write_bytes(work.runtime.get(SigningService).seal_picture(seal_id))


@app.command("slots")
def list_slots() -> None:
    """List the private keys in the PKCS#11 token of the settings."""
    with at_work() as work:
        found = work.runtime.get(SigningService).slots.found()
    table = Table("label", "id", "kind", "certificate")
    for key in found:
        table.add_row(key.label, key.key_id, key.kind, "✓" if key.has_certificate else "–")
    out.print(table)


@app.command("slot")
def use_slot(
    name: Annotated[str, typer.Argument(help="Name of the seal, as 'seal list' shows it.")],
    label: Annotated[str, typer.Option(help="Label of the key in the token.")],
    own_certificate: Annotated[
        bool, typer.Option(help="Use the certificate in the token, with its chain, instead of a new one.")
    ] = False,
) -> None:
    """Let a seal sign with a key of the token from now on. Its old certificate is revoked."""
    with at_work() as work:
        operator, service = work.operator(), work.runtime.get(SigningService)
        with work.runtime.database.read() as session:
            ids = session.scalars(select(Seal.id).where(Seal.name == name)).all()
        if len(ids) != 1:
            raise NotFound(what=name)
        found = service.slots.look(label)
        with work.runtime.database.write() as session:
            made = service.slots.give_to_seal(
                session, operator, ids[0], found, own_certificate=own_certificate
            )
        out.print(made.serial_number)
