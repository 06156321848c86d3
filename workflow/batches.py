"""Batches: many approvals with one PIN entry, worked in the background, each with its own result.

The work runs in a thread of the process that took the PIN, because the opened key never leaves that
process (``signing.sessions``): so it cannot go through the outbox, which hands work to any process.
What the outbox promises is kept in another way. The batch is committed before the work begins; each
decision and its result are one transaction; a batch whose process died is seen by its silence, and
what was not done is done by repeating the batch with the PIN.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core import audit
from core.clock import Clock
from core.database import Database
from core.errors import InvalidInput, NotFound, VermilionError
from core.models import Person
from core.permissions import Principal, load_principal
from core.settings import Settings
from signing.errors import SigningSessionOver
from signing.service import SigningService
from workflow.batch_models import Batch, BatchItem, BatchState, ItemState
from workflow.deciding import Deciding, DecisionResult
from workflow.deciding_rules import check_comment
from workflow.errors import BatchRuns
from workflow.models import Case, Outcome, Task, TaskCandidate

log = structlog.get_logger()

_STALE_READ: Final = 30.0
"""Seconds for which a row that was read before the end of its batch may be in somebody's hands."""
SILENT_AFTER: Final = timedelta(seconds=20)
"""A running batch that was not heard of for so long has lost its process."""
_BEAT: Final = 5.0
_PROCESS: Final = secrets.token_hex(16)


@dataclass(frozen=True)
class Wanted:
    """One approval that somebody asks for: the task, and the digest of the sheet they were shown."""

    task_id: UUID
    shown_digest: str


@dataclass(frozen=True)
class BatchLine:
    """One approval of a batch and how it stands. ``error_code`` names the reason of a failure."""

    task_id: UUID
    case_id: UUID
    serial_number: str
    subject: str
    amount: Decimal | None
    state: ItemState
    error_code: str | None
    error_context: dict[str, Any]


@dataclass(frozen=True)
class BatchView:
    """A batch as its person sees it. ``state`` is running, done, stopped or interrupted."""

    id: UUID
    state: str
    comment: str
    stop_code: str | None
    created_at: datetime
    ended_at: datetime | None
    lines: tuple[BatchLine, ...]

    def count(self, state: ItemState) -> int:
        """How many approvals stand so."""
        return sum(1 for line in self.lines if line.state == state)

    @property
    def open_lines(self) -> list[BatchLine]:
        """What a repetition would do: all that is not done."""
        return [line for line in self.lines if line.state != ItemState.DONE]


