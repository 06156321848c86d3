"""The same call twice does one thing."""

from __future__ import annotations

import threading
from datetime import timedelta
from uuid import UUID

import pytest
from fastapi import Request
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import select, update

from api.idempotency import KEPT_FOR, RequestDigest
from core.models import Department, IdempotencyKey
from core.permissions import Principal
from core.tasks import TASKS
from tests.api.world import World, claim_form, make_pdf
from workflow.service import WorkflowService


def department(world: World, name: str) -> dict[str, str]:
    return {"entity_id": str(world.company.entity_id), "name": name}


def count(world: World, name: str) -> int:
    with world.runtime.database.read() as session:
        return len(session.scalars(select(Department).where(Department.name == name)).all())


def send(client: TestClient, world: World, name: str, key: str) -> Response:
    return client.post(
        "/api/v1/people/departments", json=department(world, name), headers={"Idempotency-Key": key}
    )


def test_the_same_call_gets_the_same_answer_and_is_done_once(world: World) -> None:
    client = world.client("admin")

    first, second = (send(client, world, "甲部", "a-1") for _ in range(2))

    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert count(world, "甲部") == 1


def test_the_same_key_with_another_call_is_refused(world: World) -> None:
    client = world.client("admin")
    send(client, world, "乙部", "b-1")

    answer = send(client, world, "丙部", "b-1")

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-reused")
    assert count(world, "丙部") == 0


def test_two_people_may_use_the_same_key(world: World) -> None:
    tokens = [
        world.client(who).post(
            "/api/v1/tokens", json={"name": who, "scopes": ["read"]}, headers={"Idempotency-Key": "t"}
        )
        for who in ("staff", "other")
    ]

    assert [one.json()["name"] for one in tokens] == ["staff", "other"]


def test_a_failed_call_leaves_the_key_free(world: World) -> None:
    client = world.client("admin")
    refused = send(client, world, "", "c-1")
    assert refused.status_code == 422

    assert send(client, world, "丁部", "c-1").status_code == 201


def test_an_upload_is_recognised_though_its_separator_changes(world: World) -> None:
    client, pdf = world.client("staff"), make_pdf(3)

    answers = [
        client.post(
            "/api/v1/documents", files=[("files", ("同.pdf", pdf))], headers={"Idempotency-Key": "up-1"}
        )
        for _ in range(2)
    ]

    ids = {answer.json()["results"][0]["document_id"] for answer in answers}
    assert [answer.status_code for answer in answers] == [201, 201]
    assert len(ids) == 1


def test_a_case_is_submitted_once(world: World) -> None:
    invoice = world.upload("staff", make_pdf(), "invoice")
    client = world.client("staff")
    body = {"flow": "reimbursement", "form": claim_form(invoice)}

    answers = [
        client.post("/api/v1/cases", json=body, headers={"Idempotency-Key": "case-1"}) for _ in range(2)
    ]

    assert answers[0].status_code == 201, answers[0].text
    assert answers[0].json()["id"] == answers[1].json()["id"]
    assert answers[0].headers["etag"] == answers[1].headers["etag"]


def test_while_the_first_call_runs_the_second_one_is_told_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, leave = threading.Event(), threading.Event()
    service = world.runtime.get(WorkflowService)
    real, answers = service.withdraw, []

    def slow(principal: Principal, case_id: UUID) -> None:
        entered.set()
        assert leave.wait(20)
        real(principal, case_id)

    monkeypatch.setattr(service, "withdraw", slow)
    case = world.claim()
    clients = [world.client("staff"), world.client("staff")]

    def withdraw(client: TestClient) -> None:
        answers.append(
            client.post(f"/api/v1/cases/{case['id']}/withdrawal", headers={"Idempotency-Key": "d-1"})
        )

    first = threading.Thread(target=withdraw, args=(clients[0],))
    first.start()
    assert entered.wait(20)
    withdraw(clients[1])
    leave.set()
    first.join(20)

    assert (answers[0].status_code, answers[0].json()["code"]) == (409, "idempotency-conflict")
    assert (answers[1].status_code, answers[1].json()["state"]) == (200, "withdrawn")


def test_a_call_whose_outcome_is_unknown_is_not_done_again(world: World) -> None:
    client = world.client("admin")
    send(client, world, "己部", "e-1")
    with world.runtime.database.write() as session:  # as if the process had died before it could say
        session.execute(
            update(IdempotencyKey).where(IdempotencyKey.key == "api:e-1").values(status=None, body=None)
        )

    answer = send(client, world, "己部", "e-1")

    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency-conflict")
    assert count(world, "己部") == 1


def test_kept_answers_hold_no_secret_in_the_clear(world: World) -> None:
    made = world.client("staff").post(
        "/api/v1/tokens", json={"name": "s", "scopes": ["read"]}, headers={"Idempotency-Key": "secret-1"}
    )

    with world.runtime.database.read() as session:
        bodies = [row for row in session.scalars(select(IdempotencyKey.body)) if row]

    assert bodies
    assert not any(made.json()["secret"].encode() in body for body in bodies)


def test_kept_answers_are_forgotten_after_a_day(world: World) -> None:
    send(world.client("admin"), world, "庚部", "f-1")
    with world.runtime.database.write() as session:
        session.execute(
            update(IdempotencyKey).values(
                created_at=world.runtime.clock.now() - KEPT_FOR - timedelta(minutes=1)
            )
        )

    TASKS["api.forget_answers"].handler(world.runtime, None)  # type: ignore[arg-type]

    with world.runtime.database.read() as session:
        assert session.scalars(select(IdempotencyKey)).all() == []


@pytest.mark.parametrize("key", ["", "a" * 191, "with space", "tab\t"])
def test_a_key_that_is_no_key_is_refused(world: World, key: str) -> None:
    answer = send(world.client("admin"), world, "辛部", key)

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-invalid")


def test_reading_takes_no_notice_of_a_key(world: World) -> None:
    client = world.client("staff")

    assert all(client.get("/api/v1/me", headers={"Idempotency-Key": "g"}).status_code == 200 for _ in "ab")


def test_the_digest_of_a_request_does_not_depend_on_how_it_is_cut(world: World) -> None:
    scope = {
        "type": "http", "method": "POST", "path": "/x", "query_string": b"", "scheme": "http",
        "server": ("test", 80),
    }  # fmt: skip

    def digest(separator: bytes, size: int) -> str:
        headers = [(b"content-type", b"multipart/form-data; boundary=" + separator)]
        found = RequestDigest(world.runtime, Request({**scope, "headers": headers}))
        body = b"--" + separator + b"\r\n\r\ndata\r\n--" + separator + b"--"
        for start in range(0, len(body), size):
            found.feed(body[start : start + size])
        return found.hex()

    assert (
        len({digest(separator, size) for separator in (b"abcdef", b"0123456789") for size in (1, 7, 99)}) == 1
    )
