"""``audit``: the trail checked against itself, the register and heads kept elsewhere; proofs; export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from core import audit
from core.errors import NotFound, VermilionError
from signing import trail, transparency
from signing.heads import SignedHead, read_file
from signing.service import SigningService
from vermilion.commands.terminal import Work, at_work, err, fail, out, print_json, texts

app = typer.Typer(help="The audit trail.", no_args_is_help=True)


@app.command("verify")
def verify(
    heads: Annotated[
        list[Path] | None,
        typer.Option("--head", help="A tree head that was kept elsewhere (file, or the text of the mail)."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check chain, register, tree and heads against each other, offline; names what differs.

    Exit status: 0 whole, 1 something differs, 2 usage.
    """
    try:
        anchors = [(file.name, _read(file)) for file in heads or []]
    except VermilionError as error:
        raise fail(error, 2) from error
    with at_work() as work, work.runtime.database.snapshot() as session:
        report = trail.check(session, anchors)
    text = texts()
    counted = {
        "entries": report.entries, "records": report.records, "heads": report.heads, "anchors": report.anchors
    }  # fmt: skip
    if as_json:
        findings = [{**one.to_json(), "message": _message(one)} for one in report.findings]
        print_json({"is_whole": report.is_whole, **counted, "findings": findings})
    elif report.is_whole:
        out.print(text.text("trail-whole", **counted), style="green", highlight=False, soft_wrap=True)
    else:
        for one in report.findings:
            err.print(_message(one), style="bold red", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(0 if report.is_whole else 1)


def _read(file: Path) -> SignedHead:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise NotFound(what=str(file)) from error
    return read_file(data, str(file))


def _message(finding: trail.Finding) -> str:
    return trail.describe(finding, texts())


@app.command("heads")
def list_heads(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for each head.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 25,
) -> None:
    """The newest tree heads, and where each of them was sent."""
    with at_work() as work, work.runtime.database.read() as session:
        for row in transparency.heads(session, limit=limit):
            sent = transparency.deliveries(session, row.number)
            if as_json:
                places = [
                    {"target": one.target, "sent_at": one.sent_at, "error": one.error, "receipt": one.receipt}
                    for one in sent
                ]
                print_json(
                    {"number": row.number, "size": row.size, "root": row.root, "at": row.at, "sent": places}
                )
                continue
            out.print(f"{row.number}  {row.at:%Y-%m-%d %H:%M}  {row.size}  {row.root}", highlight=False)
            for one in sent:
                state = one.receipt if one.sent_at else one.error or texts().text("trail-waiting")
                out.print(f"    {one.target}  {state}", markup=False, highlight=False, soft_wrap=True)


@app.command("head")
def make_head(
    to: Annotated[Path | None, typer.Option("--to", help="Also write the newest head to this file.")] = None,
) -> None:
    """Make a tree head now, if entries came since the last one, and send it out."""
    with at_work() as work:
        work.runtime.get(SigningService).transparency.make_head()
        work.finish(task=transparency.DELIVER)
        with work.runtime.database.read() as session:
            row = transparency.newest(session)
    if row is None:
        raise fail(NotFound(what="tree_head"))
    if to is not None:
        with to.open("xb") as file:
            file.write(transparency.signed(row).to_file())
    out.print(row.body.rstrip(), markup=False, highlight=False)


@app.command("proof")
def show_proof(
    what: Annotated[str, typer.Argument(help="Number of an audit entry, or id of a line of the register.")],
) -> None:
    """Print, as JSON, what proves that an entry stood in the trail when a head was made."""
    with at_work() as work:
        sequence = _sequence(work, what)
        work.runtime.get(SigningService).transparency.head_over(sequence)
        with work.runtime.database.snapshot() as session:
            print_json(transparency.proof(session, sequence).to_json())


def _sequence(work: Work, what: str) -> int:
    if what.isdigit():
        return int(what)
    try:
        record_id = UUID(what)
    except ValueError as error:
        raise NotFound(what=what) from error
    with work.runtime.database.read() as session:
        return transparency.sequence_of_record(session, record_id)


@app.command("export")
def export(
    to: Annotated[Path, typer.Option("--to", help="File to write, a JSON line for each entry.")],
) -> None:
    """Write all audit entries with their digests, so that others can check the chain."""
    with at_work() as work, work.runtime.database.read() as session, to.open("x", encoding="utf-8") as file:
        for entry in audit.entries(session):
            file.write(audit.entry_line(entry) + "\n")
