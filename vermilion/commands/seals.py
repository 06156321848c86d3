"""``seal``: the company's seals, from the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.table import Table
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import NotFound
from core.models import LegalEntity, Person
from ingest.service import IngestService
from signing.models import Seal
from signing.seal_changes import ChangeKind
from signing.seal_facts import SealFacts
from signing.seal_keys import Offer, from_file, from_slot
from signing.seals import SealKind
from signing.service import SigningService
from vermilion.commands.terminal import Work, at_work, out, texts
from workflow import seal_scans

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


@app.command("apply")
def apply(
    name: str,
    kind: Annotated[SealKind, typer.Option(help="What it is for.")],
    entity: Annotated[str, typer.Option(help="Name of the legal entity.")],
    keeper: Annotated[str, typer.Option(help="User name of the keeper.")],
    reason: Annotated[str, typer.Option(help="Why it is needed.")],
    code: Annotated[str | None, typer.Option(help="Code number on the lower arc.")] = None,
    inscription: Annotated[
        str | None, typer.Option(help="Taxpayer's number, person's name or type line, by kind.")
    ] = None,
    width: Annotated[
        float | None, typer.Option(help="Millimetres; usual for the kind when left out.")
    ] = None,
    height: Annotated[
        float | None, typer.Option(help="Millimetres; usual for the kind, or as a scan says.")
    ] = None,
    auditor: Annotated[str | None, typer.Option(help="User name of who audits its register.")] = None,
    user: Annotated[
        list[str] | None,
        typer.Option(help="User name of who may apply for its use; several times. Everybody when left out."),
    ] = None,
    scan: Annotated[
        str | None, typer.Option(help="Digest of a print that 'seal scan' took in, in place of a drawing.")
    ] = None,
) -> None:
    """Apply for a seal. Somebody else agrees to it, then its keeper takes it over."""
    with at_work() as work:
        operator = work.operator()
        with work.runtime.database.write() as session:
            entity_id = session.scalar(select(LegalEntity.id).where(LegalEntity.name == entity))
            if entity_id is None:
                raise NotFound(what=entity)
            facts = SealFacts(
                entity_id,
                name,
                kind,
                _person(session, keeper),
                code,
                width,
                height,
                inscription,
                scan,
                _person(session, auditor) if auditor else None,
                tuple(_person(session, one) for one in user or ()),
            )
            change = work.runtime.get(SigningService).seal_life.apply(session, operator, facts, reason)
    out.print(str(change.id), highlight=False)


@app.command("scan")
def take_scan(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Photo or scan of one print.")],
    to: Annotated[Path, typer.Option("--to", help="SVG file to write, to compare with the seal.")],
    width: Annotated[float, typer.Option(help="Millimetres.")],
    height: Annotated[
        float | None, typer.Option(help="Millimetres; as the print says when left out.")
    ] = None,
    kind: Annotated[SealKind, typer.Option(help="What the seal is for.")] = SealKind.OFFICIAL,
) -> None:
    """Take a seal's print out of a photo or scan; prints its digest for 'seal apply --scan'."""
    with at_work() as work:
        operator, runtime = work.operator(), work.runtime
        signing = runtime.get(SigningService)
        with file.open("rb") as opened:
            made = seal_scans.take(runtime.get(IngestService), signing, operator, opened)
        with runtime.database.read() as session:
            entity_id = session.scalars(select(LegalEntity.id).limit(1)).one()
            facts = SealFacts(
                entity_id, "", kind, operator.person_id, None, width, height, picture_digest=made.digest
            )
            to.write_bytes(signing.preview_seal(session, facts))
    out.print(made.digest, highlight=False)


