"""Export: the PDFs of cases, each in its last signed and sealed state, with ``cases.jsonl``."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit
from core.errors import NotFound
from core.permissions import Principal, ResourceType, readable
from core.runtime import Runtime
from retention.backup_reading import Progress, no_progress
from retention.errors import ExportFolderNotEmpty
from retention.models import RetentionTerm
from search.index import Query
from search.service import Searcher
from storage.folder import explained_os_error
from storage.service import ObjectStore
from workflow.cases import CaseView, DocumentView
from workflow.models import Case
from workflow.service import WorkflowService

LISTING: Final = "cases.jsonl"
_UNFINISHED: Final = "cases.jsonl.part"


def export(
    runtime: Runtime,
    principal: Principal,
    to: Path,
    *,
    serials: Sequence[str] | None = None,
    query: str | None = None,
    progress: Progress = no_progress,
) -> int:
    """Write the cases that the person may see: those named, those found, or all. Returns how many.

    One folder a case, named by its serial number; files are named by position and digest, never by
    what somebody typed. ``cases.jsonl`` appears when everything is there; an export that was
    interrupted goes on where it stopped. Raises ExportFolderNotEmpty, NotFound for a serial number
    that is not there, StorageFull.
    """
    _require_own_folder(to)
    with runtime.database.read() as session:
        ids = list(dict.fromkeys(_chosen(runtime, session, principal, serials, query)))
    try:
        with (to / _UNFINISHED).open("w", encoding="utf-8") as listing:
            for done, case_id in enumerate(ids):
                with runtime.database.read() as session:
                    view = runtime.get(WorkflowService).get_case(session, principal, case_id)
                    term = session.get(RetentionTerm, case_id)
                progress(done, len(ids), view.case.serial_number)
                files = _write_case(runtime.get(ObjectStore), to, view)
                listing.write(json.dumps(describe(view, term, files), ensure_ascii=False, default=str) + "\n")
    except OSError as error:
        raise explained_os_error(error) from error
    with runtime.database.write() as session:
        now = runtime.clock.now()
        audit.record(session, now, principal.person_id, "cases.exported", None, None, {"cases": len(ids)})
    (to / _UNFINISHED).rename(to / LISTING)
    progress(len(ids), len(ids), "")
    return len(ids)


def _require_own_folder(to: Path) -> None:
    try:
        to.mkdir(parents=True, exist_ok=True)
        is_free = (to / _UNFINISHED).exists() or not any(to.iterdir())
    except FileExistsError as error:
        raise ExportFolderNotEmpty(folder=str(to)) from error
    except OSError as error:
        raise explained_os_error(error) from error
    if not is_free:
        raise ExportFolderNotEmpty(folder=str(to))


def _chosen(
    runtime: Runtime, session: Session, principal: Principal, serials: Sequence[str] | None, query: str | None
) -> Iterator[UUID]:
    condition = readable(principal, ResourceType.CASE, Case.id)
    if serials:
        yield from (find_case(session, principal, serial) for serial in serials)
    elif query is not None:
        yield from (key.id for key in runtime.get(Searcher).keys(principal, Query(text=query, kind="case")))
    else:
        yield from session.scalars(
            select(Case.id).where(condition).order_by(Case.submitted_at, Case.id)
        ).all()


def find_case(session: Session, principal: Principal, serial: str) -> UUID:
    """The id of a case that the person may see, by its serial number. Raises NotFound."""
    condition = readable(principal, ResourceType.CASE, Case.id)
    found = session.scalar(select(Case.id).where(Case.serial_number == serial, condition))
    if found is None:
        raise NotFound(what=serial)
    return found


def _write_case(store: ObjectStore, to: Path, view: CaseView) -> dict[UUID, str]:
    folder = to / safe_name(view.case.serial_number)
    folder.mkdir(exist_ok=True)
    files: dict[UUID, str] = {}
    for number, paper in enumerate([*view.sheets, *view.documents], start=1):
        name = f"{number:02d}-{'sheet' if paper.field == 'sheet' else 'document'}-{paper.digest[:8]}.pdf"
        _write_file(store, paper.digest, folder / name)
        files[paper.id] = f"{folder.name}/{name}"
    return files


def _write_file(store: ObjectStore, digest: str, path: Path) -> None:
    """Fetch an object unless its file is there from an earlier, interrupted run."""
    if path.exists() and _digest_of(path) == digest:
        return
    unfinished = path.with_suffix(".part")
    store.fetch(digest, unfinished)
    unfinished.rename(path)


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def safe_name(serial: str) -> str:
    """A serial number as a folder's name: a flow chooses its prefix, so nothing else may get through."""
    name = re.sub(r"[^\w-]", "_", serial)
    if name != serial:
        name += "-" + hashlib.sha256(serial.encode()).hexdigest()[:8]
    return name


def describe(view: CaseView, term: RetentionTerm | None, files: dict[UUID, str]) -> dict[str, Any]:
    """A case as the listing shows it; ``files`` has the path of each document."""
    case = view.case
    return {
        "serial_number": case.serial_number,
        "flow": case.flow_key,
        "subject": case.subject,
        "state": case.state,
        "applicant": view.applicant,
        "department": view.department,
        "amount": str(case.amount) if case.amount is not None else None,
        "counterparty": case.counterparty,
        "form": case.form,
        "submitted_at": case.submitted_at.isoformat(),
        "finished_at": case.finished_at.isoformat() if case.finished_at else None,
        "keep_until": term.keep_until.isoformat() if term and term.keep_until else None,
        "decisions": [
            {
                "name": act.name,
                "step": act.step.zh if act.step else None,
                "outcome": act.outcome.value if act.outcome else "added" if act.added else "comment",
                "comment": act.text,
                "by_added_approver": act.is_by_added,
                "added": {"kind": act.added.kind.value, "people": list(act.added.people)}
                if act.added
                else None,
                "at": act.at.isoformat(),
            }
            for act in view.acts
        ],
        "documents": [_paper(paper, files) for paper in [*view.sheets, *view.documents]],
    }


def _paper(paper: DocumentView, files: dict[UUID, str]) -> dict[str, Any]:
    """``continues``: the states of earlier sheets that a continuation sheet names, by their first bytes."""
    return {
        "id": str(paper.id),
        "title": paper.title,
        "kind": paper.kind,
        "field": paper.field,
        "file": files[paper.id],
        "sha256": paper.digest,
        "pages": paper.pages,
        "state": paper.reason,
        "continues": [
            {"file": files[one.document_id], "bytes": one.size, "sha256": one.digest}
            for one in paper.continues
        ],
    }
