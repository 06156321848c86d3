"""Export: the papers of cases as they stand, for those who may read them."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from core.errors import NotFound
from core.models import AuditEntry
from retention import export as exporting
from retention.errors import ExportFolderNotEmpty
from retention.export import LISTING, export, safe_name
from retention.models import RetentionTerm
from signing.verification import verify_pdf
from tests.office import Office
from workflow.models import Case


def listing(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / LISTING).read_text("utf-8").splitlines()]


def pdfs(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.pdf")}


def serial(office: Office, case_id: UUID) -> str:
    with office.runtime.database.read() as session:
        return session.get_one(Case, case_id).serial_number


def test_all_cases_with_each_paper_in_its_last_state(office: Office, tmp_path: Path) -> None:
    finished, running = office.finished_contract(), office.submit_contract(title="../../etc/第二份/合同")
    office.decide("head", running)
    steps: list[tuple[int, int]] = []
    to = tmp_path / "out"
    count = export(
        office.runtime,
        office.principal("admin"),
        to,
        progress=lambda done, total, _: steps.append((done, total)),
    )
    assert (count, steps[-1]) == (2, (2, 2))
    cases = {case["serial_number"]: case for case in listing(to)}
    assert set(cases) == {serial(office, finished), serial(office, running)}
    assert pdfs(to) == {paper["file"] for case in cases.values() for paper in case["documents"]}
    done = cases[serial(office, finished)]
    assert (done["state"], done["amount"], done["counterparty"]) == (
        "completed",
        "268000.00",
        "江南智算技术有限公司",
    )
    assert done["keep_until"] is not None
    assert [one["outcome"] for one in done["decisions"]].count("approved") == 4
    for case in cases.values():
        for paper in case["documents"]:
            data = (to / paper["file"]).read_bytes()
            assert hashlib.sha256(data).hexdigest() == paper["sha256"]
    assert {paper["state"] for paper in done["documents"]} == {"timestamped"}
    for paper, key in ((done["documents"][0], "sheet"), (done["documents"][1], "document")):
        data = (to / paper["file"]).read_bytes()
        assert data == office.papers(finished)[key]
        assert verify_pdf(data, office.roots(), office.runtime.clock.now()).outcome == "valid"
    with office.runtime.database.read() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "cases.exported")).one()
        assert entry.payload == {"cases": 2}


def test_by_serial_number_and_by_words(office: Office, tmp_path: Path) -> None:
    first, second = office.submit_contract(title="办公家具采购"), office.submit_contract(title="服务器租赁")
    office.work_off()
    admin = office.principal("admin")
    wanted = serial(office, second)
    assert export(office.runtime, admin, tmp_path / "serial", serials=[wanted, wanted]) == 1
    assert [case["serial_number"] for case in listing(tmp_path / "serial")] == [wanted]
    assert export(office.runtime, admin, tmp_path / "words", query="家具采购") == 1
    assert [case["subject"] for case in listing(tmp_path / "words")] == [
        office.view("admin", first).case.subject
    ]
    assert export(office.runtime, admin, tmp_path / "none", query="没有这样的合同") == 0
    assert listing(tmp_path / "none") == []
    with pytest.raises(NotFound):
        export(office.runtime, admin, tmp_path / "unknown", serials=["HT-1999-00001"])


def test_only_what_the_person_may_read(office: Office, tmp_path: Path) -> None:
    theirs, others = office.submit_contract(title="采购合同甲"), office.submit_contract("other", "采购合同乙")
    office.work_off()
    staff = office.principal("staff")
    assert export(office.runtime, staff, tmp_path / "all") == 1
    assert [case["serial_number"] for case in listing(tmp_path / "all")] == [serial(office, theirs)]
    assert export(office.runtime, staff, tmp_path / "words", query="采购合同") == 1
    with pytest.raises(NotFound):
        export(office.runtime, staff, tmp_path / "serial", serials=[serial(office, others)])
    assert pdfs(tmp_path / "serial") == set()


def test_nothing_is_overwritten(office: Office, tmp_path: Path) -> None:
    office.submit_contract()
    admin = office.principal("admin")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.docx").write_bytes(b"years of work")
    with pytest.raises(ExportFolderNotEmpty):
        export(office.runtime, admin, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.docx"]
    with pytest.raises(ExportFolderNotEmpty):
        export(office.runtime, admin, tmp_path / "out" / "thesis.docx")
    export(office.runtime, admin, tmp_path / "fresh")
    with pytest.raises(ExportFolderNotEmpty):
        export(office.runtime, admin, tmp_path / "fresh")


def test_an_interrupted_export_goes_on(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for title in ("甲", "乙", "丙"):
        office.submit_contract(title=title)
    admin, to = office.principal("admin"), tmp_path / "out"

    def stop(done: int, _total: int, _now: str) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(office.runtime, admin, to, progress=stop)
    assert not (to / LISTING).exists()
    kept = {name: os.stat(to / name).st_mtime_ns for name in pdfs(to)}
    assert len(kept) == 4
    first = sorted(kept)[0]
    (to / first).write_bytes(b"cut short")
    assert export(office.runtime, admin, to) == 3
    assert len(listing(to)) == 3
    assert len(pdfs(to)) == 6
    assert not list(to.rglob("*.part"))
    for name, at in kept.items():
        assert (os.stat(to / name).st_mtime_ns == at) == (name != first)


def test_a_name_never_leaves_the_folder() -> None:
    assert safe_name("HT-2026-00012") == "HT-2026-00012"
    assert safe_name("合同-2026-1") == "合同-2026-1"
    seen = set()
    for serial_number in ("../../x", "a/b", "a_b", "a.b", "..", "", "C:\\x", "a\0b", "x" * 10):
        name = safe_name(serial_number)
        assert "/" not in name and "\\" not in name and "." not in name and "\0" not in name
        seen.add(name)
    assert len(seen) == 9
    assert exporting.LISTING not in seen


def test_a_finished_case_has_its_class_and_end_date(office: Office) -> None:
    case_id = office.finished_contract()
    running = office.submit_contract(title="还在审批")
    with office.runtime.database.read() as session:
        term = session.get_one(RetentionTerm, case_id)
        year = term.starts_on.year
        assert (term.retention_class, term.starts_on.month, term.starts_on.day) == ("contract", 1, 1)
        assert term.keep_until is not None and term.keep_until.year == year + 10
        assert term.rule["years"] == 10
        assert session.get(RetentionTerm, running) is None
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "case.retention_set")).one()
        assert (entry.resource_id, (entry.payload or {})["class"]) == (case_id, "contract")
