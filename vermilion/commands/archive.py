"""``ingest``, ``search`` and ``export``."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any

import typer

from core.errors import VermilionError
from ingest.models import DocumentKind
from ingest.service import IngestService
from retention.export import export as export_cases
from search.index import Query
from search.service import Searcher
from vermilion.commands.terminal import Work, at_work, err, out, print_json, progress, texts


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("ingest")(ingest)
    app.command("search")(search)
    app.command("export")(export)


def ingest(
    files: Annotated[list[Path], typer.Argument(help="Files to archive.")],
    kind: Annotated[DocumentKind, typer.Option(help="What they are.")] = DocumentKind.ATTACHMENT,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for each file.")] = False,
    user: Annotated[str | None, typer.Option("--as", help="User name of the owner.")] = None,
) -> None:
    """Archive files: original kept, PDF made, text read, searchable. Exit status 1 when one was refused."""
    refused = 0
    with at_work() as work, progress("ingest") as advance:
        principal = work.principal(user)
        service = work.runtime.get(IngestService)
        for number, file in enumerate(files):
            advance(number, len(files), file.name)
            answer = _ingest_one(work, service, principal, file, kind)
            refused += answer["error"] is not None
            if as_json:
                print_json(answer)
            else:
                _print_answer(answer)
    raise typer.Exit(1 if refused else 0)


def _ingest_one(
    work: Work, service: IngestService, principal: Any, file: Path, kind: DocumentKind
) -> dict[str, Any]:
    text = texts()
    try:
        with file.open("rb") as stream:
            received = service.receive(principal, stream, file.name, kind)
        work.finish(task="ingest.process")
        with work.runtime.database.read() as session:
            return {"file": str(file), **service.describe(session, received.document_id, text)}
    except VermilionError as error:
        problem = {"code": error.code, "message": text.error(error)}
    except OSError as error:
        message = text.text("error-file-not-readable", file=str(file), reason=error.strerror or str(error))
        problem = {"code": "file-not-readable", "message": message}
    return {
        "file": str(file),
        "sha256": _digest(file),
        "document": None,
        "kind": kind.value,
        "media_type": None,
        "pages": 0,
        "duplicate_of": None,
        "invoice": None,
        "warnings": [],
        "error": problem,
    }


def _digest(file: Path) -> str | None:
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return None


def _print_answer(answer: dict[str, Any]) -> None:
    if answer["error"] is not None:
        err.print(
            f"✗ {answer['file']}: {answer['error']['message']}", style="red", markup=False, highlight=False
        )
        return
    out.print(
        f"✓ {answer['file']}: {answer['media_type']}, {answer['pages']} p., {answer['document']}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    for warning in answer["warnings"]:
        out.print(f"  ! {warning['message']}", style="yellow", markup=False, highlight=False)


def search(
    query: Annotated[str, typer.Argument(help="Keywords.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for each hit.")] = False,
    kind: Annotated[str | None, typer.Option(help="document, case or seal_record")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 25,
    user: Annotated[str | None, typer.Option("--as", help="See only what this person may see.")] = None,
) -> None:
    """Find documents, cases and seal records by keyword."""
    with at_work() as work:
        work.runtime.get(Searcher).require_complete()  # an index that was lost is built before the answer
        work.finish(task="search.index")
        results = work.runtime.get(Searcher).search(
            work.principal(user), Query(text=query, kind=kind, limit=limit)
        )
    for hit in results.hits:
        if as_json:
            print_json(hit.to_json())
        else:
            out.print(f"{hit.kind}  {hit.title}", markup=False, highlight=False, soft_wrap=True)


def export(
    to: Annotated[Path, typer.Option("--to", help="Folder to write to.")],
    cases: Annotated[list[str] | None, typer.Argument(help="Serial numbers of cases.")] = None,
    query: Annotated[str | None, typer.Option("--query", help="Cases that match these keywords.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All cases.")] = False,
    user: Annotated[str | None, typer.Option("--as", help="Only what this person may see.")] = None,
) -> None:
    """Write the PDFs of cases (sheet and documents as last signed and sealed) with cases.jsonl."""
    chosen = [bool(cases), query is not None, everything]
    if sum(chosen) != 1:
        raise typer.BadParameter("give serial numbers, or --query, or --all")
    with at_work() as work, progress("export") as advance:
        count = export_cases(
            work.runtime, work.principal(user), to, serials=cases, query=query, progress=advance
        )
    out.print(f"{count} → {to}", markup=False, highlight=False)
