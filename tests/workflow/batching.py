"""Many applications that wait for one approver, and a process of its own that approves them.

``python -m tests.workflow.batching HOME DATABASE_URL USERNAME`` starts a batch of everything that
waits and prints its id; it dies by SIGKILL where ``VERMILION_FAILPOINT`` says so.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from sqlalchemy import select

from core.ids import new_id
from core.models import Person
from core.permissions import Principal, load_principal
from core.runtime import Runtime
from core.sign_in import SignInService, binding
from tests.builders import PASSWORD, PIN
from tests.e2e.approver import open_home
from vermilion import assembly
from workflow.batches import BatchView, Wanted
from workflow.service import WorkflowService

LEAVE = """
key: leave
name: {zh-CN: 请假, en: Leave}
description: {zh-CN: 请假申请, en: Ask for leave}
serial_prefix: QJ
retention_class: general
subject: "{reason}"
fields:
  - {key: reason, type: text, label: {zh-CN: 事由, en: Reason}}
steps:
  - {key: head, name: {zh-CN: 部门负责人审批, en: Head of department}, who: department_head}
"""


def apply_for_leave(runtime: Runtime, admin: Principal, applicant: Principal, count: int) -> list[UUID]:
    """So many applications, each waiting for the head of the department; the flow is added when missing."""
    workflow = runtime.get(WorkflowService)
    with runtime.database.write() as session:
        if "leave" not in {flow.key for flow in workflow.flows(session)}:
            workflow.add_flow(session, admin, LEAVE)
    return [workflow.submit(applicant, "leave", {"reason": f"年休假 {n + 1}"}) for n in range(count)]


def signed_in(runtime: Runtime, username: str) -> str:
    """A sign-in of somebody, as batches name it."""
    return binding(runtime.get(SignInService).sign_in(username, PASSWORD, "127.0.0.1").token)


def shown(runtime: Runtime, principal: Principal) -> list[Wanted]:
    """All that waits for somebody, as they are shown it now."""
    workflow = runtime.get(WorkflowService)
    with runtime.database.read() as session:
        rows = workflow.inbox(session, principal)
        return [
            Wanted(row.id, workflow.case_of_task(session, principal, row.id)[1].sheet.digest) for row in rows
        ]


def approve(
    runtime: Runtime,
    principal: Principal,
    sign_in: str,
    wanted: Sequence[Wanted],
    *,
    wait: float = 240,
    pin: str = PIN,
) -> BatchView:
    """Approve these in one batch, and wait for its end."""
    batches = runtime.get(WorkflowService).batches
    batch_id = batches.start(principal, sign_in, new_id(), wanted, "同意", pin)
    assert batches.wait(batch_id, wait)
    return look(runtime, principal, batch_id)


def look(runtime: Runtime, principal: Principal, batch_id: UUID) -> BatchView:
    """How a batch stands."""
    with runtime.database.read() as session:
        return runtime.get(WorkflowService).batches.view(session, principal, batch_id)


def main() -> None:
    home, url, username = sys.argv[1:]
    runtime = open_home(Path(home), url)
    with runtime.database.read() as session:
        person_id = session.scalars(select(Person.id).where(Person.username == username)).one()
        principal = load_principal(session, person_id, runtime.clock.now(), runtime.settings.zone)
    sign_in = signed_in(runtime, username)
    batches = runtime.get(WorkflowService).batches
    batch_id = batches.start(principal, sign_in, new_id(), shown(runtime, principal), "", PIN)
    print(batch_id, flush=True)
    batches.wait(batch_id, 120)
    assembly.close(runtime)


if __name__ == "__main__":
    main()
