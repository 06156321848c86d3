"""Keeping periods of finished cases."""

from __future__ import annotations

from dataclasses import asdict
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit
from core.clock import Clock
from core.database import Database, insert_unless_there
from core.errors import NotFound
from core.permissions import Principal, ResourceType, require_read
from core.settings import Settings
from retention.models import RetentionTerm
from retention.schedule import term
from workflow.flows import load_flow
from workflow.models import Case, FlowVersion


class RetentionService:
    """Gives finished cases their retention class and end date."""

    def __init__(self, database: Database, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings

    def classify(self, session: Session, case_id: UUID) -> RetentionTerm:
        """Fix the keeping period of a finished case. Done once: a later rule does not shorten it.

        Raises NotFound for a case that is not finished.
        """
        case = session.get(Case, case_id)
        if case is None or case.finished_at is None:
            raise NotFound(what="case")
        flow = load_flow(session.get_one(FlowVersion, case.flow_version_id).definition)
        finished_on = case.finished_at.astimezone(self._settings.zone).date()
        found = term(flow.retention_class, finished_on)
        inserted = insert_unless_there(
            session,
            RetentionTerm,
            [
                {
                    "case_id": case_id,
                    "retention_class": found.rule.retention_class,
                    "starts_on": found.starts_on,
                    "keep_until": found.keep_until,
                    "rule": asdict(found.rule),
                }
            ],
        )
        if inserted:
            audit.record(
                session,
                self._clock.now(),
                None,
                "case.retention_set",
                "case",
                case_id,
                {
                    "class": found.rule.retention_class,
                    "keep_until": found.keep_until.isoformat() if found.keep_until else None,
                },
            )
        return session.scalars(select(RetentionTerm).where(RetentionTerm.case_id == case_id)).one()

    def term_of(self, session: Session, principal: Principal, case_id: UUID) -> RetentionTerm | None:
        """The keeping period of a case that the person may see, once it has one. Raises NotFound."""
        require_read(session, principal, ResourceType.CASE, case_id)
        return session.get(RetentionTerm, case_id)
