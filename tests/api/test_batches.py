"""Batches over HTTP and on the portal: choose, review, one PIN, results."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from httpx import Response
from sqlalchemy import update

from core.ids import new_id
from core.models import ApiToken
from core.sign_in import digest_token
from tests.api.world import World, make_world
from tests.builders import PIN
from tests.portal.test_archive_pages import browser, token_in
from tests.workflow.batching import apply_for_leave
from vermilion import assembly


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = make_world(tmp_path_factory.mktemp("batches"))
    made.enrol("head")
    yield made
    assembly.close(made.runtime)


def wait_for(world: World, count: int) -> list[str]:
    """So many new applications at the head; returns their cases."""
    company = world.company
    made = apply_for_leave(world.runtime, company.principal("admin"), company.principal("staff"), count)
    return [str(one) for one in made]


def items_of(world: World, cases: list[str]) -> list[dict[str, Any]]:
    tasks = [world.task_of("head", case) for case in cases]
    return [{"task_id": task["id"], "shown_digest": task["shown_digest"]} for task in tasks]


def ended(world: World, batch: str) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        answer: dict[str, Any] = world.client("head").get(f"/api/v1/batches/{batch}").json()
        if answer["state"] != "running":
            return answer
        time.sleep(0.05)
    raise TimeoutError


def test_a_batch_over_http_has_a_result_for_each_and_is_repeatable(world: World) -> None:
    client = world.client("head")
    items = items_of(world, wait_for(world, 3))
    wrong = [*items[:2], {**items[2], "shown_digest": "0" * 64}]
    headers = {"Idempotency-Key": str(new_id())}
    body = {"items": wrong, "comment": "同意", "pin": PIN}
    made = client.post("/api/v1/batches", json=body, headers=headers)
    assert made.status_code == 201, made.text
    assert client.post("/api/v1/batches", json=body, headers=headers).json()["id"] == made.json()["id"]
    answer = ended(world, made.json()["id"])
    assert (answer["state"], answer["total"], answer["done"], answer["failed"]) == ("done", 3, 2, 1)
    assert answer["items"][2]["code"] == "stale-page"
    assert "look at it again" in answer["items"][2]["message"]
    again = client.post(f"/api/v1/batches/{answer['id']}/repetition", json={"items": items[2:], "pin": PIN})
    assert again.status_code == 200, again.text
    assert ended(world, answer["id"])["done"] == 3
    assert client.get("/api/v1/batches").json()["items"][0]["id"] == answer["id"]


def test_a_batch_needs_the_scope_and_is_ones_own(world: World) -> None:
    items = items_of(world, wait_for(world, 1))
    body = {"items": items, "pin": PIN}
    refused = world.client("head", scopes=["read", "write"]).post("/api/v1/batches", json=body)
    assert refused.status_code == 403
    wrong = world.client("head").post("/api/v1/batches", json={**body, "pin": "907354"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "wrong-pin")
    assert PIN not in wrong.text and "907354" not in wrong.text
    made = world.client("head").post("/api/v1/batches", json=body).json()
    ended(world, made["id"])
    assert world.client("gm").get(f"/api/v1/batches/{made['id']}").status_code == 404


def test_a_revoked_token_ends_the_session(world: World) -> None:
    items = items_of(world, wait_for(world, 1))
    client = world.client("head", scopes=["read", "sign"])
    with world.runtime.database.write() as session:
        secret = client.headers["Authorization"].split()[1]
        found = session.execute(
            update(ApiToken)
            .where(ApiToken.token_digest == digest_token(secret))
            .values(revoked_at=world.runtime.clock.now())
        )
        assert found.rowcount == 1  # type: ignore[attr-defined]
    assert client.post("/api/v1/batches", json={"items": items, "pin": PIN}).status_code == 401


def test_on_the_portal_one_chooses_reviews_signs_and_reads_the_results(world: World) -> None:
    wait_for(world, 3)
    client = browser(world, "head")
    home = client.get("/").text
    tasks = re.findall(r'name="task" value="([0-9a-f-]+)"', home)
    assert len(tasks) >= 3
    page = client.get("/batches/new", params={"task": tasks[-3:]}).text
    items = re.findall(r'name="item" value="([^"]+)"', page)
    assert len(items) == 3 and "3 approvals" in page
    form = {"csrf_token": token_in(page), "form_id": str(new_id()), "item": items, "comment": ""}

    def send(pin: str) -> Response:
        return client.post("/batches/new", data={**form, "pin": pin})

    wrong = send("907354")
    assert wrong.status_code == 422 and "PIN is wrong" in wrong.text
    assert wrong.text.count('name="item"') == 3
    sent = send(PIN)
    assert sent.status_code == 200
    batch = str(sent.url).rsplit("/", 1)[1]
    assert str(send(PIN).url).endswith(batch)  # sent twice
    ended(world, batch)
    done = client.get(f"/batches/{batch}").text
    assert "All 3 approvals are signed." in done
    assert "/repetition" not in done
    assert browser(world, "staff").get(f"/batches/{batch}").status_code == 404
    assert "Nothing to approve" in client.get("/batches/new", params={"task": tasks[-3:]}).text