@app.command("ask")
def ask(
    name: str,
    kind: Annotated[ChangeKind, typer.Argument(help="suspend, resume, lose, destroy, hand_over or people.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    keeper: Annotated[str | None, typer.Option(help="User name of the new keeper.")] = None,
    auditor: Annotated[
        str | None, typer.Option(help="User name of who audits its register, for people.")
    ] = None,
    user: Annotated[
        list[str] | None, typer.Option(help="User name of who may apply for its use, for people.")
    ] = None,
) -> None:
    """Ask for a change of a seal. It happens when somebody else agrees; a lost seal rests at once."""
    with at_work() as work:
        operator = work.operator()
        with work.runtime.database.write() as session:
            change = work.runtime.get(SigningService).seal_life.ask(
                session,
                operator,
                _seal(session, name),
                kind,
                reason,
                keeper_id=_person(session, keeper) if keeper else None,
                auditor_id=_person(session, auditor) if auditor else None,
                user_ids=[_person(session, one) for one in user or ()],
            )
    out.print(str(change.id), highlight=False)


@app.command("changes")
def changes(
    all_: Annotated[bool, typer.Option("--all", help="Decided ones too.")] = False,
) -> None:
    """List the changes of seals that wait for consent."""
    with at_work() as work:
        operator = work.operator()
        with work.runtime.database.read() as session:
            lines = work.runtime.get(SigningService).seal_life.lines(session, operator, is_open=not all_)
    table = Table("id", "seal", "change", "asked by", "outcome", "reason")
    for line in lines:
        change = line.change
        table.add_row(
            str(change.id), line.seal_name, change.kind, line.asked_by, change.outcome or "–", change.reason
        )
    out.print(table)


@app.command("decide")
def decide(
    change_id: UUID,
    decision: Annotated[str, typer.Argument(help="agree, refuse or withdraw.")],
) -> None:
    """Agree to or refuse a change that somebody else asked for, or take one's own back."""
    with at_work() as work:
        service = work.runtime.get(SigningService)
        change = service.decide_seal_change(work.operator(), change_id, decision)
    out.print(str(change.outcome), highlight=False)


def _person(session: Session, username: str) -> UUID:
    found = session.scalar(select(Person.id).where(Person.username == username))
    if found is None:
        raise NotFound(what=username)
    return found


def _seal(session: Session, name: str) -> UUID:
    found = session.scalar(select(Seal.id).where(Seal.name == name))
    if found is None:
        raise NotFound(what=name)
    return found


@app.command("picture")
def picture(name: str, to: Annotated[Path, typer.Option("--to", help="SVG file to write.")]) -> None:
    """Write a seal's picture as SVG."""
    with at_work() as work:
        with work.runtime.database.read() as session:
            seal_id = _seal(session, name)
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
    reason: Annotated[str, typer.Option(help="Why.")],
    own_certificate: Annotated[
        bool, typer.Option(help="Use the certificate in the token, with its chain, instead of a new one.")
    ] = False,
) -> None:
    """Ask that a seal signs with a key of the token; it does when somebody else agrees."""
    with at_work() as work:
        offer = from_slot(work.runtime.get(SigningService).slots.look(label), own_certificate=own_certificate)
        _offer(work, name, offer, reason)


@app.command("import")
def import_key(
    name: Annotated[str, typer.Argument(help="Name of the seal, as 'seal list' shows it.")],
    file: Annotated[Path, typer.Argument(help="PKCS#12 file.", exists=True, dir_okay=False)],
    reason: Annotated[str, typer.Option(help="Why.")],
    password_file: Annotated[
        Path | None, typer.Option(help="File with its password; else it is asked for.", exists=True)
    ] = None,
) -> None:
    """Ask that a seal signs with a certificate of an outside authority; it does when somebody else agrees."""
    with at_work() as work:
        if password_file is not None:
            password = password_file.read_text("utf-8").rstrip("\n")
        else:
            password = str(typer.prompt(texts().text("import-password"), hide_input=True, err=True))
        _offer(work, name, from_file(file.read_bytes(), password), reason)


@app.command("rekey")
def rekey(
    name: Annotated[str, typer.Argument(help="Name of the seal, as 'seal list' shows it.")],
    reason: Annotated[str, typer.Option(help="Why.")],
) -> None:
    """Ask for a fresh key and certificate of our own for a seal; it gets them when somebody else agrees."""
    with at_work() as work:
        _offer(work, name, work.runtime.get(SigningService).sealing.keys.new_offer(), reason)


def _offer(work: Work, name: str, offer: Offer, reason: str) -> None:
    operator = work.operator()
    with work.runtime.database.write() as session:
        life = work.runtime.get(SigningService).seal_life
        change = life.offer_key(session, operator, _seal(session, name), offer, reason)
    out.print(str(change.id), highlight=False)
