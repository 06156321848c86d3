"""Rows of all searchable kinds, written straight into the tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

import ingest.records
import search.tasks
import signing.records
import workflow.records
from core.ids import new_id
from core.permissions import ResourceType, grant_access
from core.runtime import Runtime
from ingest.models import Document, DocumentKind, DocumentState, PageText
from search.index import Index
from search.keeping import announce
from search.service import Searcher
from search.synonyms import Synonyms
from signing.models import Certificate, CertificateRole, Seal, SealAuthorisation, SealRecord, SealState
from tests.builders import Company
from workflow import flows
from workflow.models import (
    Case,
    CaseState,
    Comment,
    Decision,
    FlowVersion,
    Outcome,
    Task,
    TaskCandidate,
    TaskState,
)

TASKS = search.tasks
"""Imported for its effect: the tasks are registered."""


def make_searcher(runtime: Runtime, index: Index, synonyms: Synonyms | None = None) -> Searcher:
    """A searcher over all kinds, part of the runtime."""
    searcher = Searcher(runtime.database, index, runtime.clock, runtime.settings.zone, synonyms)
    for kind, module in (
        ("document", ingest.records),
        ("case", workflow.records),
        ("seal_record", signing.records),
    ):
        searcher.register(kind, module.records, module.ids, module.vocabulary)
    runtime.add(searcher)
    return searcher


@dataclass
class Rows:
    """Writes rows of a company. Nothing is announced unless it says so."""

    company: Company
    minutes: int = 0
    numbers: dict[UUID, int] = field(default_factory=dict)

    def add_document(
        self,
        session: Session,
        title: str,
        *,
        pages: Sequence[str] = (),
        owner: str = "staff",
        kind: DocumentKind = DocumentKind.CONTRACT,
        terms: Sequence[str] = (),
        is_announced: bool = True,
    ) -> UUID:
        """A document that its terms may read, by default its owner."""
        self.minutes += 1
        now = self.company.runtime.clock.now() + timedelta(minutes=self.minutes)
        document = Document(
            kind=kind,
            title=title,
            state=DocumentState.READY,
            refusal=None,
            owner_id=self.company.people[owner],
            entity_id=self.company.entity_id,
            department_id=self.company.departments["market"],
            original_digest=f"{new_id().hex}{new_id().hex}",
            current_version=1,
            created_at=now,
        )
        session.add(document)
        session.flush()
        for number, text in enumerate(pages, start=1):
            if text:
                session.add(PageText(document_id=document.id, page=number, text=text))
        grant_access(
            session,
            ResourceType.DOCUMENT,
            document.id,
            terms or [f"person:{self.company.people[owner]}"],
        )
        if is_announced:
            announce(session, "document", document.id, self.company.runtime.clock.now())
        return document.id

    def add_seal(self, session: Session, name: str = "合同专用章") -> Seal:
        """A seal of the company, kept by the keeper."""
        now = self.company.runtime.clock.now()
        certificate = Certificate(
            role=CertificateRole.SEAL,
            subject=name,
            serial_number=new_id().hex,
            issuer_id=None,
            der=b"",
            wrapped_key=None,
            not_before=now,
            not_after=now,
            revoked_at=None,
            revocation_reason=None,
        )
        session.add(certificate)
        session.flush()
        seal = Seal(
            entity_id=self.company.entity_id,
            name=name,
            kind="contract",
            code=None,
            diameter_mm=42.0,
            keeper_id=self.company.people["keeper"],
            state=SealState.ACTIVE,
            certificate_id=certificate.id,
            wrapped_key=b"",
            created_at=now,
        )
        session.add(seal)
        session.flush()
        return seal

    def add_seal_record(
        self, session: Session, seal: Seal, subject: str, counterparty: str | None = None
    ) -> SealRecord:
        """A line of the register: applied for by staff, approved by legal, sealed by the keeper."""
        self.numbers[seal.id] = self.numbers.get(seal.id, 0) + 1
        people, now = self.company.people, self.company.runtime.clock.now()
        common: dict[str, Any] = {
            "seal_id": seal.id,
            "case_id": new_id(),
            "case_serial": f"YY-2026-{self.numbers[seal.id]:05d}",
            "document_id": new_id(),
            "document_title": f"{subject}.pdf",
            "copies": 2,
            "subject": subject,
            "counterparty": counterparty,
            "applicant_id": people["staff"],
            "department_id": self.company.departments["market"],
            "approver_ids": [str(people["legal"])],
        }
        authorisation = SealAuthorisation(
            **common, digest="0" * 64, expires_at=now, revoked_at=None, created_at=now
        )
        session.add(authorisation)
        session.flush()
        row = SealRecord(
            **common,
            year=2026,
            number=self.numbers[seal.id],
            authorisation_id=authorisation.id,
            digest_before="a" * 64,
            digest_after=f"{new_id().hex}{new_id().hex}",
            placements=[],
            keeper_id=people["keeper"],
            sealed_at=now,
        )
        session.add(row)
        session.flush()
        grant_access(session, ResourceType.SEAL_RECORD, row.id, [f"seal:{seal.id}"])
        announce(session, "seal_record", row.id, now)
        return row

    def add_case(self, session: Session, seal: Seal, title: str, comment: str = "同意") -> Case:
        """A completed contract case: one decision with a comment by legal, one remark by staff."""
        people, now = self.company.people, self.company.runtime.clock.now()
        flow = next(flow for flow in flows.shipped_flows() if flow.key == "contract")
        version = session.query(FlowVersion).filter_by(key="contract").one_or_none()
        if version is None:
            version = FlowVersion(
                key="contract",
                version=1,
                definition=flow.model_dump(mode="json", by_alias=True),
                created_at=now,
            )
            session.add(version)
            session.flush()
        sheet = self.add_document(session, f"审批表 {title}", kind=DocumentKind.FORM, is_announced=False)
        self.numbers[version.id] = self.numbers.get(version.id, 0) + 1
        case = Case(
            serial_number=f"HT-2026-{self.numbers[version.id]:05d}",
            flow_version_id=version.id,
            flow_key="contract",
            subject=title,
            amount=Decimal("1234567.80"),
            counterparty="上海华天科技股份有限公司",
            form={
                "title": title,
                "counterparty": "上海华天科技股份有限公司",
                "amount": "1234567.80",
                "direction": "pay",
                "seal": str(seal.id),
                "copies": 2,
                "contract": [],
                "attachments": [],
                "note": "加急办理",
            },
            applicant_id=people["staff"],
            entity_id=self.company.entity_id,
            department_id=self.company.departments["market"],
            state=CaseState.COMPLETED,
            sheet_id=sheet,
            verify_token=new_id().hex,
            submitted_at=now,
            finished_at=now,
            evidence_error=None,
        )
        session.add(case)
        session.flush()
        task = Task(
            case_id=case.id, step_key="legal", kind="approve", round=1, state=TaskState.DONE, field_name=None,
            created_at=now, finished_at=now,
        )  # fmt: skip
        session.add(task)
        session.flush()
        session.add(TaskCandidate(task_id=task.id, person_id=people["legal"]))
        session.add(
            Decision(
                task_id=task.id, case_id=case.id, person_id=people["legal"], outcome=Outcome.APPROVED,
                comment=comment, shown_digest="0" * 64, signed_digest="0" * 64, decided_at=now,
            )
        )  # fmt: skip
        session.add(Comment(case_id=case.id, person_id=people["staff"], text="请尽快处理", created_at=now))
        grant_access(session, ResourceType.CASE, case.id, [f"person:{people['staff']}"])
        announce(session, "case", case.id, now)
        return case
