"""Searching as a person, and keeping the index like the database."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from core import outbox, tasks
from core.errors import InvalidInput
from core.ids import new_id
from core.models import AccessRow, OutboxJob
from core.permissions import ResourceType, grant_access, term_person
from core.runtime import Runtime
from core.tasks import EmbeddedWorker
from ingest.models import Document, DocumentKind
from search.errors import KindUnknown, PageTooDeep, SearchUnavailable
from search.hit_json import described
from search.index import DEEPEST, Hit, Index, Key, Lookup, Query, Record
from search.keeping import Difference, announce
from search.opening import open_index
from search.service import Searcher
from search.synonyms import Synonyms
from tests.builders import Company, make_company, make_runtime
from tests.search.conftest import Opening
from tests.search.rows import Rows, make_searcher


@pytest.fixture
def opening(tmp_path: Path) -> Iterator[Opening]:
    """The embedded index alone: engines are compared in test_index, and test_records asks both."""
    opened = open_index(f"tantivy:{tmp_path / 'search'}")
    yield lambda: opened
    opened.close()


@pytest.fixture
def searcher(runtime: Runtime, index: Index) -> Searcher:
    return make_searcher(runtime, index)


@pytest.fixture
def rows(company: Company) -> Rows:
    return Rows(company)


def found(searcher: Searcher, company: Company, who: str, text: str = "") -> list[str]:
    return [hit.title for hit in searcher.search(company.principal(who), Query(text=text)).hits]


def waiting(runtime: Runtime, task: str) -> int:
    with runtime.database.read() as session:
        return session.scalar(select(func.count()).select_from(OutboxJob).where(OutboxJob.task == task)) or 0


def test_people_find_what_they_may_see(
    company: Company, runtime: Runtime, searcher: Searcher, rows: Rows
) -> None:
    with runtime.database.write() as session:
        rows.add_document(session, "张伟的合同", owner="staff")
        rows.add_document(session, "李娜的合同", owner="other")
        rows.add_document(session, "市场部的合同", terms=[f"department:{company.departments['market']}"])
    tasks.run_pending(runtime)
    everything = ["市场部的合同", "李娜的合同", "张伟的合同"]
    for who, titles in (
        ("staff", ["张伟的合同"]),
        ("other", ["李娜的合同"]),
        ("head", ["市场部的合同"]),
        ("legal", []),
        ("admin", everything),
        ("auditor", everything),
    ):
        assert found(searcher, company, who, "合同") == titles, who
        results = searcher.search(company.principal(who), Query())
        assert results.total == len(titles)
        counts = {count.value: count.count for count in results.facets.get("kind", ())}
        assert counts == ({"document": len(titles)} if titles else {})


def test_what_the_index_still_has_of_a_closed_document_is_not_shown(
    company: Company, runtime: Runtime, searcher: Searcher, rows: Rows
) -> None:
    with runtime.database.write() as session:
        secret = rows.add_document(session, "机密合同", terms=[term_person(company.people["other"])])
        rows.add_document(session, "公开合同", owner="other")
    tasks.run_pending(runtime)
    with runtime.database.write() as session:  # the index hears nothing of it
        session.execute(delete(AccessRow).where(AccessRow.resource_id == secret))
    results = searcher.search(company.principal("other"), Query(text="合同"))
    assert [hit.title for hit in results.hits] == ["公开合同"]
    assert results.total == 1
    assert list(searcher.keys(company.principal("other"), Query(text="合同"))) == [
        Key("document", results.hits[0].id)
    ]


def test_titles_are_those_of_now_and_the_deleted_is_not_shown(
    company: Company, runtime: Runtime, searcher: Searcher, rows: Rows
) -> None:
    with runtime.database.write() as session:
        changed = rows.add_document(session, "旧标题合同")
        gone = rows.add_document(session, "要删的合同")
    tasks.run_pending(runtime)
    with runtime.database.write() as session:
        session.execute(update(Document).where(Document.id == changed).values(title="新标题合同"))
        session.execute(delete(Document).where(Document.id == gone))
    assert found(searcher, company, "admin", "合同") == ["新标题合同"]


def test_a_change_is_found_within_two_seconds_of_its_commit(
    company: Company, runtime: Runtime, searcher: Searcher, rows: Rows
) -> None:
    worker = EmbeddedWorker(runtime)
    worker.start()
    try:
        for n in range(3):
            with runtime.database.write() as session:
                rows.add_document(session, f"第{n}份急件")
            committed = time.monotonic()
            while not found(searcher, company, "staff", f"第{n}份急件"):
                assert time.monotonic() - committed < 2
                time.sleep(0.02)
    finally:
        worker.stop()


def test_a_deleted_thing_is_taken_out(
    company: Company, runtime: Runtime, searcher: Searcher, rows: Rows, index: Index
) -> None:
    with runtime.database.write() as session:
        document = rows.add_document(session, "合同")
    tasks.run_pending(runtime)
    assert index.count() == 1
    with runtime.database.write() as session:
        session.execute(delete(Document).where(Document.id == document))
        announce(session, "document", document, runtime.clock.now())
    tasks.run_pending(runtime)
    assert index.count() == 0


def test_pages_follow_each_other(company: Company, runtime: Runtime, searcher: Searcher, rows: Rows) -> None:
    with runtime.database.write() as session:
        for n in range(7):
            rows.add_document(session, f"合同{n}")
    tasks.run_pending(runtime)
    principal, seen, offset = company.principal("staff"), [], 0
    while offset is not None:
        results = searcher.search(principal, Query(text="合同", offset=offset, limit=3))
        assert results.total == 7
        seen += [hit.title for hit in results.hits]
        offset = results.next_offset  # type: ignore[assignment]
    assert seen == [f"合同{n}" for n in reversed(range(7))]


def test_days_are_those_of_the_organisations_zone(
    company: Company, runtime: Runtime, searcher: Searcher, rows: Rows
) -> None:
    with runtime.database.write() as session:
        document = rows.add_document(session, "合同")
    tasks.run_pending(runtime)
    with runtime.database.read() as session:
        made = session.get_one(Document, document).created_at.astimezone(runtime.settings.zone).date()
    day = timedelta(days=1)
    for first, last, total in (
        (made, made, 1), (made + day, None, 0), (None, made - day, 0), (made - day, made + day, 1),
        (date.min, date.max, 1), (date.max, None, 0), (None, date.min, 0),
    ):  # fmt: skip
        query = Query(date_from=first, date_to=last)
        assert searcher.search(company.principal("staff"), query).total == total, (first, last)


def test_bounds_of_a_query_are_told(company: Company, searcher: Searcher) -> None:
    principal = company.principal("staff")
    for query, error in (
        (Query(offset=DEEPEST, limit=1), PageTooDeep),
        (Query(offset=-1), InvalidInput),
        (Query(limit=0), InvalidInput),
        (Query(kind="invoice"), KindUnknown),
    ):
        with pytest.raises(error):
            searcher.search(principal, query)


def test_marks_alone_find_nothing_and_an_empty_query_finds_all(
    company: Company, runtime: Runtime, searcher: Searcher, rows: Rows
) -> None:
    with runtime.database.write() as session:
        rows.add_document(session, "合同")
    tasks.run_pending(runtime)
    assert [len(found(searcher, company, "staff", text)) for text in ("！？", "  ", "")] == [0, 1, 1]
    assert list(searcher.keys(company.principal("staff"), Query(text="！？"))) == []


def test_a_slip_is_put_right_and_said_so(
    company: Company, runtime: Runtime, searcher: Searcher, rows: Rows
) -> None:
    with runtime.database.write() as session:
        rows.add_document(session, "年度设备采购合同", pages=("由上海华天科技承担。",))
        rows.add_document(session, "绝密收购计划", owner="other")
    tasks.run_pending(runtime)
    staff = company.principal("staff")
    for typed, corrected in (
        ("设备采够合同", "设备采购合同"),
        ("华夭科技 采购", "华天科技 采购"),
        ('"彩购合同" -草稿', '"采购合同" -草稿'),
        ("title:采购合用", "title:采购合同"),
    ):
        results = searcher.search(staff, Query(text=typed))
        assert (results.corrected, [hit.title for hit in results.hits]) == (corrected, ["年度设备采购合同"])
        assert any(segment.is_hit for hit in results.hits for segment in hit.title_segments)
    # Nobody learns a word from what they may not see.
    results = searcher.search(staff, Query(text="绝密收够计划"))
    assert (results.corrected, results.hits) == (None, ())
    assert searcher.search(company.principal("admin"), Query(text="绝密收够计划")).corrected == "绝密收购计划"
    assert searcher.search(staff, Query(text="量子计算机")).corrected is None
    assert searcher.search(staff, Query(text="采购")).corrected is None


def test_what_may_follow_is_suggested_from_what_one_may_see(
    company: Company, runtime: Runtime, searcher: Searcher, rows: Rows
) -> None:
    with runtime.database.write() as session:
        rows.add_document(session, "采购合同")
        rows.add_document(session, "采购清单 甲", owner="other")
    tasks.run_pending(runtime)
    staff, admin = company.principal("staff"), company.principal("admin")
    assert [one.label for one in searcher.suggest(staff, "合同 采")] == ["采购合同"]
    assert {one.label for one in searcher.suggest(admin, "采")} == {"采购合同", "采购清单 甲"}
    name = company.principal("staff").name
    assert (name, "person") in {(one.label, one.field) for one in searcher.suggest(admin, name[:1])}
    assert f"申请人:{name}" in {one.query for one in searcher.suggest(admin, f"申请人:{name[:1]}")}
    for text in ("", "采购 ", "-采", "amount:>1", "！"):
        assert searcher.suggest(staff, text) == (), text


def test_fields_synonyms_and_mistakes_of_a_query(
    company: Company, runtime: Runtime, index: Index, rows: Rows
) -> None:
    searcher = make_searcher(runtime, index, Synonyms(["协议, 合同", "框架 => 总价"]))
    with runtime.database.write() as session:
        for title in ("采购合同", "总价清单"):
            rows.add_document(session, title, kind=DocumentKind.ATTACHMENT)
    tasks.run_pending(runtime)
    assert found(searcher, company, "staff", "采购 协议") == ["采购合同"]
    assert found(searcher, company, "staff", "协议") == ["采购合同"]
    assert found(searcher, company, "staff", "框架") == ["总价清单"]
    assert found(searcher, company, "staff", "总价 -协议") == ["总价清单"]
    name = company.principal("staff").name
    for text in (f"申请人:{name} 类型:附件 日期:本年", f"-applicant:{name} OR kind:attachment state:就绪"):
        assert found(searcher, company, "staff", text) == ["总价清单", "采购合同"], text
    results = searcher.search(company.principal("staff"), Query(text="kind:书 采购"))
    assert [(one.code, one.text) for one in results.mistakes] == [("kind-unknown", "书")]
    assert [hit.title for hit in results.hits] == ["采购合同"]
    assert results.mistakes[0].known


def test_the_database_and_the_index_are_compared(
    company: Company, runtime: Runtime, searcher: Searcher, rows: Rows, index: Index
) -> None:
    with runtime.database.write() as session:
        kept, changed, lost = (rows.add_document(session, title) for title in ("留", "旧", "失"))
    tasks.run_pending(runtime)
    assert list(searcher.differences()) == []
    with runtime.database.write() as session:
        session.execute(update(Document).where(Document.id == changed).values(title="新"))
        waiting_one = rows.add_document(session, "待")
    gone = Record("document", new_id(), "走", runtime.clock.now())
    index.apply([gone], [Key("document", lost)])
    seen: list[tuple[int, int]] = []
    differences = set(searcher.differences(lambda *how: seen.append(how)))
    assert differences == {
        Difference(Key("document", changed), "outdated"),
        Difference(Key("document", lost), "missing"),
        Difference(gone.key, "left-over"),
    }
    assert seen[-1] == (4, 4)
    assert waiting_one != kept
    searcher.reindex()
    tasks.run_pending(runtime)
    assert list(searcher.differences()) == []


def test_what_changes_during_a_rebuild_is_not_lost(
    company: Company, runtime: Runtime, searcher: Searcher, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    with runtime.database.write() as session:
        first = rows.add_document(session, "原名")
    tasks.run_pending(runtime)
    real = searcher._index.apply_rebuilt
    late: list[UUID] = []

    def meanwhile(name: str, records: list[Record], gone: list[Key]) -> None:
        """Somebody changes the rows, and the index hears of it, just before an old state is written."""
        if not late:
            with runtime.database.write() as session:
                session.execute(update(Document).where(Document.id == first).values(title="新名"))
                late.append(rows.add_document(session, "后来"))
                announce(session, "document", first, runtime.clock.now())
            tasks.run_pending(runtime)
        assert found(searcher, company, "staff", "新名 OR 后来") == ["后来", "新名"]
        real(name, records, gone)

    monkeypatch.setattr(searcher._index, "apply_rebuilt", meanwhile)
    searcher.reindex()
    assert found(searcher, company, "staff") == ["后来", "新名"]
    assert list(searcher.differences()) == []


# keeping the index like the database


def test_one_commit_serves_all_jobs_that_wait(
    company: Company,
    runtime: Runtime,
    searcher: Searcher,
    rows: Rows,
    index: Index,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with runtime.database.write() as session:
        for n in range(30):
            rows.add_document(session, f"合同{n}")
    calls: list[int] = []
    real = index.apply
    monkeypatch.setattr(
        index, "apply", lambda records, gone=(): (calls.append(len(records)), real(records, gone))
    )
    tasks.run_pending(runtime)
    assert calls[0] == 30  # then the new index is filled
    assert (index.count(), waiting(runtime, "search.index")) == (30, 0)


def test_a_job_that_never_works_does_not_hold_up_the_others(
    company: Company, runtime: Runtime, searcher: Searcher, rows: Rows, index: Index
) -> None:
    now = runtime.clock.now()
    with runtime.database.write() as session:
        outbox.enqueue(session, "search.index", {"kind": "nonsense", "id": str(new_id())}, now)
        for n in range(3):
            rows.add_document(session, f"合同{n}")
    tasks.run_pending(runtime)
    assert index.count() == 3
    assert waiting(runtime, "search.index") == 1


def test_a_change_between_reading_and_writing_is_not_lost(
    company: Company,
    runtime: Runtime,
    searcher: Searcher,
    rows: Rows,
    index: Index,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another process reads and writes the new state while this one still holds the old."""
    with runtime.database.write() as session:
        document = rows.add_document(session, "旧", is_announced=False)
    real, calls = index.apply, 0

    def overtaken(records: list[Record], gone: object = ()) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            with runtime.database.write() as session:
                session.execute(update(Document).where(Document.id == document).values(title="新"))
        real(records, gone)  # type: ignore[arg-type]

    monkeypatch.setattr(index, "apply", overtaken)
    searcher.refresh([Key("document", document)])
    assert calls == 2
    assert found(searcher, company, "staff", "新") == ["新"]
    assert found(searcher, company, "staff", "旧") == []


