"""Many approvals with one PIN entry: each has its result, none is lost, none is made twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from core.database import Database
from core.errors import InvalidInput, NotFound
from core.ids import new_id
from core.models import AuditEntry, SignIn
from signing.custody_models import SigningSession
from signing.errors import SigningSessionOver, WrongPin
from signing.verification import verify_pdf
from tests.builders import PIN
from tests.office import Office, open_office
from tests.workflow.batching import apply_for_leave, approve, look, shown, signed_in
from workflow.batch_models import Batch, ItemState
from workflow.batches import Wanted
from workflow.errors import BatchRuns
from workflow.models import CaseState, Decision


def waiting(office: Office, count: int) -> list[UUID]:
    return apply_for_leave(office.runtime, office.principal("admin"), office.principal("staff"), count)


def decisions(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(Decision)) or 0


@pytest.mark.slow
def test_a_hundred_approvals_take_one_pin_entry(office: Office) -> None:
    cases = waiting(office, 100)
    head, sign_in = office.principal("head"), signed_in(office.runtime, "head")
    wanted = shown(office.runtime, head)
    began = time.monotonic()
    view = approve(office.runtime, head, sign_in, wanted)
    print(f"\n100 approvals in one batch: {time.monotonic() - began:.1f} s")
    assert view.state == "done"
    assert [line.state for line in view.lines] == [ItemState.DONE] * 100
    assert [line.case_id for line in view.lines] == cases
    assert decisions(office.runtime.database) == 100
    for case_id in (cases[0], cases[57], cases[99]):
        assert office.view("staff", case_id).case.state == CaseState.COMPLETED
        verdict = verify_pdf(office.papers(case_id)["sheet"], office.roots(), datetime.now(UTC))
        assert verdict.outcome == "valid"
        assert verdict.facts.signatures[1].signer == "王芳"
    with office.runtime.database.read() as session:
        kept = session.scalars(select(SigningSession)).one()
        openings = session.scalars(
            select(AuditEntry.payload).where(AuditEntry.action == "signing_session.opened")
        ).all()
    assert (kept.used, kept.most, kept.end_reason) == (100, 100, "done")
    assert len(openings) == 1 and openings[0] is not None and openings[0]["signatures"] == 100


def test_what_fails_is_named_and_the_rest_is_done_and_it_can_be_repeated(office: Office) -> None:
    cases = waiting(office, 5)
    head, sign_in = office.principal("head"), signed_in(office.runtime, "head")
    wanted = shown(office.runtime, head)
    office.workflow.withdraw(office.principal("staff"), cases[1])
    office.decide("head", cases[2])
    stale = [*wanted[:3], Wanted(wanted[3].task_id, "0" * 64), wanted[4]]
    view = approve(office.runtime, head, sign_in, stale)
    assert view.state == "done"
    assert [(line.state, line.error_code) for line in view.lines] == [
        (ItemState.DONE, None),
        (ItemState.FAILED, "task-finished"),
        (ItemState.FAILED, "task-finished"),
        (ItemState.FAILED, "stale-page"),
        (ItemState.DONE, None),
    ]
    batches = office.workflow.batches
    again = [one for one in shown(office.runtime, head) if one.task_id == wanted[3].task_id]
    batches.repeat(head, sign_in, view.id, again, PIN)
    assert batches.wait(view.id, 60)
    after = look(office.runtime, head, view.id)
    assert [line.error_code for line in after.lines] == [None, "task-finished", "task-finished", None, None]
    assert office.view("staff", cases[3]).case.state == CaseState.COMPLETED
    with pytest.raises(InvalidInput):  # what is done is not tried again
        batches.repeat(head, sign_in, view.id, wanted[:1], PIN)


def test_the_same_form_sent_often_and_at_once_makes_one_batch(office_anywhere: Office) -> None:
    office = office_anywhere
    waiting(office, 3)
    head, sign_in = office.principal("head"), signed_in(office.runtime, "head")
    wanted, key = shown(office.runtime, head), new_id()
    batches = office.workflow.batches
    made: list[UUID] = []

    def send() -> None:
        made.append(batches.start(head, sign_in, key, wanted, "", PIN))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(made) == 4 and len(set(made)) == 1
    assert batches.wait(made[0], 60)
    assert batches.start(head, sign_in, key, wanted, "", "whatever") == made[0]
    assert decisions(office.runtime.database) == 3
    with office.runtime.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Batch)) == 1


def test_a_batch_begins_with_the_right_pin_only_and_with_ones_own_tasks_only(office: Office) -> None:
    waiting(office, 2)
    head, sign_in = office.principal("head"), signed_in(office.runtime, "head")
    wanted = shown(office.runtime, head)
    with pytest.raises(WrongPin):
        office.workflow.batches.start(head, sign_in, new_id(), wanted, "", "907354")
    with pytest.raises(NotFound):
        office.workflow.batches.start(office.principal("gm"), sign_in, new_id(), wanted, "", PIN)
    with pytest.raises(InvalidInput):
        office.workflow.batches.start(head, sign_in, new_id(), [], "", PIN)
    view = approve(office.runtime, head, sign_in, wanted[:1])
    with office.runtime.database.read() as session, pytest.raises(NotFound):
        office.workflow.batches.view(session, office.principal("gm"), view.id)
    assert decisions(office.runtime.database) == 1


def test_signing_out_ends_the_work(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting(office, 3)
    head, sign_in = office.principal("head"), signed_in(office.runtime, "head")
    real, calls = office.signing.sessions.take, 0

    def take(*arguments: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 2:
            with office.runtime.database.write() as session:
                session.query(SignIn).delete()
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(office.signing.sessions, "take", take)
    view = approve(office.runtime, head, sign_in, shown(office.runtime, head))
    assert (view.state, view.stop_code) == ("stopped", "signing-session-over")
    assert [line.state for line in view.lines] == [ItemState.DONE, ItemState.WAITING, ItemState.WAITING]


def test_a_running_batch_is_not_repeated(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting(office, 1)
    head, sign_in = office.principal("head"), signed_in(office.runtime, "head")
    wanted, go_on = shown(office.runtime, head), threading.Event()
    real = office.signing.sessions.take

    def take(*arguments: object) -> object:
        go_on.wait(30)
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(office.signing.sessions, "take", take)
    batches = office.workflow.batches
    batch_id = batches.start(head, sign_in, new_id(), wanted, "", PIN)
    with pytest.raises(BatchRuns):
        batches.repeat(head, sign_in, batch_id, wanted, PIN)
    go_on.set()
    assert batches.wait(batch_id, 60)
    assert look(office.runtime, head, batch_id).state == "done"


@pytest.mark.parametrize("failpoint", ["decide.before_commit", "decide.after_commit"])
def test_a_killed_process_loses_nothing_and_the_rest_is_repeated(
    tmp_path: Path, empty_database_url: str, failpoint: str
) -> None:
    home = tmp_path / "home"
    with open_office(home, empty_database_url) as office:
        waiting(office, 4)
        environment = {**os.environ, "VERMILION_FAILPOINT": failpoint}
        command = [sys.executable, "-m", "tests.workflow.batching", str(home), empty_database_url, "head"]
        killed = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        batch_id = UUID(killed.stdout.strip())
        head, sign_in = office.principal("head"), signed_in(office.runtime, "head")
        committed = decisions(office.runtime.database)
        assert committed == (1 if failpoint == "decide.after_commit" else 0)
        view = look(office.runtime, head, batch_id)
        assert view.count(ItemState.DONE) == committed
        assert view.state == "running"  # until it has been silent for a while
        with office.runtime.database.write() as session:
            session.execute(update(Batch).values(alive_at=datetime(2026, 1, 1, tzinfo=UTC)))
        assert look(office.runtime, head, batch_id).state == "interrupted"
        wanted = shown(office.runtime, head)
        assert len(wanted) == 4 - committed
        office.workflow.batches.repeat(head, sign_in, batch_id, wanted, PIN)
        assert office.workflow.batches.wait(batch_id, 60)
        after = look(office.runtime, head, batch_id)
        assert after.count(ItemState.DONE) == 4
        assert decisions(office.runtime.database) == 4


def test_a_session_reaches_just_what_was_shown(office: Office) -> None:
    sign_in, head = signed_in(office.runtime, "head"), office.principal("head")
    sessions = office.signing.sessions
    one = office.signing.open_session(head, PIN, sign_in, ["a" * 64, "a" * 64, "b" * 64])
    for person, bound, digest in (
        (head.person_id, sign_in, "c" * 64),
        (office.company.people["gm"], sign_in, "a" * 64),
        (head.person_id, signed_in(office.runtime, "head"), "a" * 64),
    ):
        with pytest.raises(SigningSessionOver):
            sessions.take(one, person, bound, digest)
    for digest in ("a" * 64, "b" * 64, "a" * 64):
        assert sessions.take(one, head.person_id, sign_in, digest).name == "王芳"
    with pytest.raises(SigningSessionOver):
        sessions.take(one, head.person_id, sign_in, "a" * 64)
    two = office.signing.open_session(head, PIN, sign_in, ["a" * 64])
    sessions.close(two, "done")
    with pytest.raises(SigningSessionOver):
        sessions.take(two, head.person_id, sign_in, "a" * 64)
    three = office.signing.open_session(head, PIN, sign_in, ["a" * 64])
    with office.runtime.database.write() as session:  # as another process ends it
        session.execute(update(SigningSession).values(expires_at=datetime(2026, 1, 1, tzinfo=UTC)))
    with pytest.raises(SigningSessionOver):
        sessions.take(three, head.person_id, sign_in, "a" * 64)
    assert not sessions.is_open_here(three)
