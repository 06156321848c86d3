"""The demo's seals, documents and cases, made step by step through the services people use.

Each step is harmless when repeated: a demo that was interrupted is finished at the next start.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import func, select

from core import notices
from core.models import LegalEntity, Person
from core.permissions import Principal, load_principal
from core.runtime import Runtime
from ingest.models import DocumentKind
from ingest.service import IngestService
from signing.fields import Placement
from signing.models import Seal, SealChange
from signing.seal_facts import SealFacts
from signing.seal_life import RESOURCE
from signing.service import SigningService
from vermilion import demo_folder
from vermilion.demo_documents import Contract, Invoice, Letter, photograph, typeset
from vermilion.demo_stories import OURS, Act, Addition, Story, stories
from workflow.models import AddedKind, Case
from workflow.service import WorkflowService

Advance = Callable[[int, int, str], None]
SEALS: Final = (
    # name, kind, keeper, code
    ("公章", "official", "sunli", "3201009990001"),
    ("合同专用章", "contract", "sunli", "3201009990002"),
    ("财务专用章", "finance", "hejing", "3201009990003"),
)
_WHY: Final = "公司设立，按规定刻制"


def ensure(runtime: Runtime, pins: Mapping[str, str], advance: Advance) -> None:
    """Make what is missing of credentials, seals, cases, and invoices in folders."""
    today = runtime.clock.now().astimezone(runtime.settings.zone).date()
    told = stories(today)
    loose = demo_folder.invoices(today)
    total = len(pins) + len(SEALS) + len(told) + len(loose)
    with runtime.database.read() as session:
        made_cases = session.scalar(select(func.count()).select_from(Case)) or 0
        people = dict(session.execute(select(Person.username, Person.id)).all())
        made_seals = session.scalar(select(func.count()).select_from(Seal)) or 0
    missing = demo_folder.missing(runtime, loose, people)
    if made_cases >= len(told) and made_seals >= len(SEALS) and not missing:
        return
    signing = runtime.get(SigningService)
    for done, (username, pin) in enumerate(pins.items()):
        advance(done, total, username)
        with runtime.database.read() as session:
            is_enrolled = signing.has_credential(session, people[username])
        if not is_enrolled:
            signing.enrol(_principal(runtime, people[username]), pin)
    _make_seals(runtime, people)
    for number, story in enumerate(told[made_cases:], start=made_cases):
        advance(
            len(pins) + len(SEALS) + number, total, str(story.form.get("title") or story.form.get("purpose"))
        )
        _Teller(runtime, people, pins).tell(story)
    for number, invoice in enumerate(missing, start=total - len(missing)):
        advance(number, total, invoice.name)
        demo_folder.put(runtime, invoice, people)
    advance(total, total, "")


def _principal(runtime: Runtime, person_id: UUID) -> Principal:
    with runtime.database.read() as session:
        return load_principal(session, person_id, runtime.clock.now(), runtime.settings.zone)


def _make_seals(runtime: Runtime, people: Mapping[str, UUID]) -> None:
    """Each seal is applied for by the administrator, agreed to by legal and taken over by its keeper."""
    asker, second = _principal(runtime, people["gaoyuan"]), _principal(runtime, people["zhouyang"])
    life = runtime.get(SigningService).seal_life
    with runtime.database.read() as session:
        present = set(session.scalars(select(Seal.name)))
        entity_id = session.scalars(select(LegalEntity.id).where(LegalEntity.name == OURS)).one()
    for name, kind, keeper, code in SEALS:
        if name in present:
            continue
        owner = _principal(runtime, people[keeper])
        facts = SealFacts(entity_id, name, kind, owner.person_id, code)
        with runtime.database.write() as session:
            applied = life.apply(session, asker, facts, _WHY)
            made = life.agree(session, second, applied.id)
            taken_over = session.scalars(
                select(SealChange.id).where(SealChange.open_for == made.seal_id)
            ).one()
            life.agree(session, owner, taken_over)
            for person in (asker, second, owner):  # it was long ago
                for change in (applied.id, taken_over):
                    notices.see_all_of(session, runtime.clock.now(), person, RESOURCE, change)


class _Teller:
    """Plays one story."""

    def __init__(self, runtime: Runtime, people: Mapping[str, UUID], pins: Mapping[str, str]) -> None:
        self._runtime = runtime
        self._people = people
        self._pins = pins
        self._workflow = runtime.get(WorkflowService)

    def tell(self, story: Story) -> None:
        applicant = _principal(self._runtime, self._people[story.applicant])
        form = dict(story.form)
        for key, papers in story.papers.items():
            form[key] = [str(self._upload(applicant, *paper)) for paper in papers]
        if "invoices" in form:
            line = {"category": form.pop("category"), "amount": form["amount"]}
            form["invoices"] = [{"document": invoice, **line} for invoice in form["invoices"]]
        if "seal" in form:
            with self._runtime.database.read() as session:
                form["seal"] = str(session.scalar(select(Seal.id).where(Seal.name == form["seal"])))
        case_id = self._workflow.submit(applicant, story.flow, form)
        for act in story.acts:
            self._do(case_id, act)
        if story.comment is not None:
            who, text = story.comment
            with self._runtime.database.write() as session:
                self._workflow.comment(session, _principal(self._runtime, self._people[who]), case_id, text)
        if story.is_withdrawn:
            self._workflow.withdraw(applicant, case_id)

    def _upload(
        self,
        owner: Principal,
        name: str,
        kind: DocumentKind,
        paper: Contract | Invoice | Letter,
        is_photo: bool,
    ) -> UUID:
        data = typeset(paper)
        suffix = "pdf"
        if is_photo:
            data, suffix = photograph(data), "jpg"
        ingest = self._runtime.get(IngestService)
        received = ingest.receive(owner, io.BytesIO(data), f"{name}.{suffix}", kind)
        ingest.process(received.document_id)
        return received.document_id

    def _do(self, case_id: UUID, act: Act | Addition) -> None:
        principal = _principal(self._runtime, self._people[act.who])
        with self._runtime.database.read() as session:
            view = self._workflow.get_case(session, principal, case_id)
        if view.my_task is None:
            raise LookupError(f"{act.who} has nothing to do in {view.case.serial_number}")
        if isinstance(act, Addition):
            whom = [self._people[act.whom]]
            self._workflow.adding.add(principal, view.my_task.id, AddedKind.BEFORE, whom, act.reason)
            return
        pin, shown = self._pins[act.who], view.sheet_of(view.my_task).digest
        if act.at is None:
            self._workflow.decide(principal, view.my_task.id, act.outcome, act.comment, pin, shown)
            return
        places = {one.id: [Placement(*act.at)] for one in view.documents if one.is_signed_in_place}
        self._workflow.seal(principal, view.my_task.id, pin, shown, places, act.comment)