def test_many_threads_that_refresh_the_same_thing_end_with_what_is_true(
    company: Company, runtime: Runtime, searcher: Searcher, rows: Rows
) -> None:
    with runtime.database.write() as session:
        document = rows.add_document(session, "第0版", is_announced=False)

    def change(number: int) -> None:
        with runtime.database.write() as session:
            session.execute(update(Document).where(Document.id == document).values(title=f"第{number}版"))
        searcher.refresh([Key("document", document)])

    threads = [threading.Thread(target=change, args=(n,)) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with runtime.database.read() as session:
        title = session.get_one(Document, document).title
    assert found(searcher, company, "staff", f'"{title}"') == [title]
    others = [f"第{n}版" for n in range(9) if f"第{n}版" != title]
    assert [found(searcher, company, "staff", other) for other in others] == [[]] * 8


def test_a_lost_index_is_built_again_by_itself(
    company: Company, runtime: Runtime, rows: Rows, tmp_path: Path
) -> None:
    searcher = make_searcher(runtime, open_index(f"tantivy:{tmp_path / 'lost'}"))
    with runtime.database.write() as session:
        rows.add_document(session, "早已有之", is_announced=False)
    first = searcher.search(company.principal("staff"), Query(text="早已"))
    assert (first.hits, first.is_complete) == ((), False)
    tasks.run_pending(runtime)
    second = searcher.search(company.principal("staff"), Query(text="早已"))
    assert ([hit.title for hit in second.hits], second.is_complete) == (["早已有之"], True)


def test_a_damaged_index_is_built_again_by_itself(
    company: Company, runtime: Runtime, rows: Rows, tmp_path: Path
) -> None:
    folder = tmp_path / "damaged"
    searcher = make_searcher(runtime, open_index(f"tantivy:{folder}"))
    with runtime.database.write() as session:
        rows.add_document(session, "合同甲")
    tasks.run_pending(runtime)
    searcher.close()
    for file in folder.glob("index-*/*.term"):
        file.write_bytes(b"")
    with pytest.raises(SearchUnavailable):
        found(searcher, company, "staff", "合同")
    tasks.run_pending(runtime)
    assert found(searcher, company, "staff", "合同") == ["合同甲"]


def test_reindex_counts_and_forgets_what_is_gone(
    company: Company, runtime: Runtime, searcher: Searcher, rows: Rows, index: Index
) -> None:
    with runtime.database.write() as session:
        documents = [rows.add_document(session, f"合同{n}") for n in range(5)]
    tasks.run_pending(runtime)
    with runtime.database.write() as session:
        session.execute(delete(Document).where(Document.id == documents[0]))
    seen: list[tuple[int, int]] = []
    done = searcher.reindex(lambda done, total: seen.append((done, total)))
    assert (done.count, done.refused) == (4, {})
    assert seen[-1] == (4, 4)
    assert index.count() == 4


def test_jobs_are_served_on_every_database(database_url: str, tmp_path: Path) -> None:
    runtime = make_runtime(tmp_path / "home", database_url)
    try:
        company = make_company(runtime)
        searcher = make_searcher(runtime, open_index(f"tantivy:{tmp_path / 'search'}"))
        rows = Rows(company)
        with runtime.database.write() as session:
            seal = rows.add_seal(session)
            for n in range(5):
                rows.add_document(session, f"合同{n}", pages=["正文"])
                rows.add_case(session, seal, f"合同{n}")
                rows.add_seal_record(session, seal, f"合同{n}")
        tasks.run_pending(runtime)
        results = searcher.search(company.principal("admin"), Query(text="合同"))
        assert (results.total, results.is_complete) == (20, True)  # the sheets of the cases as well
        assert waiting(runtime, "search.index") == 0
        searcher.close()
    finally:
        runtime.database.dispose()


# any person, any access rows


@pytest.fixture
def crowd(company: Company, runtime: Runtime, searcher: Searcher, rows: Rows) -> Iterator[list[UUID]]:
    with runtime.database.write() as session:
        documents = [rows.add_document(session, f"合同{n}", is_announced=False) for n in range(6)]
    yield documents


def _grant_only(session: Session, document: UUID, terms: set[str]) -> None:
    session.execute(delete(AccessRow).where(AccessRow.resource_id == document))
    grant_access(session, ResourceType.DOCUMENT, document, terms)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_search_gives_what_the_access_rows_allow(
    company: Company, runtime: Runtime, searcher: Searcher, crowd: list[UUID], data: st.DataObject
) -> None:
    terms = [
        *(term_person(company.people[who]) for who in ("staff", "other", "keeper")),
        *(f"department:{each}" for each in company.departments.values()),
        f"entity:{company.entity_id}",
        f"seal:{new_id()}",
    ]
    access = {each: data.draw(st.sets(st.sampled_from(terms))) for each in crowd}
    with runtime.database.write() as session:
        for document, allowed in access.items():
            _grant_only(session, document, allowed)
    searcher.refresh(Key("document", each) for each in crowd)
    stale = data.draw(st.sets(st.sampled_from(crowd)))
    with runtime.database.write() as session:  # rows change, the index lags behind
        for document in stale:
            access[document] = access[document] & data.draw(st.sets(st.sampled_from(terms)))
            _grant_only(session, document, access[document])
    for who in company.people:
        principal = company.principal(who)
        allowed = {d for d in crowd if principal.reads_all or principal.terms & access[d]}
        results = searcher.search(principal, Query(text="合同", limit=50))
        assert {hit.id for hit in results.hits} == allowed
        assert results.total == len(allowed)
        assert {key.id for key in searcher.keys(principal, Query(text="合同"))} == allowed


def test_hits_as_json_are_plain_values(
    company: Company, runtime: Runtime, searcher: Searcher, rows: Rows
) -> None:
    with runtime.database.write() as session:
        row = rows.add_seal_record(session, rows.add_seal(session), "框架协议")
    tasks.run_pending(runtime)
    (hit,) = searcher.search(company.principal("admin"), Query(text="框架")).hits
    assert isinstance(hit, Hit)
    answer = described(hit)
    assert (answer["kind"], answer["id"], answer["number"]) == ("seal_record", str(row.id), "2026-0001")
    assert answer["seal"] == {"id": str(row.seal_id), "name": "合同专用章"}
    assert "".join(part["text"] for part in answer["highlights"]) == answer["excerpt"]


def test_nothing_is_asked_of_the_index_for_somebody_without_terms(index: Index) -> None:
    assert index.search(Lookup()).total == 0
