"""What is said when something went wrong."""

from __future__ import annotations

import pytest
from httpx import Response

from api.errors import TooManyRequests
from api.limits import CallRate
from core.i18n import translator
from ingest.service import IngestService
from storage.errors import StorageFull
from tests.api.world import World, make_pdf

MEMBERS = {"type", "title", "status", "detail", "code", "errors"}


def is_problem(answer: Response, status: int, code: str) -> bool:
    body = answer.json()
    return (
        answer.status_code == status == body["status"]
        and answer.headers["content-type"] == "application/problem+json"
        and body["code"] == code
        and body["type"] == f"urn:vermilion:problem:{code}"
        and set(body) >= MEMBERS
        and bool(body["detail"])
        and not body["detail"].startswith("error-")
    )


def test_an_address_that_leads_nowhere_is_a_problem(world: World) -> None:
    assert is_problem(world.client("staff").get("/api/v1/nothing"), 404, "not-found")


def test_a_method_that_is_not_known_is_a_problem(world: World) -> None:
    assert is_problem(world.client("staff").patch("/api/v1/me"), 405, "method-not-allowed")


def test_each_wrong_field_is_named(world: World) -> None:
    answer = world.client("admin").post(
        "/api/v1/people", json={"username": "x", "department_id": "7", "admin": True}
    )

    assert is_problem(answer, 422, "invalid-input")
    named = {one["field"]: one["code"] for one in answer.json()["errors"]}
    assert named == {
        "username": "string-too-short", "name": "missing", "department_id": "uuid-parsing",
        "password": "missing", "admin": "extra-forbidden",
    }  # fmt: skip


def test_the_form_of_a_case_names_its_fields(world: World) -> None:
    answer = world.client("staff").post(
        "/api/v1/cases", json={"flow": "reimbursement", "form": {"amount": "1.234"}}
    )

    assert is_problem(answer, 422, "form-invalid")
    named = {one["field"]: one["code"] for one in answer.json()["errors"]}
    assert named["amount"] == "field-not-understood"
    assert named["purpose"] == "field-missing"


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [("en", "en"), ("zh-CN,en;q=0.5", "zh-CN"), ("fr, en;q=0.2", "en"), ("", "zh-CN"), ("*", "zh-CN")],
)
def test_the_language_is_the_one_that_is_asked_for(world: World, accepted: str, expected: str) -> None:
    answer = world.client().get("/api/v1/me", headers={"Accept-Language": accepted})

    assert answer.json()["detail"] == translator(expected).text("error-not-signed-in")  # type: ignore[arg-type]


def test_without_a_wish_the_language_is_the_persons(world: World) -> None:
    client = world.client("other")
    client.put("/api/v1/me/language", json={"language": "en"})

    answer = client.get("/api/v1/nothing-here", headers={"Accept-Language": ""})
    missing = client.get(
        "/api/v1/documents/0192f0c1-7c3a-7b1e-9d55-3a2f5a8c1d20", headers={"Accept-Language": ""}
    )

    assert answer.status_code == 404
    assert missing.json()["detail"] == translator("en").text("error-not-found")


@pytest.mark.parametrize("body", ["{", "[1", "", "nothing", '"text"'])
def test_a_body_that_is_no_object_is_a_problem(world: World, body: str) -> None:
    answer = world.client("admin").post(
        "/api/v1/people", content=body, headers={"Content-Type": "application/json"}
    )

    assert is_problem(answer, 422, "invalid-input")


@pytest.mark.parametrize("value", ["\x00", "a\x00b"])
def test_text_that_cannot_be_kept_is_refused_not_lost(world: World, value: str) -> None:
    invoice = world.upload("staff", make_pdf(), "invoice")
    client = world.client("staff")

    form = client.post("/api/v1/cases", json={"flow": "reimbursement", "form": {"note": [value, invoice]}})
    token = client.post("/api/v1/tokens", json={"name": value, "scopes": ["read"]})
    found = client.get("/api/v1/search", params={"q": value})

    assert [one.status_code for one in (form, token, found)] == [422, 422, 422]


def test_a_back_end_that_is_full_is_said_and_nothing_is_half_there(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object) -> None:
        raise StorageFull()

    monkeypatch.setattr(world.runtime.get(IngestService), "receive", full)
    client, files = world.client("staff"), [("files", ("a.pdf", make_pdf()))]
    answer = client.post("/api/v1/documents", files=files, headers={"Idempotency-Key": "full"})
    assert is_problem(answer, 507, "storage-full")

    monkeypatch.undo()
    again = client.post("/api/v1/documents", files=files, headers={"Idempotency-Key": "full"})
    assert again.status_code == 201


def test_what_nobody_foresaw_is_ours_and_has_a_number(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object, **_options: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(world.runtime.get(IngestService), "list_documents", fail)

    answer = world.client("staff").get("/api/v1/documents")

    assert is_problem(answer, 500, "internal")
    assert "secret detail" not in answer.text
    assert answer.json()["number"]


def test_whoever_is_too_fast_is_told_when_to_come_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.app.state, "call_rate", CallRate(rate=0.1, burst=3))
    client = world.client("auditor")

    answers = [client.get("/api/v1/me") for _ in range(4)]

    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert is_problem(answers[-1], 429, "too-many-requests")
    assert int(answers[-1].headers["retry-after"]) == answers[-1].json()["wait_seconds"] > 0


def test_the_rate_is_each_persons_own_and_fills_again() -> None:
    rate = CallRate(rate=2, burst=2)

    for _ in range(2):
        rate.take("a", now=0)
    with pytest.raises(TooManyRequests):
        rate.take("a", now=0.1)
    rate.take("b", now=0.1)
    rate.take("a", now=0.6)
