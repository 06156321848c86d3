"""The sheets behind the code that is printed on them: approval sheet and continuation sheets of a case."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import NotFound
from core.permissions import ResourceType, may_read
from ingest.models import Version
from portal.visit import Visit
from storage.service import ObjectStore
from workflow.models import Case
from workflow.service import WorkflowService
from workflow.sheets import NamedState, SheetState, continued

_LONGEST_TOKEN = 64


@dataclass(frozen=True)
class SheetTab:
    """A sheet of the case as the page names it; numbers begin at 1."""

    number: int
    name: str
    is_shown: bool


@dataclass(frozen=True)
class Behind:
    """What a code leads to: the case, its sheets as they are now, and the one that is shown.

    ``chain``: whether the digests that a continuation sheet names are those of the sheets in the
    archive, ``holds`` or ``broken``; empty for a sheet that names none.
    """

    case: Case
    states: tuple[SheetState, ...]
    index: int
    chain: str

    @property
    def digest(self) -> str:
        """The object that holds the sheet that is shown."""
        return self.states[self.index].digest

    def tabs(self, visit: Visit) -> list[SheetTab]:
        """The sheets by name; none when there is only one."""
        if len(self.states) == 1:
            return []
        return [
            SheetTab(
                number,
                visit.text(
                    "check-sheet-continuation" if number > 1 else "check-sheet-first", number=number - 1
                ),
                number == self.index + 1,
            )
            for number in range(1, len(self.states) + 1)
        ]


def behind(visit: Visit, token: str, number: int | None) -> Behind:
    """The sheets of a code; without ``number`` that of the current round is shown. Raises NotFound."""
    with visit.runtime.database.read() as session:
        case = (
            session.scalar(select(Case).where(Case.verify_token == token))
            if len(token) <= _LONGEST_TOKEN
            else None
        )
        if case is None:
            raise NotFound(what="sheet")
        states = visit.runtime.get(WorkflowService).sheets.states(session, case.id)
        named = continued(session, case.id)
    ids = [one.document_id for one in states]
    index = ids.index(case.sheet_id) if number is None else number - 1
    if not 0 <= index < len(states):
        raise NotFound(what="sheet")
    return Behind(case, states, index, _chain(visit, states, named.get(ids[index], [])))


def _chain(visit: Visit, states: Sequence[SheetState], named: Sequence[NamedState]) -> str:
    """Compare the digests with the bytes themselves: a sheet only grows, its beginning stays."""
    if not named:
        return ""
    store, newest = visit.runtime.get(ObjectStore), {one.document_id: one.digest for one in states}
    for one in named:
        digest = hashlib.sha256()
        for chunk in store.chunks(newest[one.document_id], 0, one.size):
            digest.update(chunk)
        if digest.hexdigest() != one.digest:
            return "broken"
    return "holds"


def visible_case(visit: Visit, session: Session, case: Case) -> Case | None:
    """The case, for who may see it."""
    if visit.principal is None or not may_read(session, visit.principal, ResourceType.CASE, case.id):
        return None
    return case


def likeness(session: Session, found: Behind, digest: str) -> str:
    """``newest``, ``earlier`` or ``differs``: a file, by its SHA-256, beside the states the sheets had."""
    if any(one.digest == digest for one in found.states):
        return "newest"
    ids = [one.document_id for one in found.states]
    known = session.scalar(
        select(Version.id).where(Version.digest == digest, Version.document_id.in_(ids)).limit(1)
    )
    return "earlier" if known is not None else "differs"