class Batches:
    """Starts, works and shows batches. Opens its own transactions."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        settings: Settings,
        signing: SigningService,
        deciding: Deciding,
    ) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._signing = signing
        self._deciding = deciding
        self._running: dict[UUID, threading.Thread] = {}
        self._ended: dict[UUID, float] = {}

    def start(
        self, principal: Principal, sign_in: str, key: UUID, wanted: Sequence[Wanted], comment: str, pin: str
    ) -> UUID:
        """Approve these tasks in the background; returns the batch's id at once.

        ``key`` makes a repetition of the same form harmless; ``sign_in`` is ``core.sign_in.binding``.
        Raises InvalidInput, TextTooLong, and what unlocking raises; then there is no batch.
        """
        comment = check_comment(Outcome.APPROVED, comment)
        self._check(wanted)
        with self._database.read() as session:
            known = self._find(session, principal, key)
            if known is not None:
                return known
            self._signing.check_ready(session)
        session_id = self._open(principal, sign_in, wanted, pin)
        try:
            with self._database.write() as session:
                batch_id = self._insert(session, principal, key, session_id, wanted, comment)
        except BaseException:
            self._signing.sessions.close(session_id, "unused")
            raise
        if batch_id is None:  # the same form came twice at once; the other one works
            self._signing.sessions.close(session_id, "unused")
            with self._database.read() as session:
                return self._find(session, principal, key) or key
        self._work(batch_id, principal.person_id, sign_in, session_id)
        return batch_id

    def repeat(
        self, principal: Principal, sign_in: str, batch_id: UUID, wanted: Sequence[Wanted], pin: str
    ) -> None:
        """Try again what is not done, with the digests that were shown now; what is done stays.

        Raises NotFound, BatchRuns, InvalidInput, and what unlocking raises.
        """
        self._check(wanted)
        with self._database.read() as session:
            view = self.view(session, principal, batch_id)
        open_tasks = {line.task_id for line in view.open_lines}
        if view.state == "running":
            raise BatchRuns()
        if not {one.task_id for one in wanted} <= open_tasks:
            raise InvalidInput(field="items", reason="done")
        session_id = self._open(principal, sign_in, wanted, pin)
        now = self._clock.now()
        with self._database.write() as session:
            batch = session.scalars(select(Batch).where(Batch.id == batch_id).with_for_update()).one()
            is_free = self._state(batch, now) != "running"
            if is_free:
                batch.state, batch.session_id, batch.owner = BatchState.RUNNING, session_id, _PROCESS
                batch.alive_at, batch.ended_at, batch.stop_code = now, None, None
                for one in wanted:
                    session.execute(
                        update(BatchItem)
                        .where(
                            BatchItem.batch_id == batch_id,
                            BatchItem.task_id == one.task_id,
                            BatchItem.state != ItemState.DONE,
                        )
                        .values(
                            state=ItemState.WAITING,
                            shown_digest=one.shown_digest,
                            error_code=None,
                            error_context=None,
                            ended_at=None,
                        )
                    )
                audit.record(session, now, principal.person_id, "batch.repeated", "batch", batch_id,
                    {"tasks": len(wanted)})  # fmt: skip
        if not is_free:
            self._signing.sessions.close(session_id, "unused")
            raise BatchRuns()
        self._work(batch_id, principal.person_id, sign_in, session_id)

    def view(self, session: Session, principal: Principal, batch_id: UUID) -> BatchView:
        """A person's own batch. Raises NotFound, also for somebody else's."""
        batch = session.get(Batch, batch_id)
        if batch is None or batch.person_id != principal.person_id:
            raise NotFound(what="batch")
        rows = session.execute(
            select(BatchItem, Case)
            .join(Task, Task.id == BatchItem.task_id)
            .join(Case, Case.id == Task.case_id)
            .where(BatchItem.batch_id == batch_id)
            .order_by(BatchItem.position)
        ).all()
        lines = tuple(
            BatchLine(
                item.task_id,
                case.id,
                case.serial_number,
                case.subject,
                case.amount,
                ItemState(item.state),
                item.error_code,
                dict(item.error_context or {}),
            )
            for item, case in rows
        )
        state = self._state(batch, self._clock.now())
        return BatchView(
            batch.id, state, batch.comment, batch.stop_code, batch.created_at, batch.ended_at, lines
        )

    def list_batches(self, session: Session, principal: Principal, limit: int = 10) -> list[BatchView]:
        """A person's newest batches."""
        ids = session.scalars(
            select(Batch.id)
            .where(Batch.person_id == principal.person_id)
            .order_by(Batch.created_at.desc())
            .limit(limit)
        ).all()
        return [self.view(session, principal, batch_id) for batch_id in ids]

    def wait(self, batch_id: UUID, seconds: float) -> bool:
        """Wait for the work of this process on a batch. Whether it has ended."""
        thread = self._running.get(batch_id)
        if thread is not None:
            thread.join(seconds)
        return batch_id not in self._running

    def _check(self, wanted: Sequence[Wanted]) -> None:
        ids = {one.task_id for one in wanted}
        if not 1 <= len(ids) <= self._settings.batch_most or len(ids) != len(wanted):
            raise InvalidInput(field="items", reason=f"1–{self._settings.batch_most}")

    def _open(self, principal: Principal, sign_in: str, wanted: Sequence[Wanted], pin: str) -> UUID:
        digests = [one.shown_digest for one in wanted]
        return self._signing.open_session(principal, pin, sign_in, digests)

    def _find(self, session: Session, principal: Principal, key: UUID) -> UUID | None:
        return session.scalar(
            select(Batch.id).where(Batch.person_id == principal.person_id, Batch.key == key)
        )

    def _insert(
        self,
        session: Session,
        principal: Principal,
        key: UUID,
        session_id: UUID,
        wanted: Sequence[Wanted],
        comment: str,
    ) -> UUID | None:
        """Write the batch; None when another request with this key was first."""
        # The person's row is the lock: the same form sent twice at once makes one batch.
        session.scalar(select(Person.id).where(Person.id == principal.person_id).with_for_update())
        if self._find(session, principal, key) is not None:
            return None
        now = self._clock.now()
        mine = session.scalars(
            select(TaskCandidate.task_id).where(
                TaskCandidate.task_id.in_([one.task_id for one in wanted]),
                TaskCandidate.person_id == principal.person_id,
            )
        ).all()
        if len(mine) != len(wanted):  # what is not the person's is not told, not even its subject
            raise NotFound(what="task")
        batch = Batch(
            person_id=principal.person_id,
            key=key,
            comment=comment,
            state=BatchState.RUNNING,
            session_id=session_id,
            owner=_PROCESS,
            alive_at=now,
            created_at=now,
        )
        session.add(batch)
        session.flush()
        for position, one in enumerate(wanted):
            session.add(
                BatchItem(
                    batch_id=batch.id,
                    task_id=one.task_id,
                    position=position,
                    shown_digest=one.shown_digest,
                    state=ItemState.WAITING,
                )
            )
        audit.record(
            session, now, principal.person_id, "batch.started", "batch", batch.id, {"tasks": len(wanted)}
        )
        return batch.id

    def _state(self, batch: Batch, now: datetime) -> str:
        if batch.state != BatchState.RUNNING:
            return str(BatchState(batch.state).value)
        if batch.owner == _PROCESS:
            # Who read the row before its end was written may ask after the thread is gone.
            has_just_ended = time.monotonic() - self._ended.get(batch.id, float("-inf")) < _STALE_READ
            return "running" if batch.id in self._running or has_just_ended else "interrupted"
        return "running" if now - batch.alive_at < SILENT_AFTER else "interrupted"

    # the work itself

    def _work(self, batch_id: UUID, person_id: UUID, sign_in: str, session_id: UUID) -> None:
        thread = threading.Thread(
            target=self._run, args=(batch_id, person_id, sign_in, session_id), name="batch", daemon=True
        )
        self._running[batch_id] = thread
        thread.start()

    def _run(self, batch_id: UUID, person_id: UUID, sign_in: str, session_id: UUID) -> None:
        ended = threading.Event()
        beat = threading.Thread(target=self._beat, args=(batch_id, ended), name="batch-beat", daemon=True)
        beat.start()
        state, stop_code = BatchState.STOPPED, "internal"
        try:
            state, stop_code = self._run_items(batch_id, person_id, sign_in, session_id)
        except Exception as error:  # nobody else would ever hear of it
            log.error("batch_failed", batch=str(batch_id), exc_info=error)
        finally:
            ended.set()
            try:
                self._signing.sessions.close(session_id, "done")
                self._end(batch_id, state, stop_code)
                self._note_end(batch_id)
            except Exception as error:  # the database is away: the batch will be seen as interrupted
                log.error("batch_not_ended", batch=str(batch_id), exc_info=error)
            self._running.pop(batch_id, None)

    def _note_end(self, batch_id: UUID) -> None:
        now = time.monotonic()
        recent = {one: at for one, at in self._ended.items() if now - at < _STALE_READ}
        self._ended = {**recent, batch_id: now}

    def _run_items(
        self, batch_id: UUID, person_id: UUID, sign_in: str, session_id: UUID
    ) -> tuple[BatchState, str]:
        with self._database.read() as session:
            items = session.scalars(
                select(BatchItem)
                .where(BatchItem.batch_id == batch_id, BatchItem.state == ItemState.WAITING)
                .order_by(BatchItem.position)
            ).all()
            comment = session.get_one(Batch, batch_id).comment
        for item in items:
            try:
                self._approve(batch_id, item, person_id, sign_in, session_id, comment)
            except SigningSessionOver as error:
                return BatchState.STOPPED, error.code
            except VermilionError as error:
                self._fail(batch_id, item.task_id, error.code, _plain(error.context))
            except Exception as error:  # one bad case must not end the others
                log.error("batch_item_failed", batch=str(batch_id), task=str(item.task_id), exc_info=error)
                self._fail(batch_id, item.task_id, "internal", {})
        return BatchState.DONE, ""

    def _approve(
        self, batch_id: UUID, item: BatchItem, person_id: UUID, sign_in: str, session_id: UUID, comment: str
    ) -> None:
        now = self._clock.now()
        with self._database.read() as session:
            principal = load_principal(session, person_id, now, self._settings.zone)

        def note(session: Session, result: DecisionResult) -> None:
            session.execute(
                _of_item(batch_id, item.task_id).values(
                    state=ItemState.DONE, decision_id=result.decision_id, ended_at=self._clock.now()
                )
            )

        self._deciding.decide_with(
            principal,
            item.task_id,
            Outcome.APPROVED,
            comment,
            item.shown_digest,
            lambda: self._signing.sessions.take(session_id, person_id, sign_in, item.shown_digest),
            note,
        )

    def _fail(self, batch_id: UUID, task_id: UUID, code: str, context: dict[str, Any]) -> None:
        with self._database.write() as session:
            session.execute(
                _of_item(batch_id, task_id).values(
                    state=ItemState.FAILED,
                    error_code=code,
                    error_context=context,
                    ended_at=self._clock.now(),
                )
            )

    def _end(self, batch_id: UUID, state: BatchState, stop_code: str) -> None:
        now = self._clock.now()
        with self._database.write() as session:
            batch = session.get_one(Batch, batch_id)
            batch.state, batch.ended_at, batch.stop_code = state, now, stop_code or None
            states = session.scalars(select(BatchItem.state).where(BatchItem.batch_id == batch_id)).all()
            audit.record(
                session,
                now,
                batch.person_id,
                "batch.ended",
                "batch",
                batch_id,
                {each.value: states.count(each) for each in ItemState},
            )

    def _beat(self, batch_id: UUID, ended: threading.Event) -> None:
        while not ended.wait(_BEAT):
            try:
                with self._database.write() as session:
                    session.execute(
                        update(Batch).where(Batch.id == batch_id).values(alive_at=self._clock.now())
                    )
            except Exception as error:  # the database may be away for a while
                log.warning("batch_beat_failed", batch=str(batch_id), exc_info=error)


def _of_item(batch_id: UUID, task_id: UUID) -> Any:
    return update(BatchItem).where(
        BatchItem.batch_id == batch_id, BatchItem.task_id == task_id, BatchItem.state != ItemState.DONE
    )


def _plain(context: dict[str, object]) -> dict[str, Any]:
    """What a message names, as JSON."""
    return {
        name: value if isinstance(value, int | str) else str(value)
        for name, value in context.items()
        if name != "field"
    }
