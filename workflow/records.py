"""How cases are found: by serial number, subject, form, people and what was said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.models import Person
from search.index import Part, Record
from signing.models import Seal
from workflow.flows import ChoiceField, DocumentsField, Flow, MoneyField, SealField, load_flow
from workflow.models import Case, Comment, Decision, FlowVersion, Task, TaskCandidate


def ids(session: Session) -> Iterator[UUID]:
    """Every case."""
    return iter(session.scalars(select(Case.id).order_by(Case.submitted_at)))


def records(session: Session, wanted: Sequence[UUID]) -> list[Record]:
    """The search records of some cases."""
    rows = session.execute(
        select(Case, FlowVersion.definition, Person.name)
        .join(FlowVersion, FlowVersion.id == Case.flow_version_id)
        .join(Person, Person.id == Case.applicant_id)
        .where(Case.id.in_(wanted))
    ).all()
    people, names = _people(session, wanted)
    said = _said(session, wanted)
    seals = dict(session.execute(select(Seal.id, Seal.name)).tuples().all())
    made = []
    for case, definition, applicant in rows:
        flow = load_flow(definition)
        seal = next((case.form.get(f.key) for f in flow.fields if isinstance(f, SealField)), None)
        made.append(
            Record(
                kind="case",
                id=case.id,
                title=case.subject,
                when=case.submitted_at,
                parts=(
                    Part(f"{flow.name.zh} {flow.name.en}"),
                    *(Part(text) for text in _form(flow, case.form, seals)),
                    Part(" ".join([applicant, *names[case.id]])),
                    *(Part(text) for text in said[case.id]),
                ),
                number=case.serial_number,
                state=case.state,
                seal=UUID(seal) if seal else None,
                department=case.department_id,
                people=tuple(dict.fromkeys([case.applicant_id, *people[case.id]])),
            )
        )
    return made


def _form(flow: Flow, form: dict[str, Any], seals: dict[UUID, str]) -> Iterator[str]:
    """The form's values as people write them; amounts with and without separators."""
    for field in flow.fields:
        value = form.get(field.key)
        if value is None or isinstance(field, DocumentsField):
            continue
        if isinstance(field, MoneyField):
            whole, _, fraction = str(value).partition(".")
            yield f"{value} {int(whole):,}.{fraction}"
        elif isinstance(field, ChoiceField):
            yield next((f"{o.label.zh} {o.label.en}" for o in field.options if o.value == value), str(value))
        elif isinstance(field, SealField):
            yield seals.get(UUID(value), "")
        else:
            yield str(value)


def _people(session: Session, wanted: Sequence[UUID]) -> tuple[dict[UUID, list[UUID]], dict[UUID, list[str]]]:
    people: dict[UUID, list[UUID]] = defaultdict(list)
    names: dict[UUID, list[str]] = defaultdict(list)
    rows = session.execute(
        select(Task.case_id, Person.id, Person.name)
        .join(TaskCandidate, TaskCandidate.task_id == Task.id)
        .join(Person, Person.id == TaskCandidate.person_id)
        .where(Task.case_id.in_(wanted))
        .distinct()
    )
    for case_id, person_id, name in rows:
        people[case_id].append(person_id)
        names[case_id].append(name)
    return people, names


def _said(session: Session, wanted: Sequence[UUID]) -> dict[UUID, list[str]]:
    said: dict[UUID, list[str]] = defaultdict(list)
    for source in (
        select(Decision.case_id, Decision.comment).where(Decision.case_id.in_(wanted)),
        select(Comment.case_id, Comment.text).where(Comment.case_id.in_(wanted)),
    ):
        for case_id, text in session.execute(source):
            if text:
                said[case_id].append(text)
    return said
