"""Contracts over HTTP: comparison, the versions that matter, the other side's copies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.world import World, make_pdf, make_sealing_world
from tests.office import contract_pdf
from vermilion import assembly

SOME_ID = "0192f0c1-7c3a-7b1e-9d55-3a2f5a8c1d20"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = make_sealing_world(tmp_path_factory.mktemp("contracts"))
    yield made
    assembly.close(made.runtime)


@pytest.fixture(scope="module")
def case(world: World) -> dict[str, Any]:
    """A contract's case at its first step; ``contract`` is the document."""
    return submit(world)


def submit(world: World) -> dict[str, Any]:
    contract = world.upload("staff", contract_pdf())
    client = world.client("staff")
    form = {
        "title": "软件系统采购合同", "counterparty": "江南智算技术有限公司", "amount": "268000",
        "direction": "pay", "seal": client.get("/api/v1/seals").json()["items"][0]["id"], "copies": 2,
        "contract": [contract],
    }  # fmt: skip
    made = client.post("/api/v1/cases", json={"flow": "contract", "form": form})
    assert made.status_code == 201, made.text
    return {**made.json(), "contract": contract}


def add(world: World, case: dict[str, Any], copy: str, who: str = "staff", **headers: str) -> Any:
    return world.client(who).post(
        f"/api/v1/cases/{case['id']}/copies",
        json={"document_id": copy, "of_document_id": case["contract"]},
        headers=headers,
    )


def copies(world: World, case: dict[str, Any], who: str = "staff") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.client(who).get(f"/api/v1/cases/{case['id']}/copies").json()["items"]
    return found


def version(world: World, document: str) -> int:
    return int(world.client("staff").get(f"/api/v1/documents/{document}").json()["current_version"])


class TestComparison:
    def test_a_change_has_its_page_and_its_letters(self, world: World) -> None:
        before = world.upload("staff", contract_pdf(), name="一稿.pdf")
        after = world.upload("staff", contract_pdf("软件系统维护合同"), name="二稿.pdf")

        answer = world.client("staff").get(f"/api/v1/documents/{before}/comparison", params={"other": after})

        found = answer.json()
        assert answer.status_code == 200
        assert (found["before"]["title"], found["after"]["id"]) == ("一稿.pdf", after)
        assert found["is_same_text"] is False
        assert {one["kind"] for one in found["changes"]} == {"changed"}
        first = found["changes"][0]
        assert (first["page_before"], first["page_after"]) == (1, 1)
        assert [one["text"] for one in first["before"] if one["differs"]] == ["采购"]
        assert [one["text"] for one in first["after"] if one["differs"]] == ["维护"]

    def test_the_same_text_is_said_to_be_the_same(self, world: World) -> None:
        before, after = (world.upload("staff", contract_pdf()) for _ in range(2))

        found = world.client("staff").get(
            f"/api/v1/documents/{before}/comparison", params={"other": after}
        ).json()  # fmt: skip

        assert (found["is_same_text"], found["changes"]) == (True, [])

    @pytest.mark.parametrize("turned", [False, True])
    def test_strangers_compare_nothing(self, world: World, turned: bool) -> None:
        mine = world.upload("staff", contract_pdf())
        theirs = world.upload("other", contract_pdf("别人的合同"))
        before, after = (theirs, mine) if turned else (mine, theirs)

        answer = world.client("staff").get(f"/api/v1/documents/{before}/comparison", params={"other": after})

        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
        assert "别人" not in answer.text

    def test_a_document_that_is_still_being_read_is_not_ready(self, world: World) -> None:
        ready = world.upload("staff", contract_pdf())
        client = world.client("staff")
        sent = client.post(
            "/api/v1/documents",
            files=[("files", ("新.pdf", contract_pdf("未读的合同"), "application/pdf"))],
            data={"kind": "contract"},
        )
        waiting = sent.json()["results"][0]["document_id"]

        answer = client.get(f"/api/v1/documents/{ready}/comparison", params={"other": waiting})

        assert (answer.status_code, answer.json()["code"]) == (409, "document-not-ready")
        world.work()
        answer = client.get(f"/api/v1/documents/{ready}/comparison", params={"other": waiting})
        assert answer.status_code == 200

    def test_the_other_document_has_to_be_named(self, world: World) -> None:
        answer = world.client("staff").get(f"/api/v1/documents/{SOME_ID}/comparison")

        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "other")


class TestMilestones:
    def test_a_contract_names_what_was_submitted_and_what_was_approved(
        self, world: World, case: dict[str, Any]
    ) -> None:
        answer = world.client("staff").get(f"/api/v1/documents/{case['contract']}/milestones")

        submitted = version(world, case["contract"])
        assert answer.json() == {"submitted": submitted, "approved": None, "sealed": None}

    def test_strangers_learn_nothing(self, world: World, case: dict[str, Any]) -> None:
        answer = world.client("other").get(f"/api/v1/documents/{case['contract']}/milestones")

        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


