"""Limits on time fit one another, and a long scan ends with what there was time for."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from core.i18n import translator
from core.tasks import lease_of
from ingest import limits, reading, worker
from ingest.allowance import RECOGNITION, Allowance
from ingest.errors import ParserFailed
from ingest.media import MediaType
from ingest.models import Document, DocumentState
from ingest.scanning import converting
from tests.ingest import builders_containers as builders
from tests.ingest import samples
from tests.ingest.conftest import Desk
from tests.ingest.scanning.sheets import sheet

LINES = ("测试文件",)
NOW = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def little_time() -> Iterator[None]:
    """So little that it is over before the first page is read."""
    RECOGNITION.begin(0.0)
    yield
    RECOGNITION.begin(None)


def scan(pages: int, form: str) -> bytes:
    """Pages without text."""
    pictures = [sheet(lines=LINES).convert("L") for _ in range(pages)]
    out = io.BytesIO()
    options = {"resolution": 100} if form == "PDF" else {}
    pictures[0].save(out, form, save_all=True, append_images=pictures[1:], **options)
    return out.getvalue()


@pytest.mark.parametrize(
    ("pages", "seconds"), [(0, 0), (1, 8), (59, 472), (60, 480), (2000, 480), (None, 480)]
)
def test_recognition_may_take_longer_for_more_pages(pages: int | None, seconds: float) -> None:
    assert limits.recognising_seconds(pages) == seconds


def test_a_worker_that_is_nearly_due_still_has_the_time_for_the_longest_file() -> None:
    assert limits.CPU_SECONDS > limits.MOST_BUSY_SECONDS + limits.LONGEST_READING
    assert worker.CPU_SECONDS == limits.CPU_SECONDS


@pytest.mark.parametrize("task", ["ingest.process", "ingest.archive", "ingest.neutralise"])
def test_a_lease_is_longer_than_the_longest_try(task: str) -> None:
    assert lease_of(task).total_seconds() > limits.LONGEST_TRY


def test_an_allowance_is_without_end_until_it_is_set() -> None:
    allowance = Allowance()
    assert not allowance.is_spent()
    allowance.begin(0)
    assert allowance.is_spent()
    allowance.begin(3600)
    assert not allowance.is_spent()
    allowance.begin(None)
    assert not allowance.is_spent()


@pytest.mark.usefixtures("little_time")
def test_a_scan_that_takes_too_long_is_read_as_far_as_there_was_time(tmp_path: Path) -> None:
    source = tmp_path / "scan.pdf"
    source.write_bytes(scan(3, "PDF"))

    found = reading.read(source, tmp_path, MediaType.PDF, [], NOW, 100)

    assert [bool(text.strip()) for text in found.texts] == [True, False, False]
    assert {one["code"] for one in found.findings} == {"recognised-text", "recognition-stopped"}
    assert found.searchable is not None


@pytest.mark.usefixtures("little_time")
def test_pictures_that_take_too_long_stay_pictures(tmp_path: Path) -> None:
    source = tmp_path / "scan.tif"
    source.write_bytes(scan(3, "TIFF"))

    made = converting.convert(source, tmp_path)

    assert made.pages is not None and [bool(page) for page in made.pages] == [True, False, False]
    assert made.findings == [{"code": "recognition-stopped"}]


def test_the_worker_keeps_to_the_time_that_it_is_given(desk: Desk, tmp_path: Path) -> None:
    source = tmp_path / "scan.pdf"
    source.write_bytes(scan(2, "PDF"))
    asked = {
        "folder": str(tmp_path), "media_type": "application/pdf", "trust": [], "at": NOW.isoformat(),
        "most_pages": 100,
    }  # fmt: skip

    for seconds, read in ((0.0, [True, False]), (600.0, [True, True])):
        found = desk.sandbox.run("read", source, recognising_seconds=seconds, seconds=120, **asked)
        assert [bool(text.strip()) for text in found["texts"]] == read


def test_members_that_there_was_no_time_to_look_at_are_refused_and_kept(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "JUDGING_SECONDS", 0.0)
    names = ("一.pdf", "二.pdf")
    packed = desk.process(
        builders.zipped({name: samples.typeset() + os.urandom(4) for name in names}), "票据.zip"
    )

    with desk.runtime.database.read() as session:
        members = session.scalars(
            select(Document).where(Document.parent_id == packed.id).order_by(Document.title)
        ).all()
    assert packed.state == DocumentState.READY
    assert [one.state for one in members] == [DocumentState.REFUSED] * 2
    for member in members:
        assert member.refusal == {"code": ParserFailed.code, "context": {"reason": "time"}}
        for language in ("zh-CN", "en"):
            assert translator(language).has(f"error-{ParserFailed.code}")  # type: ignore[arg-type]
