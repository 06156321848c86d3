"""What is found of documents, cases and seal records, from their rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from core import tasks
from core.runtime import Runtime
from search.index import Hit, Index, Query
from search.service import Searcher
from tests.builders import Company
from tests.search.rows import Rows, make_searcher


@pytest.fixture
def searcher(runtime: Runtime, index: Index) -> Searcher:
    return make_searcher(runtime, index)


@contextmanager
def statements(runtime: Runtime) -> Iterator[list[str]]:
    """The SQL statements that are sent meanwhile."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("SELECT"):
            sent.append(statement)

    event.listen(runtime.database.engine, "before_cursor_execute", note)
    yield sent
    event.remove(runtime.database.engine, "before_cursor_execute", note)


def find(searcher: Searcher, company: Company, text: str, kind: str | None = None) -> list[Hit]:
    return list(searcher.search(company.principal("admin"), Query(text=text, kind=kind)).hits)


@pytest.mark.parametrize(
    "text",
    [
        "年度采购", "HT-2026-00001", "ht202600001", "华天科技", "1234567.8", "1,234,567.80", "壹佰贰拾叁万",
        "合同专用章", "张伟", "刘洋", "市场部", "合同审批", "付款", "加急", "条款没有问题", "尽快处理",
    ],
)  # fmt: skip
def test_a_case_is_found_by_all_that_people_know_of_it(
    company: Company, runtime: Runtime, searcher: Searcher, text: str
) -> None:
    rows = Rows(company)
    with runtime.database.write() as session:
        case = rows.add_case(session, rows.add_seal(session), "年度采购框架合同", comment="条款没有问题")
    tasks.run_pending(runtime)
    (hit,) = find(searcher, company, text, "case")
    assert (hit.id, hit.title, hit.number) == (case.id, "年度采购框架合同", "HT-2026-00001")
    assert hit.state == "completed"
    assert hit.seal is not None
    assert hit.seal.name == "合同专用章"
    assert [person.name for person in hit.people] == ["张伟", "刘洋"]


@pytest.mark.parametrize(
    "text",
    [
        "合同专用章", "2026-0001", "合同专用章2026-0001", "YY-2026-00001", "框架协议", "华天", "张伟", "刘洋",
        "孙丽", "云杉测试", "市场部", "框架协议.pdf",
    ],
)  # fmt: skip
def test_a_seal_record_is_found_by_all_that_people_know_of_it(
    company: Company, runtime: Runtime, searcher: Searcher, text: str
) -> None:
    rows = Rows(company)
    with runtime.database.write() as session:
        row = rows.add_seal_record(session, rows.add_seal(session), "框架协议", "上海華天科技")
    tasks.run_pending(runtime)
    for query in (text, row.digest_after, row.digest_after[:12], row.digest_before):
        (hit,) = find(searcher, company, query, "seal_record")
        assert (hit.id, hit.number) == (row.id, "2026-0001")
        assert hit.related == {"case": row.case_id, "document": row.document_id}


def test_a_document_is_found_by_its_pages_and_the_page_is_told(
    company: Company, runtime: Runtime, searcher: Searcher
) -> None:
    rows = Rows(company)
    with runtime.database.write() as session:
        document = rows.add_document(session, "合同正文", pages=["第一页", "", "违约责任见本页"])
    tasks.run_pending(runtime)
    (hit,) = find(searcher, company, "违约责任")
    assert (hit.id, hit.page, hit.state) == (document, 3, "ready")
    assert hit.excerpt is not None
    assert hit.excerpt.text == "违约责任见本页"
    for text in ("合同正文", "张伟", "市场部", "contract"):
        assert [hit.id for hit in find(searcher, company, text)] == [document], text


def test_records_of_many_rows_take_no_more_queries_than_of_one(
    company: Company, runtime: Runtime, searcher: Searcher
) -> None:
    rows = Rows(company)
    counts = []
    for many in (1, 10):  # few enough for one batch
        with runtime.database.write() as session:
            seal = rows.add_seal(session, f"专用章{many}")
            for n in range(many):
                rows.add_document(session, f"文件{n}", pages=["甲", "乙"])
                rows.add_case(session, seal, f"合同{n}")
                rows.add_seal_record(session, seal, f"用印{n}")
        with statements(runtime) as sent:
            searcher.reindex()
        counts.append(len(sent))
    assert counts[0] == counts[1]


def test_records_of_unchanged_rows_are_equal(company: Company, runtime: Runtime, searcher: Searcher) -> None:
    rows = Rows(company)
    with runtime.database.write() as session:
        seal = rows.add_seal(session)
        for n in range(3):
            rows.add_case(session, seal, f"合同{n}")
            rows.add_seal_record(session, seal, f"用印{n}")
    keys = list(searcher._all_keys())
    assert searcher._read(keys) == searcher._read(keys)
