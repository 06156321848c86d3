"""Uploads: what is taken, what is refused at once, and that a refusal leaves nothing."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import pytest
from sqlalchemy import func, select

from core.i18n import LANGUAGES, translator
from core.models import AccessRow, AuditEntry, OutboxJob
from core.tasks import run_pending
from ingest import errors
from ingest.models import Document, DocumentKind, DocumentState, Version
from storage.models import StoredObject
from tests.ingest import samples
from tests.ingest.conftest import Desk


def test_upload_commits_rows_access_audit_and_job_together(desk: Desk) -> None:
    data = samples.typeset()
    received = desk.receive(data, "合同 2024.pdf", kind=DocumentKind.CONTRACT)
    digest = hashlib.sha256(data).hexdigest()
    assert (received.digest, received.size, received.state) == (digest, len(data), DocumentState.PROCESSING)
    assert desk.store.read(digest) == data
    with desk.runtime.database.read() as session:
        document = session.get_one(Document, received.document_id)
        terms = set(
            session.scalars(select(AccessRow.term).where(AccessRow.resource_id == received.document_id))
        )
        actions = set(
            session.scalars(select(AuditEntry.action).where(AuditEntry.resource_id == received.document_id))
        )
        tasks = list(session.scalars(select(OutboxJob.task)))
    people, departments = desk.company.people, desk.company.departments
    assert (document.title, document.kind) == ("合同 2024.pdf", DocumentKind.CONTRACT)
    assert terms == {
        f"person:{people['staff']}",
        f"department:{departments['market']}",
        f"entity:{desk.company.entity_id}",
    }
    assert actions == {"document.uploaded"}
    assert "ingest.process" in tasks


@pytest.mark.parametrize(
    ("data", "kind", "facts"),
    [
        (b"", errors.FileEmpty, {}),
        (b"MZ\x90\x00" + b"\0" * 500, errors.TypeNotAccepted, {"found": "windows-program"}),
        (b"PK\x03\x04" + b"\0" * 500, errors.FileBroken, {}),
        (b"just some words", errors.TypeNotAccepted, {"found": "unknown"}),
        (samples.encrypted(), errors.FileEncrypted, {}),
        (samples.saved(samples.plain())[:-300], errors.FileTruncated, {}),
        (b"%PDF-1.7\nnothing in it\n%%EOF\n", errors.FileBroken, {}),
        (samples.image_bomb(), errors.ImageTooLarge, {"width": 60_000, "height": 60_000}),
        (samples.picture(form="JPEG")[:700], errors.FileRefused, {}),
        (samples.picture((600, 600))[:500], errors.FileRefused, {}),
    ],
)  # fmt: skip
def test_unusable_file_is_refused_with_its_reason_and_leaves_nothing(
    desk: Desk, data: bytes, kind: type[errors.FileRefused], facts: dict[str, Any]
) -> None:
    with pytest.raises(kind) as caught:
        desk.receive(data, "invoice.pdf")
    assert {key: caught.value.context[key] for key in facts} == facts
    with desk.runtime.database.read() as session:
        for table in (Document, Version, StoredObject, OutboxJob):
            assert session.scalar(select(func.count()).select_from(table)) == 0
    assert list((desk.runtime.settings.home / "staging").iterdir()) == []
    for language in LANGUAGES:
        message = translator(language).error(caught.value)
        assert message and not message.startswith("error-") and "{" not in message


def test_file_beyond_the_limit_is_refused_while_it_streams(desk: Desk) -> None:
    desk.runtime.settings.upload_max_bytes = 3 * 1024**2

    class Endless(io.RawIOBase):
        given = 0

        def read(self, size: int = -1) -> bytes:
            self.given += size
            return b"%PDF-" + b"\0" * (size - 5)

    stream = Endless()
    with pytest.raises(errors.FileTooLarge) as caught:
        desk.ingest.receive(
            desk.company.principal("staff"),
            stream,
            "a.pdf",
            DocumentKind.ATTACHMENT,  # type: ignore[arg-type]
        )
    assert caught.value.context == {"limit": 3}
    assert stream.given <= 5 * 1024**2


def test_document_with_too_many_pages_is_refused(desk: Desk) -> None:
    desk.runtime.settings.upload_max_pages = 3
    with pytest.raises(errors.TooManyPages) as caught:
        desk.receive(samples.saved(samples.plain(4)))
    assert caught.value.context == {"pages": 4, "limit": 3}


def test_one_bad_file_does_not_stop_the_others(desk: Desk) -> None:
    outcomes = []
    for data in (samples.typeset(), samples.encrypted(), samples.picture()):
        try:
            outcomes.append(desk.receive(data).state.value)
        except errors.FileRefused as error:
            outcomes.append(error.code)
    assert outcomes == ["processing", "file-encrypted", "processing"]


def test_same_bytes_name_the_earlier_document_only_to_who_may_see_it(desk: Desk) -> None:
    first = desk.receive(samples.typeset())
    again = desk.receive(samples.typeset(), "another name.pdf")
    elsewhere = desk.receive(samples.typeset(), who="finance")
    by_head = desk.receive(samples.typeset(), who="head")
    assert first.duplicate_of is None
    assert again.duplicate_of == first.document_id
    assert elsewhere.duplicate_of is None
    assert by_head.duplicate_of == first.document_id


def test_file_name_is_only_a_title(desk: Desk) -> None:
    for name, title in (
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\发票.pdf", "发票.pdf"),
        ("a\x00b\r\n\u202e.pdf", "ab.pdf"),
        ("x" * 500, "x" * 300),
    ):
        received = desk.receive(samples.typeset(), name)
        with desk.runtime.database.read() as session:
            assert session.get_one(Document, received.document_id).title == title


def test_task_in_the_outbox_finishes_the_document(desk: Desk) -> None:
    import ingest.tasks  # noqa: F401 (registers the task)

    received = desk.receive(samples.typeset())
    run_pending(desk.runtime)
    with desk.runtime.database.read() as session:
        assert session.get_one(Document, received.document_id).state == DocumentState.READY
