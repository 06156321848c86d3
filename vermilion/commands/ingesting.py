"""``ingest``: files, folders and standard input into the archive."""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final
from uuid import UUID

import typer
from sqlalchemy import select

from core.errors import NotFound, VermilionError
from core.models import OutboxJob
from core.permissions import Principal
from ingest.errors import ProcessingFailed
from ingest.models import Document, DocumentKind, DocumentState
from ingest.service import IngestService
from vermilion.commands.terminal import Work, at_work, err, out, print_json, progress, texts

STANDARD_INPUT: Final = "-"
AT_ONCE: Final = 2
"""Files in work at the same time: as many as there are parsers' processes."""
_HIDDEN: Final = (".", "~$")
"""What folders hold besides documents: hidden files and the locks of office programs."""


@dataclass(frozen=True)
class _Given:
    """One thing to archive: what it is called on the command line, and how its bytes are had."""

    name: str
    open: Callable[[], BinaryIO]


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("ingest")(ingest)


def ingest(
    files: Annotated[
        list[str], typer.Argument(help="Files, folders (with all that is in them), or - for standard input.")
    ],
    kind: Annotated[
        DocumentKind, typer.Option(help="What they are; invoices are known as such by themselves.")
    ] = DocumentKind.ATTACHMENT,
    name: Annotated[str, typer.Option(help="What standard input is called.")] = "stdin",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for each file.")] = False,
    user: Annotated[str | None, typer.Option("--as", help="User name of the owner.")] = None,
) -> None:
    """Archive files: original kept, PDF made, text and invoice read. Exit status 1 when one was refused."""
    refused = 0
    with at_work() as work, progress("ingest") as advance, ThreadPoolExecutor(AT_ONCE) as pool:
        principal = work.principal(user)
        given = list(_expand(files, name, work.runtime.settings.home))
        # Taken in one after the other, so that of two equal files the later one is the duplicate.
        futures = [pool.submit(_read, work, one, _receive(work, principal, one, kind)) for one in given]
        for number, (one, future) in enumerate(zip(given, futures, strict=True)):
            advance(number, len(given), one.name)
            for answer in future.result():
                refused += answer["error"] is not None
                if as_json:
                    print_json(answer)
                else:
                    _print_answer(answer)
        work.finish()  # archival renditions and the index
    raise typer.Exit(1 if refused else 0)


def _expand(files: list[str], stdin_name: str, home: Path) -> Iterator[_Given]:
    """The files, and those in folders in the order of their names; our own home is nobody's paper."""
    own = home.resolve()
    for file in files:
        path = Path(file)
        if file == STANDARD_INPUT:
            yield _Given(stdin_name, lambda: sys.stdin.buffer)
        elif path.is_dir():
            for inner in sorted(path.rglob("*")):
                parts = inner.relative_to(path).parts
                is_hidden = any(part.startswith(_HIDDEN) for part in parts)
                if inner.is_file() and not is_hidden and not inner.resolve().is_relative_to(own):
                    yield _file(inner)
        else:
            yield _file(path)


def _file(path: Path) -> _Given:
    return _Given(str(path), lambda: path.open("rb"))


def _receive(work: Work, principal: Principal, given: _Given, kind: DocumentKind) -> UUID | dict[str, Any]:
    """Take one file in: the document's id, or the answer that says why not."""
    text = texts()
    try:
        with given.open() as stream:
            return work.runtime.get(IngestService).receive(principal, stream, given.name, kind).document_id
    except VermilionError as error:
        problem = {"code": error.code, "message": text.error(error)}
    except OSError as error:
        reason = error.strerror or str(error)
        message = text.text("error-file-not-readable", file=given.name, reason=reason)
        problem = {"code": "file-not-readable", "message": message}
    return _refusal(given, kind, problem)


def _read(work: Work, given: _Given, taken: UUID | dict[str, Any]) -> list[dict[str, Any]]:
    """Have a file read; the answers for it and for what came inside it."""
    if not isinstance(taken, UUID):
        return [taken]
    service = work.runtime.get(IngestService)
    try:
        _wait(work, service, taken)
    except ProcessingFailed as error:
        problem = {"code": error.code, "message": texts().error(error)}
        return [{**_refusal(given, DocumentKind.ATTACHMENT, problem), "document": str(taken)}]
    return list(_answers(work, service, taken, given.name))


def _wait(work: Work, service: IngestService, document_id: UUID) -> None:
    """Do the work, or wait for who does it, until the file and all that came in it are read."""
    while _is_processing(work, service, document_id):
        work.finish(task="ingest.process")
        if _is_given_up(work) and _is_processing(work, service, document_id):
            raise ProcessingFailed()
        time.sleep(0.01)


def _is_given_up(work: Work) -> bool:
    """Whether nobody reads files any more, although some are not read: their jobs failed for good."""
    waiting = select(OutboxJob.id).where(OutboxJob.task == "ingest.process", OutboxJob.failed_at.is_(None))
    with work.runtime.database.read() as session:
        return session.scalar(waiting.limit(1)) is None


def _is_processing(work: Work, service: IngestService, document_id: UUID) -> bool:
    with work.runtime.database.read() as session:
        waiting = [session.get(Document, document_id)]
        while waiting:
            document = waiting.pop()
            if document is None:
                raise NotFound(what="document")
            if document.state == DocumentState.PROCESSING:
                return True
            waiting.extend(service.members(session, document.id))
    return False


def _answers(work: Work, service: IngestService, document_id: UUID, name: str) -> Iterator[dict[str, Any]]:
    with work.runtime.database.read() as session:
        answer = {"file": name, **service.describe(session, document_id, texts())}
        members = [(member.id, member.title) for member in service.members(session, document_id)]
    yield answer
    for member_id, title in members:
        yield from _answers(work, service, member_id, f"{name}/{title}")


def _refusal(given: _Given, kind: DocumentKind, problem: dict[str, str]) -> dict[str, Any]:
    return {
        "file": given.name,
        "sha256": _digest(given),
        "document": None,
        "kind": kind.value,
        "media_type": None,
        "pages": 0,
        "duplicate_of": None,
        "invoice": None,
        "warnings": [],
        "error": problem,
    }


def _digest(given: _Given) -> str | None:
    try:
        with given.open() as stream:
            digest = hashlib.sha256()
            while piece := stream.read(1 << 20):
                digest.update(piece)
            return digest.hexdigest()
    except (OSError, ValueError):  # standard input has been read and closed
        return None


def _print_answer(answer: dict[str, Any]) -> None:
    error, invoice = answer["error"], answer["invoice"]
    if error is not None:
        err.print(
            f"✗ {answer['file']}: {error['message']}",
            style="red", markup=False, highlight=False, soft_wrap=True,
        )  # fmt: skip
        return
    shown = f"✓ {answer['file']}: {answer['media_type']}, {answer['pages']} p., {answer['document']}"
    out.print(shown, markup=False, highlight=False, soft_wrap=True)
    if invoice is not None:
        facts = [invoice["type"], invoice["number"], invoice["issue_date"], invoice["seller"]["name"]]
        total = f"{invoice['currency']} {invoice['total']}" if invoice["total"] else ""
        line = " · ".join(str(fact) for fact in (*facts, total) if fact)
        out.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)
    for warning in answer["warnings"]:
        out.print(f"  ! {warning['message']}", style="yellow", markup=False, highlight=False, soft_wrap=True)
