"""How cases are found: by serial number, subject, form, people and what was said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.amounts import amount_in_words
from core.models import Department, Person
from search.index import Record, Tag
from search.language import Vocabulary, vocabulary_of
from signing.models import Seal, SealRecord
from workflow.flows import ChoiceField, DocumentsField, Flow, InvoicesField, MoneyField, SealField, load_flow
from workflow.models import Case, CaseState, Comment, Decision, FlowVersion, Task, TaskCandidate

_STATES: Final = {
    CaseState.RUNNING: ("审批中", "进行中"),
    CaseState.RETURNED: ("已退回", "退回"),
    CaseState.COMPLETED: ("已完成", "完成"),
    CaseState.REJECTED: ("已拒绝", "拒绝", "不同意"),
    CaseState.WITHDRAWN: ("已撤回", "撤回"),
    "sealed": ("已用印", "已盖章"),
}


def vocabulary(session: Session) -> Vocabulary:
    """What kinds and states of cases are called in ``kind:`` and ``state:``: flows go by their names too."""
    flows = session.execute(select(FlowVersion.key, FlowVersion.definition).order_by(FlowVersion.version))
    names = {key: (flow.name.zh, flow.name.en) for key, flow in ((k, load_flow(d)) for k, d in flows)}
    return vocabulary_of({"case": ("审批", "审批单"), **names}, _STATES)


def ids(session: Session) -> Iterator[UUID]:
    """Every case."""
    return iter(session.scalars(select(Case.id).order_by(Case.submitted_at)))


def records(session: Session, wanted: Sequence[UUID]) -> list[Record]:
    """The search records of some cases."""
    rows = session.execute(
        select(Case, FlowVersion.definition, Person.name, Department.name)
        .join(FlowVersion, FlowVersion.id == Case.flow_version_id)
        .join(Person, Person.id == Case.applicant_id)
        .join(Department, Department.id == Case.department_id)
        .where(Case.id.in_(wanted))
    ).all()
    people = _people(session, wanted)
    said = _said(session, wanted)
    seals = dict(session.execute(select(Seal.id, Seal.name)).all())
    sealed = set(session.scalars(select(SealRecord.case_id).where(SealRecord.case_id.in_(wanted))))
    made = []
    for case, definition, applicant, department in rows:
        flow = load_flow(definition)
        others = [person for person in people[case.id] if person.id != case.applicant_id]
        involved = (Tag(case.applicant_id, applicant), *others)
        seal = next((case.form.get(f.key) for f in flow.fields if isinstance(f, SealField)), None)
        made.append(
            Record(
                kind="case",
                id=case.id,
                title=case.subject,
                date=case.submitted_at,
                texts=(
                    f"{flow.name.zh} {flow.name.en}",
                    *_form(flow, case.form, seals),
                    *said[case.id],
                ),
                number=case.serial_number,
                subkind=case.flow_key,
                state=CaseState(case.state).value,
                marks=("sealed",) if case.id in sealed else (),
                seal=Tag(UUID(seal), seals.get(UUID(seal), "")) if seal else None,
                department=Tag(case.department_id, department),
                applicant=Tag(case.applicant_id, applicant),
                people=involved,
                counterparty=case.counterparty,
                amount=case.amount,
                related={"document": case.sheet_id},
            )
        )
    return made


def _form(flow: Flow, form: dict[str, Any], seals: dict[UUID, str]) -> Iterator[str]:
    """The form's values as people write them; amounts with and without separators."""
    for field in flow.fields:
        value = form.get(field.key)
        if value is None or isinstance(field, DocumentsField):
            continue
        if isinstance(field, InvoicesField):
            yield from _lines(field, value)
            continue
        if isinstance(field, MoneyField):
            whole, _, fraction = str(value).partition(".")
            yield f"{value} {int(whole):,}.{fraction} {amount_in_words(Decimal(str(value)))}"
        elif isinstance(field, ChoiceField):
            yield next((f"{o.label.zh} {o.label.en}" for o in field.options if o.value == value), str(value))
        elif isinstance(field, SealField):
            yield seals.get(UUID(value), "")
        else:
            yield str(value)


def _lines(field: InvoicesField, lines: list[dict[str, Any]]) -> Iterator[str]:
    """What was written beside each invoice; its own facts are found with its document."""
    for line in lines:
        category = line["category"] or ""
        names = {field.category_name(category, "zh-CN"), field.category_name(category, "en")}
        yield " ".join(filter(None, (*sorted(names), line["amount"], line["note"])))


def _people(session: Session, wanted: Sequence[UUID]) -> dict[UUID, list[Tag]]:
    """Who may decide, or may have, in each case."""
    people: dict[UUID, list[Tag]] = defaultdict(list)
    rows = session.execute(
        select(Task.case_id, Person.id, Person.name)
        .join(TaskCandidate, TaskCandidate.task_id == Task.id)
        .join(Person, Person.id == TaskCandidate.person_id)
        .where(Task.case_id.in_(wanted))
        .distinct()
        .order_by(Task.case_id, Person.id)
    )
    for case_id, person_id, name in rows:
        people[case_id].append(Tag(person_id, name))
    return people


def _said(session: Session, wanted: Sequence[UUID]) -> dict[UUID, list[str]]:
    said: dict[UUID, list[str]] = defaultdict(list)
    for source in (
        select(Decision.case_id, Decision.comment).where(Decision.case_id.in_(wanted)).order_by(Decision.id),
        select(Comment.case_id, Comment.text).where(Comment.case_id.in_(wanted)).order_by(Comment.id),
    ):
        for case_id, text in session.execute(source):
            if text:
                said[case_id].append(text)
    return said
