"""Export: the PDFs of cases, each in its last signed and sealed state, with ``cases.jsonl``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit
from core.errors import NotFound
from core.permissions import Principal, ResourceType, readable
from core.runtime import Runtime
from retention.backups import Progress, no_progress
from retention.errors import ExportFolderNotEmpty
from retention.models import RetentionTerm
from search.index import Query
from search.service import Searcher
from storage.service import ObjectStore
from workflow.cases import CaseView, DocumentView
from workflow.models import Case
from workflow.service import WorkflowService

_PAGE = 200


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
    what somebody typed. Raises ExportFolderNotEmpty, NotFound for a serial number that is not there.
    """
    to.mkdir(parents=True, exist_ok=True)
    if any(to.iterdir()):
        raise ExportFolderNotEmpty(folder=str(to))
    with runtime.database.read() as session:
        ids = list(_chosen(runtime, session, principal, serials, query))
    with (to / "cases.jsonl").open("x", encoding="utf-8") as listing:
        for done, case_id in enumerate(ids):
            with runtime.database.read() as session:
                view = runtime.get(WorkflowService).get_case(session, principal, case_id)
                term = session.get(RetentionTerm, case_id)
            progress(done, len(ids), view.case.serial_number)
            files = _write_case(runtime.get(ObjectStore), to, view)
            listing.write(json.dumps(_describe(view, term, files), ensure_ascii=False, default=str) + "\n")
    with runtime.database.write() as session:
        now = runtime.clock.now()
        audit.record(session, now, principal.person_id, "cases.exported", None, None, {"cases": len(ids)})
    progress(len(ids), len(ids), "")
    return len(ids)


def _chosen(
    runtime: Runtime, session: Session, principal: Principal, serials: Sequence[str] | None, query: str | None
) -> Iterator[UUID]:
    condition = readable(principal, ResourceType.CASE, Case.id)
    if serials:
        for serial in serials:
            found = session.scalar(select(Case.id).where(Case.serial_number == serial, condition))
            if found is None:
                raise NotFound(what=serial)
            yield found
    elif query is not None:
        yield from _found(runtime, principal, query)
    else:
        yield from session.scalars(
            select(Case.id).where(condition).order_by(Case.submitted_at, Case.id)
        ).all()


def _found(runtime: Runtime, principal: Principal, query: str) -> Iterator[UUID]:
    offset = 0
    while True:
        page = runtime.get(Searcher).search(
            principal, Query(text=query, kind="case", limit=_PAGE, offset=offset)
        )
        yield from (hit.id for hit in page.hits)
        offset += _PAGE
        if offset >= page.total:
            return


def _write_case(store: ObjectStore, to: Path, view: CaseView) -> dict[UUID, str]:
    folder = to / view.case.serial_number
    folder.mkdir()
    files: dict[UUID, str] = {}
    for number, paper in enumerate([*view.sheets, *view.documents], start=1):
        name = f"{number:02d}-{'sheet' if paper.field == 'sheet' else 'document'}-{paper.digest[:8]}.pdf"
        store.fetch(paper.digest, folder / name)
        files[paper.id] = f"{view.case.serial_number}/{name}"
    return files


def _describe(view: CaseView, term: RetentionTerm | None, files: dict[UUID, str]) -> dict[str, Any]:
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
                "outcome": act.outcome.value if act.outcome else "comment",
                "comment": act.text,
                "at": act.at.isoformat(),
            }
            for act in view.acts
        ],
        "documents": [_paper(paper, files[paper.id]) for paper in [*view.sheets, *view.documents]],
    }


def _paper(paper: DocumentView, file: str) -> dict[str, Any]:
    return {
        "id": str(paper.id),
        "title": paper.title,
        "kind": paper.kind,
        "field": paper.field,
        "file": file,
        "sha256": paper.digest,
        "pages": paper.pages,
        "state": paper.reason,
    }
