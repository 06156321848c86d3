"""Searching by program: what is asked, what is answered, suggestions, saved searches, exports."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.permissions import ResourceType, grant_access
from search.saved import SavedSearches
from tests.api.world import World, make_world
from tests.search.rows import Rows
from vermilion import assembly


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = make_world(tmp_path_factory.mktemp("search"))
    add(made, "设备租赁", "江南智算技术有限公司")
    rows = Rows(made.company)
    with made.runtime.database.write() as session:
        rows.add_case(session, rows.add_seal(session), "框架采购合同")
    made.work()
    yield made
    assembly.close(made.runtime)


def add(world: World, subject: str, counterparty: str) -> None:
    rows = Rows(world.company)
    with world.runtime.database.write() as session:
        record = rows.add_seal_record(session, rows.add_seal(session, f"{subject}章"), subject, counterparty)
        grant_access(
            session, ResourceType.SEAL_RECORD, record.id, [f"person:{world.company.people['staff']}"]
        )
    world.work()


def test_a_search_answers_with_all_that_is_known_of_a_hit(world: World) -> None:
    answer = world.client("staff").get("/api/v1/search", params={"q": "框架 amount:many"}).json()

    (hit,) = answer["items"]
    assert (hit["subkind"], hit["marks"], hit["counterparty"], hit["amount"]) == (
        "contract", [], "上海华天科技股份有限公司", "1234567.80"
    )  # fmt: skip
    assert hit["applicant"]["name"] == "张伟"
    assert hit["marked_names"] == []
    (mistake,) = answer["mistakes"]
    assert (mistake["code"], mistake["text"]) == ("amount-unclear", "many")
    assert "is no amount" in mistake["message"]
    assert [month["count"] for month in answer["months"]] == [1]
    assert answer["corrected"] is None
    assert (
        world.client("staff").get("/api/v1/search", params={"q": "框驾采购"}).json()["corrected"]
        == "框架采购"
    )


def test_a_name_that_sounds_as_was_typed_is_marked(world: World) -> None:
    (hit, *_) = world.client("staff").get("/api/v1/search", params={"q": "htkj"}).json()["items"]

    (name,) = hit["marked_names"]
    assert name["field"] == "counterparty"
    assert [one["text"] for one in name["segments"] if one["is_hit"]] == ["华天科技"]
    assert "".join(one["text"] for one in name["segments"]) == hit["counterparty"]


def test_what_is_known_in_place_of_a_mistake_is_in_the_caller_s_language(world: World) -> None:
    client = world.client("staff")
    for language, known, foreign in (("en", "contract", "合同"), ("zh-CN", "合同", "contract")):
        asked = {"headers": {"Accept-Language": language}, "params": {"q": "kind:zz 框架"}}
        (mistake,) = client.get("/api/v1/search", **asked).json()["mistakes"]
        assert known in mistake["known"] and foreign not in mistake["known"]
        assert known in mistake["message"] and foreign not in mistake["message"]


def test_filters_and_orders(world: World) -> None:
    client = world.client("staff")

    def titles(**asked: str) -> list[str]:
        return [one["title"] for one in client.get("/api/v1/search", params=asked).json()["items"]]

    assert titles(counterparty="上海华天科技股份有限公司") == ["框架采购合同"]
    assert titles(year="1999") == []
    assert titles(order="amount-down")[0] == "框架采购合同"
    assert titles(order="oldest") == titles(order="newest")[::-1]
    assert client.get("/api/v1/search", params={"order": "random"}).status_code == 422


def test_suggestions(world: World) -> None:
    asked = {"q": "框架", "limit": 3}
    found = world.client("staff").get("/api/v1/search/suggestions", params=asked).json()["items"]

    assert {"field": "title", "label": "框架采购合同", "query": '"框架采购合同"'} in found
    assert world.client("other").get("/api/v1/search/suggestions", params=asked).json()["items"] == []


def test_a_saved_search_from_beginning_to_end(world: World) -> None:
    client, wanted = world.client("staff"), {"name": "租赁", "is_notified": True, "query": {"q": "租赁"}}
    made = client.post("/api/v1/search/saved", json=wanted)
    assert made.status_code == 201 and made.json()["query"]["q"] == "租赁"
    path = f"/api/v1/search/saved/{made.json()['id']}"
    again = client.post("/api/v1/search/saved", json=wanted)
    assert (again.status_code, again.json()["code"]) == (409, "saved-search-name-taken")
    assert world.client("other").get(path).status_code == 404

    add(world, "车辆租赁", "江南智算技术有限公司")
    world.runtime.get(SavedSearches).ask_for_checks()
    world.work()
    assert client.get(path).json()["new_count"] == 1
    (notice,) = (
        one for one in client.get("/api/v1/notices").json()["items"] if one["resource_type"] == "saved_search"
    )
    assert notice["message"] == "Your saved search “租赁” finds something new."
    assert client.post(f"{path}/looked").status_code == 200
    assert client.patch(path, json={"name": "租约"}).json()["name"] == "租约"
    assert client.get(path).json()["new_count"] == 0
    assert client.get("/api/v1/notices").json()["items"] == []
    assert client.delete(path).status_code == 200
    assert client.get("/api/v1/search/saved").json()["items"] == []


def test_an_export_from_beginning_to_end(world: World) -> None:
    client = world.client("staff")
    made = client.post("/api/v1/search/exports", json={"format": "csv", "query": {"q": "框架"}})
    assert (made.status_code, made.json()["state"]) == (202, "waiting")
    path = f"/api/v1/search/exports/{made.json()['id']}"
    early = client.get(f"{path}/file")
    assert (early.status_code, early.json()["code"]) == (409, "export-not-ready")
    world.work()
    assert client.get(path).json()["state"] == "done"
    assert [one["id"] for one in client.get("/api/v1/search/exports").json()["items"]] == [made.json()["id"]]
    file = client.get(f"{path}/file")
    assert file.content.decode("utf-8-sig").splitlines()[1].startswith("Application,HT-2026-")
    assert world.client("admin").get(f"{path}/file").status_code == 404
    assert (
        world.client("staff", scopes=["read"]).post("/api/v1/search/exports", json={"query": {}}).status_code
        == 403
    )
