"""The result page as a browser asks for it: what was understood, facets, months, order, suggestions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from core.ids import new_id
from core.permissions import ResourceType, grant_access
from ingest.models import Version
from search.errors import SearchUnavailable
from search.index import Index, Lookup
from search.saved import SavedSearches
from search.tantivy_index import TantivyIndex
from storage.models import StoredObject
from tests.api.world import World, make_world
from tests.portal.test_archive_pages import browser, post
from tests.search.rows import Rows
from vermilion import assembly


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = make_world(tmp_path_factory.mktemp("search-pages"))
    rows = Rows(made.company)
    with made.runtime.database.write() as session:
        seal = rows.add_seal(session)
        for subject, party in (
            ("框架采购", "上海华天科技股份有限公司"),
            ("设备租赁", "江南智算技术有限公司"),
        ):
            record = rows.add_seal_record(session, seal, subject, party)
            grant_access(
                session, ResourceType.SEAL_RECORD, record.id, [f"person:{made.company.people['staff']}"]
            )
        rows.add_case(session, seal, "框架采购合同")
        rows.add_document(session, "李娜的框架", owner="other")
    made.work()
    yield made
    assembly.close(made.runtime)


@pytest.fixture
def staff(world: World) -> TestClient:
    return browser(world, "staff")


def text_of(page: str) -> str:
    plain = re.sub(r"<[^>]+>", " ", re.sub(r"</?mark>", "", page))  # a marked word is not one of its own
    return re.sub(r"\s+", " ", unescape(plain))


def test_what_was_not_understood_is_said_and_the_rest_is_found(staff: TestClient) -> None:
    page = text_of(staff.get("/search", params={"q": "框架 amount:many colour:red state:sleepy"}).text)

    assert "“many” is no amount" in page
    assert "no field “colour”" in page and "counterparty" in page
    assert "no state “sleepy”" in page and "ready" in page
    assert (
        "可用的字段有：印章、申请人、人员、部门、相对方、编号、金额、日期、类型、状态、标题。"
        in browser_in_chinese(staff, "colour:red")
    )
    chinese = browser_in_chinese(staff, "框架 金额:很多")
    assert "“很多”不是金额" in chinese and "框架采购合同" in chinese


def browser_in_chinese(client: TestClient, q: str) -> str:
    return text_of(client.get("/search", params={"q": q}, headers={"Accept-Language": "zh-CN"}).text)


def test_a_name_that_was_found_by_its_sound_is_marked_where_it_stands(staff: TestClient) -> None:
    page = staff.get("/search", params={"q": "htkj"}).text
    assert "上海<mark>华天科技</mark>股份有限公司 · 合同专用章 · 张伟" in page
    page = staff.get("/search", params={"q": "ly"}).text  # who approved, and is not shown otherwise
    assert " · <mark>刘洋</mark> · " in page


def test_an_explanation_has_the_names_of_one_language(staff: TestClient) -> None:
    page = text_of(
        staff.get("/search", params={"q": "类型:zz 状态:yy"}, headers={"accept-language": "en"}).text
    )
    said = page[
        page.index("There is no kind “zz”") : page.index("records found") if "records found" in page else None
    ]
    assert (
        "contract" in said.partition("There is no state")[0]
        and "合同" not in said.partition("There is no state")[0]
    )


def test_a_slip_is_put_right_and_said(staff: TestClient) -> None:
    page = staff.get("/search", params={"q": "框驾采购"}).text

    assert "Nothing was found for “框驾采购”" in text_of(page)
    assert "<strong>框架采购</strong>" in page


def test_a_hit_says_who_with_whom_and_how_much(staff: TestClient) -> None:
    page = text_of(staff.get("/search", params={"q": "框架"}).text)

    assert "¥1,234,567.80" in page and "上海华天科技股份有限公司" in page and "张伟" in page
    assert "Sealed" in page and "Completed" in page
    assert "Electronic · 2026-0001" in page
    assert "李娜" not in page


def test_only_what_has_pages_has_a_picture(world: World, staff: TestClient) -> None:
    """An e-mail or a ZIP is ready without any page."""
    rows = Rows(world.company)
    with world.runtime.database.write() as session:
        without = rows.add_document(session, "无页邮件", owner="staff")
        paged = rows.add_document(session, "有页文件", owner="staff")
        now = world.runtime.clock.now()
        for document_id, kind, pages in ((without, "zip", None), (paged, "pdf", 1)):
            session.add(StoredObject(digest=f"{pages or 0:064}", size=1, references=1, reserved_at=now))
            session.flush()
            session.add(
                Version(
                    id=new_id(), document_id=document_id, number=9, digest=f"{pages or 0:064}", size=1,
                    media_type=f"application/{kind}", pages=pages, reason="uploaded", findings=[],
                    created_at=now,
                )
            )  # fmt: skip
    world.work()

    shown = staff.get("/search", params={"q": "无页邮件 OR 有页文件"}).text

    assert len(re.findall(r'<li class="hit">', shown)) == 2
    pictures = re.findall(r'<img class="thumb" src="([^"]+)"', shown)
    assert pictures == [f"/documents/{paged}/pages/1.png?width=120&amp;digest={1:064}"]
    assert staff.get(f"/documents/{without}/pages/1.png").status_code == 404


def test_facets_and_months_lead_to_narrower_searches(staff: TestClient) -> None:
    page = staff.get("/search").text

    counterparty = re.search(r'href="(/search\?counterparty=[^"]+)"', page)
    assert counterparty is not None and "江南" in text_of(page)
    narrowed = staff.get(unescape(counterparty[1])).text
    assert "设备租赁" not in narrowed and "框架采购" in narrowed
    year = re.search(r'href="(/search\?year=\d{4})"', page)
    assert year is not None
    assert staff.get(year[1]).status_code == 200


def test_a_month_narrows_and_widens_again(world: World) -> None:
    page = browser(world, "admin").get("/search").text
    months = re.findall(r'<li><a href="(/search\?date_from=([\d-]+)-01&amp;date_to=[\d-]+)" aria-label', page)

    for address, month in months:
        narrowed = browser(world, "admin").get(unescape(address)).text
        assert f'name="date_from" value="{month}-01"' in narrowed


def test_the_order_is_chosen(staff: TestClient) -> None:
    def titles(order: str) -> list[str]:
        page = staff.get("/search", params={"order": order}).text
        return [text_of(one).strip() for one in re.findall(r'class="hit-title"[^>]*>(.*?)</a>', page)]

    assert titles("amount-down")[0] == titles("amount-up")[0] == "框架采购合同"  # the only one with an amount
    assert titles("oldest") == titles("newest")[::-1]


def test_suggestions_are_what_the_person_may_see(world: World, staff: TestClient) -> None:
    found = staff.get("/search/suggest", params={"q": "框"}).json()

    labels = {one["label"] for one in found}
    assert "框架采购合同" in labels and "李娜的框架" not in labels
    assert {"label": "合同专用章", "field": "Seal", "query": "合同专用章"} in staff.get(
        "/search/suggest", params={"q": "合同专"}
    ).json()
    assert (
        browser(world, "other").get("/search/suggest", params={"q": "框"}).json()[0]["label"] == "李娜的框架"
    )
    stranger = TestClient(world.app, headers={"Accept": "application/json"})
    assert stranger.get("/search/suggest", params={"q": "框"}).status_code == 401


def test_a_search_that_is_down_says_so_and_the_lists_work(
    world: World, staff: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(self: Index, lookup: Lookup) -> None:
        raise SearchUnavailable(reason="away")

    monkeypatch.setattr(TantivyIndex, "search", down)

    page = staff.get("/search", params={"q": "框架"})
    assert page.status_code == 503
    assert "not available just now" in page.text and 'href="/documents"' in page.text
    part = staff.get("/search", params={"q": "框架"}, headers={"HX-Request": "true"}).text
    assert "<html" not in part and 'id="results"' in part and "not available" in part
    assert staff.get("/search/suggest", params={"q": "框"}).json() == []
    assert "框架采购" in staff.get("/register").text
    for path in ("/", "/cases", "/documents"):
        assert browser(world, "finance").get(path).status_code == 200, path


def test_a_search_is_saved_watched_renamed_and_deleted(world: World, staff: TestClient) -> None:
    rows, asked = Rows(world.company), {"q": "租赁", "kind": "seal_record"}
    offered = staff.get("/search", params=asked).text
    new = re.search(r'href="(/search/saved/new[^"]+)"', offered)
    assert new is not None
    address = unescape(new[1])
    assert 'name="name" maxlength="100" value="租赁"' in staff.get(address).text
    refused = post(staff, address, "/search/saved", **asked, name=" ", notify="yes")
    assert refused.status_code == 422 and 'aria-describedby="error-name"' in refused.text
    listed = post(staff, address, "/search/saved", **asked, name="Leases", notify="yes").text
    assert "Leases" in listed and "租赁 · Seal record" in text_of(listed)
    saved = re.search(r'href="/search/saved/([0-9a-f-]{36})"', listed)
    assert saved is not None
    path = f"/search/saved/{saved[1]}"
    assert browser(world, "other").get(path).status_code == 404
    assert post(browser(world, "other"), "/search/saved", f"{path}/delete").status_code == 404

    with world.runtime.database.write() as session:
        record = rows.add_seal_record(session, rows.add_seal(session, "第二章"), "车辆租赁")
        grant_access(
            session, ResourceType.SEAL_RECORD, record.id, [f"person:{world.company.people['staff']}"]
        )
    world.work()
    world.runtime.get(SavedSearches).check(UUID(saved[1]))
    assert "1 new" in text_of(staff.get("/search/saved").text)
    home = staff.get("/").text
    assert f'href="{path}"' in home and "“Leases” finds something new" in text_of(home)
    looked = staff.get(path)
    assert str(looked.url).endswith("/search?q=%E7%A7%9F%E8%B5%81&kind=seal_record")
    assert "车辆租赁" in text_of(looked.text)
    assert "1 new" not in text_of(staff.get("/search/saved").text)

    renamed = text_of(post(staff, "/search/saved", path, name="Rentals").text)
    assert "Rentals" in renamed and "Without notices" in renamed
    assert "not saved a search" in text_of(post(staff, "/search/saved", f"{path}/delete").text)


def test_all_results_are_exported_with_progress(world: World, staff: TestClient) -> None:
    asked = {"q": "框架", "order": "newest"}
    started = post(staff, "/search?q=框架", "/search/exports", **asked, format="csv").text
    assert "Waiting to be written" in text_of(started) and 'hx-trigger="every 1s"' in started
    world.work()
    part = staff.get("/search/exports", headers={"HX-Request": "true"}).text
    assert "<html" not in part and "hx-trigger" not in part and "3 records" in text_of(part)
    file = re.search(r'href="(/search/exports/[0-9a-f-]{36}/file)"', part)
    assert file is not None
    answer = staff.get(file[1])
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert len(lines) == 4 and lines[0].startswith("Kind,Number,Title")
    assert browser(world, "admin").get(file[1]).status_code == 404
    assert staff.post("/search/exports", data=asked).status_code == 403  # without the form's token