class TestCopies:
    def test_a_copy_with_the_same_text_is_added_and_listed(self, world: World) -> None:
        case = submit(world)
        copy = world.upload("staff", contract_pdf(), "attachment", "对方签署.pdf")

        answer = add(world, case, copy)

        assert answer.status_code == 201, answer.text
        made = answer.json()
        assert (made["document_id"], made["of_document_id"]) == (copy, case["contract"])
        assert made["of_version"] == version(world, case["contract"])
        assert (made["title"], made["is_same_text"], made["changes"]) == ("对方签署.pdf", True, [])
        assert copies(world, case) == [made]
        # Who sees the case sees the copy.
        assert copies(world, case, "head") == [made]
        assert world.client("head").get(f"/api/v1/documents/{copy}").status_code == 200

    def test_a_copy_with_another_text_shows_what_differs(self, world: World) -> None:
        case = submit(world)

        add(world, case, world.upload("staff", contract_pdf("软件系统买卖合同"), "attachment"))

        (found,) = copies(world, case)
        assert found["is_same_text"] is False
        assert found["changes"][0]["kind"] == "changed"

    def test_a_copy_that_is_not_read_yet_is_compared_when_it_is(self, world: World) -> None:
        case = submit(world)
        sent = world.client("staff").post(
            "/api/v1/documents", files=[("files", ("对方签署.pdf", contract_pdf(), "application/pdf"))]
        )

        made = add(world, case, sent.json()["results"][0]["document_id"]).json()

        assert (made["state"], made["is_same_text"]) == ("processing", None)
        world.work()
        assert copies(world, case)[0]["is_same_text"] is True

    def test_the_same_call_twice_adds_it_once(self, world: World) -> None:
        case = submit(world)
        copy = world.upload("staff", contract_pdf(), "attachment")

        first = add(world, case, copy, **{"Idempotency-Key": f"copy-{copy}"})
        again = add(world, case, copy, **{"Idempotency-Key": f"copy-{copy}"})
        anew = add(world, case, copy)

        assert first.json() == again.json() == anew.json()
        assert again.headers["idempotent-replayed"] == "true"
        assert len(copies(world, case)) == 1

    def test_a_case_that_changed_since_it_was_read_takes_nothing(
        self, world: World, case: dict[str, Any]
    ) -> None:
        copy = world.upload("staff", contract_pdf(), "attachment")
        before = copies(world, case)

        answer = add(world, case, copy, **{"If-Match": '"999"'})

        assert (answer.status_code, answer.json()["code"]) == (412, "precondition-failed")
        assert copies(world, case) == before

    def test_strangers_neither_list_nor_add(self, world: World, case: dict[str, Any]) -> None:
        theirs = world.upload("other", contract_pdf(), "attachment")

        listed = world.client("other").get(f"/api/v1/cases/{case['id']}/copies")
        added = add(world, case, theirs, "other")

        for answer in (listed, added):
            assert (answer.status_code, answer.json()["code"]) == (404, "not-found")

    def test_who_sees_the_case_but_has_no_part_in_it_adds_nothing(
        self, world: World, case: dict[str, Any]
    ) -> None:
        copy = world.upload("admin", contract_pdf(), "attachment")

        answer = add(world, case, copy, "admin")

        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")

    def test_nobody_adds_the_document_of_somebody_else(self, world: World, case: dict[str, Any]) -> None:
        theirs = world.upload("other", contract_pdf(), "attachment")

        answer = add(world, case, theirs)

        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")

    def test_a_document_is_the_copy_of_one_contract_and_never_of_itself(
        self, world: World, case: dict[str, Any]
    ) -> None:
        copy = world.upload("staff", contract_pdf(), "attachment")
        assert add(world, submit(world), copy).status_code == 201

        for document in (copy, case["contract"]):
            answer = add(world, case, document)
            assert (answer.status_code, answer.json()["code"]) == (409, "copy-taken")

    def test_a_claim_holds_no_contract(self, world: World) -> None:
        claim = world.claim("staff")
        copy = world.upload("staff", make_pdf(title="copy"), "attachment")

        answer = world.client("staff").post(
            f"/api/v1/cases/{claim['id']}/copies",
            json={"document_id": copy, "of_document_id": claim["documents"][0]["id"]},
        )

        assert (answer.status_code, answer.json()["code"]) == (409, "not-a-contract")

    def test_a_token_that_only_reads_adds_nothing(self, world: World, case: dict[str, Any]) -> None:
        answer = world.client("staff", ["read"]).post(
            f"/api/v1/cases/{case['id']}/copies", json={"document_id": SOME_ID, "of_document_id": SOME_ID}
        )

        assert (answer.status_code, answer.json()["code"]) == (403, "scope-missing")
