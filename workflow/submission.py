"""Submitting a form: the case, its certified sheet, its prepared documents, its first tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from core.clock import Clock
from core.database import Database
from core.errors import VermilionError
from core.permissions import Principal
from core.settings import Settings
from ingest.errors import ActiveContent, FileRefused
from ingest.service import IngestService
from signing.errors import (
    AnchorNotFound,
    KeywordNotFound,
    PlacementMissing,
    PlacementOffPage,
    PlacementOverlaps,
    SigningRefused,
    StraddleNeedsPages,
)
from signing.service import SigningService
from storage.service import ObjectStore
from workflow import claim_sheet, sheet
from workflow.advancing import Advancing
from workflow.claims import Claims
from workflow.errors import FormInvalid, StalePage
from workflow.flows import ByKeeper
from workflow.form_reading import FormReading
from workflow.places import Places, seal_steps, wishes_of
from workflow.rounds import Rounds
from workflow.sheets import MOST_TRIES, Sheets, SheetsMoved, SheetState
from workflow.submitted import Attached, Submission, document_fields

NOT_PLACED: Final = (
    AnchorNotFound,
    KeywordNotFound,
    PlacementMissing,
    PlacementOffPage,
    PlacementOverlaps,
    StraddleNeedsPages,
)
"""Why a place for a seal cannot be made ready: the document is not as the flow expects it."""


class Submitting:
    """The verb *submit*. Opens its own transactions: typesetting and signing happen outside them."""

    def __init__(
        self,
        database: Database,
        store: ObjectStore,
        ingest: IngestService,
        signing: SigningService,
        clock: Clock,
        settings: Settings,
        advancing: Advancing,
        claims: Claims,
        sheets: Sheets,
    ) -> None:
        self._database = database
        self._store = store
        self._ingest = ingest
        self._signing = signing
        self._settings = settings
        self._claims = claims
        self._reading = FormReading(database, ingest, signing, clock, settings, claims)
        self._sheets = sheets
        self._rounds = Rounds(ingest, clock, advancing, sheets)
        self._places = Places(ingest, signing)

    def submit(
        self, principal: Principal, flow_key: str, form: Mapping[str, Any], resubmit: UUID | None = None
    ) -> UUID:
        """Submit a form, or with ``resubmit`` a returned case again. Returns the case's id.

        Raises FormInvalid (a problem for each field), NoApprover, AuthorityNotReady, NotFound,
        TransitionNotAllowed.
        """
        submission = self._reading.read(principal, flow_key, form, resubmit)
        self._prepare_documents(submission)
        parts, heads = self._appendix(submission)
        for _ in range(MOST_TRIES):
            with self._database.read() as session:
                earlier = self._sheets.states(session, submission.case_id)
            made = self._sheets.make(self._sheet_data(submission, heads, earlier), earlier, parts)
            try:
                with self._database.write() as session:
                    enter = self._rounds.create if resubmit is None else self._rounds.renew
                    case = enter(session, submission, made)
                    if submission.claim is not None:
                        self._claims.write(session, principal, case, submission.claim)
            except SheetsMoved:  # a time-stamp came late to the last sheet
                continue
            return submission.case_id
        raise StalePage()

    def _prepare_documents(self, submission: Submission) -> None:
        """Give documents that are signed in place an invisible field for each who will sign them, and
        one for each place that the seal shall have."""
        problems: dict[str, VermilionError] = {}
        for attached in submission.attached:
            if not attached.is_signed_in_place:
                continue
            try:
                fields = document_fields(
                    submission.flow, attached.field.key, submission.case_id, submission.round
                )
                with self._store.copied(attached.version.digest) as path:
                    self._ingest.signable(path)
                    is_ready = self._make_ready_for_seals(submission, attached, path)
                    if fields:
                        self._signing.add_fields_to_file(path, fields)
                    if fields or is_ready:
                        attached.prepared = self._store.keep(path)
            except SigningRefused as problem:
                self._ingest.note_unsignable(attached.version.id)
                problems[attached.field.key] = problem
            except (ActiveContent, FileRefused, *NOT_PLACED) as problem:
                problems[attached.field.key] = problem
        if problems:
            raise FormInvalid(problems)

    def _make_ready_for_seals(self, submission: Submission, attached: Attached, path: Path) -> bool:
        """Give a file a field for each place that the flow or the applicant wants sealed, if there is any.

        What was signed before it came here takes no such fields; the keeper's seal signs each place then.
        """
        is_ready = False
        for step in seal_steps(submission.flow, attached.field.key):
            wishes = wishes_of(step, submission.values, attached.version.pages or 0)
            chosen = submission.values.get(step.who.keeper_of) if isinstance(step.who, ByKeeper) else None
            if not wishes or not chosen or any(self._signing.field_names(path).values()):
                continue
            group = f"{submission.case_id.hex[-12:]}_{submission.round}_{step.key}"
            with self._database.read() as session:
                size = self._signing.seal_drawing(session, UUID(chosen)).size_mm
            places = self._places.resolve(attached.version.digest, path, size, wishes)
            self._signing.reserve_seal(path, size, places, group)
            is_ready = True
        return is_ready

    def _appendix(self, submission: Submission) -> tuple[list[tuple[str, int]], tuple[tuple[str, str], ...]]:
        """The archival copies that are drawn behind the sheet, and what stands above each page."""
        claim = submission.claim
        if claim is None or not claim.lines:
            return [], ()
        versions = {one.document_id: one.version for one in submission.attached}
        copies = {}
        for line in claim.lines:
            document_id = line.invoice.document_id
            try:
                copies[document_id] = self._ingest.archiving.archival(versions[document_id].id)
            except FileRefused as problem:
                raise FormInvalid({claim.field.key: problem}) from problem
        appendices, heads = claim_sheet.appendix(claim.lines, copies)
        return [(one.digest, one.pages) for one in appendices], heads

    def _sheet_data(
        self,
        submission: Submission,
        heads: tuple[tuple[str, str], ...],
        earlier: Sequence[SheetState],
    ) -> sheet.SheetData:
        flow, zone = submission.flow, self._settings.zone
        return sheet.SheetData(
            entity=submission.entity.name,
            heading=sheet.heading_of(flow),
            serial_number=submission.serial_number,
            round=submission.round,
            applicant=submission.applicant.name,
            position=submission.applicant.position or "",
            department=submission.department.name,
            subject=submission.subject,
            submitted_at=submission.submitted_at.astimezone(zone),
            made_at=submission.submitted_at.astimezone(zone),
            facts=sheet.facts_of(flow, submission.values, submission.seal_names),
            documents=tuple(
                sheet.ListedDocument(
                    attached.title, attached.field.label.zh, attached.version.pages or 0, attached.digest
                )
                for attached in submission.attached
            ),
            boxes=tuple(sheet.boxes_for(flow, submission.round)),
            verify_url=self._sheets.verify_url(submission.verify_token, earlier),
            is_demo=submission.is_demo,
            claim=claim_sheet.table(submission.claim) if submission.claim else None,
            appendix=heads,
        )
