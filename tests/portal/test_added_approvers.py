"""Adding approvers on pages and by program: the same verbs, and what each shows afterwards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from tests.api.world import World, make_world
from tests.builders import PIN
from tests.portal.test_archive_pages import browser, token_in
from vermilion import assembly
from workflow.models import Case


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = make_world(tmp_path_factory.mktemp("added"))
    made.enrol("head", "other", "gm", "finance")
    yield made
    assembly.close(made.runtime)


def send(client: TestClient, form: str, address: str, **fields: Any) -> Response:
    answer: Response = client.post(address, data={"csrf_token": token_in(client.get(form).text), **fields})
    return answer


def people_on(page: str) -> list[str]:
    return re.findall(r'name="person" value="([^"]+)"', page)


def test_a_manager_adds_a_colleague_on_a_page_who_then_decides(world: World) -> None:
    case, head = world.claim()["id"], browser(world, "head")
    task = world.task_of("head", case)["id"]
    address, other = f"/tasks/{task}/approvers", str(world.company.people["other"])
    assert f'href="{address}"' in head.get(f"/tasks/{task}").text
    first = people_on(head.get(address).text)
    assert first[0] == other and str(world.company.people["staff"]) not in first

    ticked = {"kind": "before", "person": other, "reason": "请确认行程"}
    found = send(head, address, address, act="find", q="陈总", **ticked)
    assert found.status_code == 200 and "请确认行程" in found.text
    assert people_on(found.text) == [other, str(world.company.people["gm"])]  # what is ticked stays
    assert re.findall(r'value="([^"]+)" checked>', found.text) == ["before", other]

    nobody = send(head, address, address, act="add", kind="before", reason="请确认行程")
    assert (nobody.status_code, 'id="error-people"' in nobody.text) == (422, True)
    without = send(head, address, address, act="add", kind="before", person=other)
    assert (without.status_code, 'id="error-reason"' in without.text) == (422, True)

    added = send(head, address, address, act="add", **ticked)
    assert added.url.path == f"/cases/{case}" and "the task comes back to you" in added.text
    assert "Take back 李娜" in added.text
    assert head.get(f"/tasks/{task}").url.path == f"/cases/{case}"

    colleague = browser(world, "other")
    mine = world.task_of("other", case)
    shown = colleague.get(f"/tasks/{mine['id']}").text
    assert "王芳 asks for your decision before their own. Reason: 请确认行程" in shown
    assert f'name="shown_digest" value="{mine["shown_digest"]}"' in shown
    page = f"/tasks/{mine['id']}"
    done = send(
        colleague,
        page,
        page,
        outcome="approved",
        comment="行程属实",
        pin=PIN,
        shown_digest=mine["shown_digest"],
    )
    assert done.status_code == 200
    told = browser(world, "staff")
    assert "王芳 added approvers" in told.get("/").text
    history = told.get(f"/cases/{case}").text
    assert "Added to decide before: 李娜" in history and "· added" in history
    assert "王芳 added approvers" not in told.get("/").text  # looking at the case puts the notice away
    assert world.task_of("head", case)["id"] == task


def test_a_program_adds_finds_and_takes_back(world: World) -> None:
    case = world.claim()["id"]
    task, head = world.task_of("head", case)["id"], world.client("head")
    found = head.get(f"/api/v1/tasks/{task}/colleagues", params={"q": "总经办 陈"}).json()["items"]
    assert [(one["name"], one["department"]) for one in found] == [("陈总", "总经办")]
    body = {"kind": "after", "people": [found[0]["id"]], "reason": "金额较大"}
    tag = head.get(f"/api/v1/cases/{case}").headers["ETag"]
    stale = head.post(f"/api/v1/tasks/{task}/approvers", json=body, headers={"If-Match": '"0"'})
    assert stale.status_code == 412
    made = head.post(f"/api/v1/tasks/{task}/approvers", json=body, headers={"If-Match": tag})
    assert made.status_code == 201, made.text
    step = next(one for one in made.json()["steps"] if one["added"])
    assert (step["added"], step["people"], step["status"], step["may_take_back"]) == (
        "after", ["陈总"], "todo", True,
    )  # fmt: skip
    assert made.json()["acts"][-1]["added"] == {"kind": "after", "people": ["陈总"]}
    assert made.headers["ETag"] != tag
    again = head.post(f"/api/v1/tasks/{task}/approvers", json=body)
    assert (again.status_code, again.json()["code"]) == (422, "cannot-approve")
    for client, status in ((world.client("finance"), 404), (world.client("staff"), 403)):
        assert client.post(f"/api/v1/tasks/{task}/approvers", json=body).status_code == status
        assert client.get(f"/api/v1/tasks/{task}/colleagues").status_code in (403, 404)
    back = head.post(f"/api/v1/tasks/{step['task_id']}/take-back")
    assert back.status_code == 200 and not any(one["added"] for one in back.json()["steps"])
    assert head.post(f"/api/v1/tasks/{step['task_id']}/take-back").json()["code"] == "task-finished"


def test_the_code_on_a_continuation_sheet_leads_to_its_own_verdict(world: World) -> None:
    case = world.claim()["id"]
    task, head = world.task_of("head", case)["id"], world.client("head")
    body = {"kind": "before", "people": [str(world.company.people["other"])], "reason": "请确认"}
    sheets = head.post(f"/api/v1/tasks/{task}/approvers", json=body).json()["sheets"]
    assert sheets[1]["continues"][0]["digest"] == sheets[0]["digest"]
    with world.runtime.database.read() as session:
        token = session.get_one(Case, UUID(case)).verify_token
    stranger = browser(world)
    page = stranger.get(f"/verify/{token}?sheet=2").text
    assert "fit the beginnings of the sheets" in page and f"/verify/{token}?sheet=1" in page
    assert "verdict-valid" in page and "请确认" not in page
    assert "fit the beginnings" not in stranger.get(f"/verify/{token}").text
    for number in ("3", "0", "x"):
        assert stranger.get(f"/verify/{token}?sheet={number}").status_code in (404, 422)
    continuation = world.client("other").get(f"/api/v1/documents/{sheets[1]['id']}/content").content
    csrf = token_in(stranger.get(f"/verify/{token}").text)
    for data, said in ((continuation, "likeness-newest"), (continuation + b" ", "likeness-differs")):
        answer = stranger.post(f"/verify/{token}", data={"csrf_token": csrf}, files={"file": ("a.pdf", data)})
        assert said in answer.text
