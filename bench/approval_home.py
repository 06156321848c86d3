"""The home that approvals are measured in: eight departments with cases waiting for their heads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final
from uuid import UUID

from core import people
from core.models import Organisation, Role
from core.permissions import Principal, load_principal
from core.runtime import Runtime
from core.settings import Settings
from core.sign_in import SCOPES, SignInService
from signing.service import SigningService
from storage.service import ObjectStore
from vermilion import assembly
from vermilion.first_start import SetUp, open_home
from workflow.service import WorkflowService

AT_ONCE: Final = 8
PIN: Final = "284617"
FLOW: Final = """\
key: bench
name: {zh-CN: 测量, en: Measurement}
description: {zh-CN: 一步审批, en: One approval}
serial_prefix: BM
retention_class: general
subject: "{title}"
fields:
  - {key: title, type: text, label: {zh-CN: 事由, en: Subject}}
steps:
  - {key: head, name: {zh-CN: 部门负责人, en: Head}, who: department_head}
"""


@dataclass(frozen=True)
class Approver:
    """Somebody with cases waiting."""

    token: str
    tasks: tuple[str, ...]


@dataclass(frozen=True)
class Prepared:
    """People with work, and one of the sheets they sign, as it is before."""

    approvers: tuple[Approver, ...]
    sheet: bytes


@dataclass(frozen=True)
class _Pair:
    head: UUID
    member: UUID


def prepare(home: Path, *, first: int, each: int) -> Prepared:
    """Make the organisation: ``each`` cases for every head, and ``first`` + 2 more for the first one."""
    settings = Settings(home=home)
    runtime = assembly.build(settings, open_home(settings).master_key)
    try:
        runtime.get(SetUp).make_organisation("测量", is_demo=False)
        pairs = _make_people(runtime)
        for number, pair in enumerate(pairs):
            runtime.get(SigningService).enrol(_principal(runtime, pair.head), PIN)
            member = _principal(runtime, pair.member)
            for case in range(each + (first + 2 if number == 0 else 0)):
                runtime.get(WorkflowService).submit(member, "bench", {"title": f"第{case + 1}份"})
        approvers = tuple(_approver(runtime, pair.head) for pair in pairs)
        return Prepared(approvers, _sheet(runtime, pairs[0].head))
    finally:
        assembly.close(runtime)


def _make_people(runtime: Runtime) -> list[_Pair]:
    now, pairs = runtime.clock.now(), []
    password_hash = runtime.get(SignInService).passwords.hash("correct horse battery")
    with runtime.database.write() as session:
        session.add(Organisation(id=1, name="测量", is_demo=False, created_at=now))
        entity = people.create_entity(session, "测量有限公司", now)
        for number in range(AT_ONCE):
            place = people.create_department(session, entity.id, f"第{number + 1}部", now).id
            head = people.create_person(session, f"head{number}", f"经理{number}", place, password_hash, now)
            member = people.create_person(
                session, f"member{number}", f"员工{number}", place, password_hash, now
            )
            people.set_head(session, place, head.id, now)
            pairs.append(_Pair(head.id, member.id))
        admin = people.create_person(session, "admin", "管理员", place, password_hash, now)
        people.assign_role(session, admin.id, Role.ADMINISTRATOR, date(2020, 1, 1), now)
    actor = _principal(runtime, admin.id)
    with runtime.database.write() as session:
        runtime.get(WorkflowService).add_flow(session, actor, FLOW)
    return pairs


def _principal(runtime: Runtime, person_id: UUID) -> Principal:
    with runtime.database.read() as session:
        return load_principal(session, person_id, runtime.clock.now(), runtime.settings.zone)


def _approver(runtime: Runtime, person_id: UUID) -> Approver:
    person = _principal(runtime, person_id)
    with runtime.database.write() as session:
        _row, secret = runtime.get(SignInService).create_token(session, person_id, "bench", SCOPES, None)
        tasks = tuple(str(row.id) for row in runtime.get(WorkflowService).inbox(session, person))
    return Approver(secret, tasks)


def _sheet(runtime: Runtime, person_id: UUID) -> bytes:
    person, workflow = _principal(runtime, person_id), runtime.get(WorkflowService)
    with runtime.database.read() as session:
        task = workflow.inbox(session, person)[0]
        digest = workflow.get_case(session, person, task.case_id).sheet.digest
    return runtime.get(ObjectStore).read(digest)
