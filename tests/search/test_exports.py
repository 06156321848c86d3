"""Exports: everything that was found, and nothing that its person may not see, then or now."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from core import tasks
from core.clock import FixedClock, SystemClock
from core.errors import NotFound
from core.models import AccessRow, AuditEntry, Person
from core.permissions import ResourceType, grant_access, term_person
from core.runtime import Runtime
from core.sheets import SheetFormat
from search import exports
from search.errors import ExportNotReady, ExportOutdated, SearchUnavailable, TooManyExports
from search.exports import SearchExports
from search.index import Index, Key, Query
from search.service import Searcher
from storage.opening import open_objects
from storage.service import ObjectStore
from tests.builders import Company
from tests.search.rows import Rows, make_searcher


@pytest.fixture
def searcher(runtime: Runtime, company: Company, index: Index) -> Searcher:
    made = make_searcher(runtime, index)
    made.reindex()
    return made


@pytest.fixture
def store(runtime: Runtime) -> ObjectStore:
    objects = open_objects(runtime.settings.effective_objects_url)
    return ObjectStore(runtime.database, objects, runtime.clock, runtime.settings.home / "staging")


@pytest.fixture
def writer(runtime: Runtime, searcher: Searcher, store: ObjectStore) -> SearchExports:
    made = SearchExports(runtime.database, store, runtime.clock, runtime.settings.zone, searcher)
    runtime.add(made)
    return made


@pytest.fixture
def rows(company: Company) -> Rows:
    return Rows(company)


def made(writer: SearchExports, company: Company, who: str, form: SheetFormat, text: str = "") -> UUID:
    row = writer.start(company.principal(who), Query(text=text), form, "zh-CN")
    writer.write(row.id)
    return row.id


def table(
    writer: SearchExports, store: ObjectStore, company: Company, who: str, export: UUID
) -> list[list[str]]:
    found = writer.fetch(company.principal(who), export, None)
    data = store.read(found.digest)
    assert len(data) == found.size
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))


def test_all_results_come_in_their_order_with_every_column(
    company: Company, writer: SearchExports, store: ObjectStore, rows: Rows, tmp_path: Path
) -> None:
    with company.runtime.database.write() as session:
        seal = rows.add_seal(session)
        case = rows.add_case(session, seal, "=HYPERLINK(1) 框架")
        for n in range(30):
            rows.add_document(session, f"框架合同{n}")
    tasks.run_pending(company.runtime)

    lines = table(writer, store, company, "staff", made(writer, company, "staff", "csv", "框架"))
    assert lines[0][:4] == ["类别", "编号", "标题", "状态"]
    assert len(lines) == 32  # the head, 30 documents, the case
    assert [line[2] for line in lines if line[2].startswith("框架合同")] == [
        f"框架合同{29 - n}" for n in range(30)
    ]
    (line,) = (line for line in lines if line[0] == "申请")
    assert line[1:4] == [case.serial_number, "'=HYPERLINK(1) 框架", "已完成"]
    assert line[9:12] == ["上海华天科技股份有限公司", "1234567.80", str(case.id)]

    found = writer.fetch(
        company.principal("staff"), made(writer, company, "staff", "xlsx", "框架"), "127.0.0.1"
    )
    (tmp_path / found.name).write_bytes(store.read(found.digest))
    sheet = openpyxl.load_workbook(tmp_path / found.name).active
    assert sheet is not None and sheet.max_row == 32
    cells = next(row for row in sheet.iter_rows(values_only=True) if row[0] == "申请")
    assert cells[2] == "=HYPERLINK(1) 框架" and Decimal(str(cells[10])) == Decimal("1234567.8")


def test_who_had_a_file_written_and_fetched_it_stands_in_the_trail(
    company: Company, writer: SearchExports
) -> None:
    export = made(writer, company, "staff", "csv", "框架")
    writer.fetch(company.principal("staff"), export, "127.0.0.1")

    with company.runtime.database.read() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.resource_id == export)).all()
    assert [(one.action, one.actor_id) for one in entries] == [
        ("search.exported", company.people["staff"]),
        ("search.export_downloaded", company.people["staff"]),
    ]
    assert entries[0].payload is not None and entries[0].payload["query"]["text"] == "框架"


def test_a_file_is_for_one_person_and_a_day(
    company: Company, runtime: Runtime, searcher: Searcher, store: ObjectStore
) -> None:
    clock = FixedClock(SystemClock().now())
    writer = SearchExports(runtime.database, store, clock, runtime.settings.zone, searcher)
    export = made(writer, company, "staff", "csv")
    for who in ("other", "admin"):
        with pytest.raises(NotFound):
            writer.fetch(company.principal(who), export, None)
    assert writer.forget() == 0
    clock.advance(timedelta(days=1))
    with pytest.raises(NotFound):
        writer.fetch(company.principal("staff"), export, None)
    assert writer.forget() == 1


def test_a_file_is_not_handed_out_once_something_in_it_may_not_be_seen(
    company: Company, writer: SearchExports, rows: Rows
) -> None:
    with company.runtime.database.write() as session:
        document = rows.add_document(session, "框架合同")
    tasks.run_pending(company.runtime)
    export = made(writer, company, "staff", "csv")
    with company.runtime.database.write() as session:
        session.execute(delete(AccessRow).where(AccessRow.resource_id == document))
    with pytest.raises(ExportOutdated) as raised:
        writer.fetch(company.principal("staff"), export, None)
    assert raised.value.context["count"] == 1


def test_the_job_writes_it_and_a_failure_is_seen(
    company: Company,
    runtime: Runtime,
    writer: SearchExports,
    searcher: Searcher,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    staff = company.principal("staff")

    def state(export: UUID) -> str:
        with runtime.database.read() as session:
            return exports.find(session, staff, export, runtime.clock.now()).state

    first = writer.start(staff, Query(), "xlsx", "en")
    with pytest.raises(ExportNotReady):
        writer.fetch(staff, first.id, None)
    tasks.run_pending(runtime)
    assert state(first.id) == "done"

    def down(*_: object) -> None:
        raise SearchUnavailable(reason="away")

    monkeypatch.setattr(searcher, "search", down)
    second = writer.start(staff, Query(), "xlsx", "en")
    tasks.run_pending(runtime)
    assert state(second.id) == "waiting"  # it is tried again
    writer.fail(second.id, SearchUnavailable(reason="away"))
    assert state(second.id) == "failed"
    monkeypatch.undo()
    third = writer.start(staff, Query(), "xlsx", "en")
    with runtime.database.write() as session:
        session.get_one(Person, staff.person_id).is_active = False
    tasks.run_pending(runtime)
    assert state(third.id) == "failed"


def test_nobody_has_too_many_in_the_making(company: Company, writer: SearchExports) -> None:
    staff = company.principal("staff")
    for _ in range(exports.AT_ONCE):
        writer.start(staff, Query(), "csv", "en")
    with pytest.raises(TooManyExports):
        writer.start(staff, Query(), "csv", "en")
    writer.start(company.principal("other"), Query(), "csv", "en")


def test_what_does_not_fit_is_said(
    company: Company, runtime: Runtime, writer: SearchExports, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "MOST_ROWS", 2)
    with runtime.database.write() as session:
        for n in range(3):
            rows.add_document(session, f"框架合同{n}")
    tasks.run_pending(runtime)
    export = made(writer, company, "staff", "csv")
    with runtime.database.read() as session:
        row = exports.find(session, company.principal("staff"), export, runtime.clock.now())
    assert (row.done, row.total, row.is_cut) == (2, 2, True)


# any person, any access rows


@pytest.fixture
def crowd(company: Company, runtime: Runtime, rows: Rows) -> list[UUID]:
    with runtime.database.write() as session:
        return [rows.add_document(session, f"合同{n}号", is_announced=False) for n in range(5)]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_exports_and_suggestions_show_what_the_access_rows_allow(
    company: Company, runtime: Runtime, searcher: Searcher, writer: SearchExports, store: ObjectStore,
    crowd: list[UUID], data: st.DataObject,
) -> None:  # fmt: skip
    terms = [
        *(term_person(company.people[who]) for who in ("staff", "other", "keeper")),
        *(f"department:{each}" for each in company.departments.values()),
        f"entity:{company.entity_id}",
    ]

    def grant(document: UUID, allowed: set[str]) -> None:
        with runtime.database.write() as session:
            session.execute(delete(AccessRow).where(AccessRow.resource_id == document))
            grant_access(session, ResourceType.DOCUMENT, document, allowed)

    access = {each: data.draw(st.sets(st.sampled_from(terms))) for each in crowd}
    for document, allowed in access.items():
        grant(document, allowed)
    searcher.refresh(Key("document", each) for each in crowd)
    for document in data.draw(st.sets(st.sampled_from(crowd))):  # rows change, the index lags behind
        access[document] &= data.draw(st.sets(st.sampled_from(terms)))
        grant(document, access[document])
    for who in data.draw(
        st.lists(st.sampled_from(sorted(company.people)), min_size=2, max_size=3, unique=True)
    ):
        principal = company.principal(who)
        allowed_ids = {d for d in crowd if principal.reads_all or principal.terms & access[d]}
        lines = table(writer, store, company, who, made(writer, company, who, "csv", "合同"))
        assert {UUID(line[-1]) for line in lines[1:]} == allowed_ids
        titles = {f"合同{crowd.index(d)}号" for d in allowed_ids}
        assert {
            one.label for one in searcher.suggest(principal, "合同", 20) if one.field == "title"
        } == titles
