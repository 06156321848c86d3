"""Invoices with a broken signature over HTTP: asked for, told of, found, let through."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.world import World
from tests.broken_invoice import broken_ofd

REASON = "销售方已书面确认"


@pytest.fixture
def invoice(world: World) -> str:
    """An invoice of staff whose seal is broken."""
    answer = world.client("staff").post(
        "/api/v1/documents",
        files=[("files", ("住宿费.ofd", broken_ofd(), "application/ofd"))],
        data={"kind": "invoice"},
    )
    world.work()
    return str(answer.json()["results"][0]["document_id"])


def detail(world: World, document: str, who: str = "staff") -> dict[str, Any]:
    found: dict[str, Any] = world.client(who).get(f"/api/v1/invoices/{document}").json()
    return found


def ask(world: World, document: str, who: str = "staff", **headers: str) -> Any:
    return world.client(who).post(f"/api/v1/invoices/{document}/override-request", headers=headers)


def listed(world: World, only: str, who: str = "finance") -> list[str]:
    answer = world.client(who).get("/api/v1/invoices", params={"only": only, "limit": 100})
    return [one["document_id"] for one in answer.json()["items"]]


def notices(world: World, who: str, about: str) -> list[dict[str, Any]]:
    found = world.client(who).get("/api/v1/notices").json()["items"]
    return [one for one in found if one["resource_id"] == about]


def test_finance_is_told_when_an_owner_asks_and_the_owner_when_finance_decides(
    world: World, invoice: str
) -> None:
    before = detail(world, invoice)
    assert (before["verdict"], before["may_ask_override"], before["asked_at"]) == ("invalid", True, None)
    assert world.client("finance").get(f"/api/v1/invoices/{invoice}").status_code == 404
    assert invoice not in listed(world, "broken")

    assert ask(world, invoice).status_code == 201

    (told,) = notices(world, "finance", invoice)
    assert (told["code"], told["resource_type"]) == ("override-asked", "document")
    assert "住宿费" in told["message"]
    seen = detail(world, invoice, "finance")
    assert seen["may_override"] is True and seen["asked_at"] is not None
    assert invoice in listed(world, "asked") and invoice in listed(world, "broken")
    assert notices(world, "staff", invoice) == []

    made = world.client("finance").post(f"/api/v1/invoices/{invoice}/override", json={"reason": REASON})

    assert made.status_code == 201
    assert notices(world, "finance", invoice) == []
    (told,) = notices(world, "staff", invoice)
    assert told["code"] == "override-made" and REASON in told["message"]
    assert detail(world, invoice)["override"]["reason"] == REASON
    assert invoice not in listed(world, "asked") and invoice not in listed(world, "broken")
    assert ask(world, invoice).json()["code"] == "override-not-needed"


def test_a_broken_invoice_nobody_asked_for_is_broken_but_not_asked(world: World, invoice: str) -> None:
    assert invoice in listed(world, "broken", "staff")
    assert invoice not in listed(world, "asked", "staff")


def test_asking_twice_tells_once_until_it_was_seen(world: World, invoice: str) -> None:
    ask(world, invoice)
    assert ask(world, invoice).status_code == 201
    (told,) = notices(world, "finance", invoice)

    seen = world.client("finance").post(f"/api/v1/notices/{told['id']}/seen")

    assert (seen.status_code, seen.json()) == (200, {"done": True})
    assert notices(world, "finance", invoice) == []
    ask(world, invoice)
    assert len(notices(world, "finance", invoice)) == 1


def test_the_same_call_asks_once(world: World, invoice: str) -> None:
    key = {"Idempotency-Key": f"ask-{invoice}"}
    ask(world, invoice, **key)
    (told,) = notices(world, "finance", invoice)
    world.client("finance").post(f"/api/v1/notices/{told['id']}/seen")

    again = ask(world, invoice, **key)

    assert again.headers["idempotent-replayed"] == "true"
    assert notices(world, "finance", invoice) == []


def test_strangers_neither_ask_nor_let_through_nor_learn(world: World, invoice: str) -> None:
    for who in ("other", "finance"):  # nobody showed it to finance yet
        assert ask(world, invoice, who).status_code == 404
        answer = world.client(who).post(f"/api/v1/invoices/{invoice}/override", json={"reason": REASON})
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert notices(world, "other", invoice) == []


def test_only_the_owner_asks_and_only_finance_decides(world: World, invoice: str) -> None:
    ask(world, invoice)

    asked = ask(world, invoice, "finance")
    decided = world.client("staff").post(f"/api/v1/invoices/{invoice}/override", json={"reason": REASON})

    assert (asked.status_code, decided.status_code) == (403, 403)


def test_nobody_puts_away_the_notice_of_somebody_else(world: World, invoice: str) -> None:
    ask(world, invoice)
    (told,) = notices(world, "finance", invoice)

    answer = world.client("staff").post(f"/api/v1/notices/{told['id']}/seen")

    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert len(notices(world, "finance", invoice)) == 1
