"""The main job by program: submit, decide, seal, register, search, verify, back up."""

from __future__ import annotations

import io
import re
from base64 import b64decode
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pikepdf
import pytest
from PIL import Image, ImageChops

from tests.api.world import World, make_pdf, make_sealing_world
from tests.builders import PIN
from tests.signing.national import builder
from tests.signing.verification.attacks import appended
from vermilion import assembly


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = make_sealing_world(tmp_path_factory.mktemp("main-job"))
    yield made
    assembly.close(made.runtime)


def decide(world: World, username: str, case_id: str, outcome: str = "approved", **change: Any) -> Any:
    task = world.task_of(username, case_id)
    body = {"outcome": outcome, "comment": "同意", "pin": PIN, "shown_digest": task["shown_digest"], **change}
    return world.client(username).post(f"/api/v1/tasks/{task['id']}/decision", json=body)


def test_a_contract_goes_all_the_way(world: World) -> None:
    contract = world.upload("staff", make_pdf(2), "contract", "采购框架合同.pdf")
    client = world.client("staff")
    seal = client.get("/api/v1/seals").json()["items"][0]
    fields = {
        field["key"]: field for field in client.get("/api/v1/flows/contract").json()["definition"]["fields"]
    }
    form = {key: answer_for(field, contract, seal["id"]) for key, field in fields.items()}
    made = client.post("/api/v1/cases", json={"flow": "contract", "form": form})
    assert made.status_code == 201, made.text
    case = made.json()["id"]

    for username in ("head", "legal", "finance", "gm"):
        answer = decide(world, username, case)
        assert answer.status_code == 201, answer.text
    task = world.task_of("keeper", case)
    sealed = world.client("keeper").post(
        f"/api/v1/tasks/{task['id']}/seal",
        json={
            "pin": PIN,
            "shown_digest": task["shown_digest"],
            "placements": {contract: [{"page": 1, "x_mm": 150, "y_mm": 200}]},
        },
    )
    assert sealed.status_code == 201, sealed.text
    assert sealed.json()["state"] == "completed"
    world.work()

    done = client.get(f"/api/v1/cases/{case}").json()
    assert done["evidence_state"] == "done"
    assert [act["outcome"] for act in done["acts"]] == ["approved"] * 4 + ["sealed"]

    register = world.client("keeper").get("/api/v1/seal-records").json()["items"]
    assert register[0]["case_serial"] == done["serial_number"]
    assert re.fullmatch(r"\d{4}-0001", register[0]["number"])
    line = world.client("keeper").get(f"/api/v1/seal-records/{register[0]['id']}")
    assert line.json() == register[0]
    csv = world.client("keeper").get("/api/v1/seal-records/export.csv").content.decode("utf-8-sig")
    assert csv.count("\r\n") == 2 and done["serial_number"] in csv

    found = world.client("admin").get("/api/v1/search", params={"q": "框架合同"}).json()
    assert {hit["kind"] for hit in found["items"]} >= {"document", "seal_record"}
    assert any(segment["is_hit"] for hit in found["items"] for segment in hit["title_segments"])
    assert world.client("other").get("/api/v1/search", params={"q": "框架合同"}).json()["total"] == 0

    pdf = client.get(f"/api/v1/documents/{contract}/content").content
    verdict = client.post("/api/v1/verify", files={"file": ("合同.pdf", pdf)}).json()
    assert verdict["verdict"] == "valid", verdict
    assert "seal" in {one["type"] for one in verdict["signatures"]}
    sheet = client.get(f"/api/v1/cases/{case}/sheet").content
    assert client.post("/api/v1/verify", files={"file": ("s.pdf", sheet)}).json()["verdict"] == "valid"
    look_back(client, pdf)
    ofd = builder.sign_ofd(builder.small_ofd(), builder.office())
    strange = client.post("/api/v1/verify", files={"file": ("发票.ofd", ofd)}).json()
    assert strange["verdict"] == "indeterminate"
    assert [(one["type"], one["intact"], one["trusted"]) for one in strange["signatures"]] == [
        ("seal", True, False)
    ]


def look_back(client: Any, pdf: bytes) -> None:
    """What each signature saw, and what a forger changed afterwards, in words and pictures."""
    facts = client.post("/api/v1/verify", files={"file": ("a.pdf", pdf)}).json()
    for number, signature in enumerate(facts["signatures"], 1):
        state = client.post(f"/api/v1/verify/states/{number}", files={"file": ("a.pdf", pdf)})
        assert state.headers["content-type"] == "application/pdf"
        assert state.content == pdf[: signature["covered_until"]]
    none = client.post("/api/v1/verify/states/99", files={"file": ("a.pdf", pdf)})
    assert (none.status_code, none.json()["code"]) == (404, "not-found")
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        contents = opened.pages[0].obj.Contents
        number = (contents[0] if isinstance(contents, pikepdf.Array) else contents).objgen[0]
    forged = appended(pdf, {number: b"<</Length 21>>\nstream\n0 0 200 200 re f q Q  \nendstream"})
    changed = client.post("/api/v1/verify/changes?width=200", files={"file": ("a.pdf", forged)}).json()
    assert changed["verdict"] == "invalid"
    refused = [one for one in changed["changes"] if one["allowed"] is False]
    assert [(one["code"], one["page"]) for one in refused] == [("page-content-changed", 1)]
    picture = changed["pictures"][0]
    assert (picture["page"], picture["is_refused"]) == (1, True)
    before, after = (Image.open(io.BytesIO(b64decode(picture[one]))) for one in ("before", "after"))
    assert before.width == after.width == 200
    assert ImageChops.difference(before.convert("RGB"), after.convert("RGB")).getbbox() is not None
    assert (
        client.post("/api/v1/verify/changes", files={"file": ("a.pdf", pdf[:900])}).json()["pictures"] == []
    )


def answer_for(field: dict[str, Any], contract: str, seal: str) -> Any:
    match field["type"]:
        case "documents":
            return [contract] if field["key"] in ("contract", "documents") or field["required"] else []
        case "seal":
            return seal
        case "money":
            return "120000.00"
        case "integer":
            return 2
        case "date":
            return "2026-12-31"
        case "choice":
            return field["options"][0]["value"]
    return "采购框架合同"


def test_a_wrong_pin_signs_nothing_and_says_how_many_tries_are_left(world: World) -> None:
    case = world.claim()["id"]

    answer = decide(world, "head", case, pin="000000")

    assert (answer.status_code, answer.json()["code"]) == (422, "wrong-pin")
    assert answer.json()["left"] >= 0
    assert [one["field"] for one in answer.json()["errors"]] == ["pin"]
    assert world.client("staff").get(f"/api/v1/cases/{case}").json()["acts"] == []
    assert decide(world, "head", case).status_code == 201


def test_a_stale_page_changes_nothing(world: World) -> None:
    case = world.claim()["id"]

    answer = decide(world, "head", case, shown_digest="0" * 64)

    assert (answer.status_code, answer.json()["code"]) == (409, "stale-page")


def test_a_finished_task_is_not_decided_again(world: World) -> None:
    case = world.claim()["id"]
    task = world.task_of("head", case)
    assert decide(world, "head", case).status_code == 201

    body = {"outcome": "approved", "pin": PIN, "shown_digest": task["shown_digest"]}
    answer = world.client("head").post(f"/api/v1/tasks/{task['id']}/decision", json=body)

    assert (answer.status_code, answer.json()["code"]) == (409, "task-finished")


def test_a_decision_is_made_once_for_one_key(world: World) -> None:
    case = world.claim()["id"]
    task = world.task_of("head", case)
    body = {"outcome": "approved", "pin": PIN, "shown_digest": task["shown_digest"]}

    answers = [
        world.client("head").post(
            f"/api/v1/tasks/{task['id']}/decision", json=body, headers={"Idempotency-Key": "decide"}
        )
        for _ in range(2)
    ]

    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()


def test_nobody_decides_the_task_of_somebody_else(world: World) -> None:
    case = world.claim()["id"]
    task = world.task_of("head", case)
    body = {"outcome": "approved", "pin": PIN, "shown_digest": task["shown_digest"]}

    answer = world.client("legal").post(f"/api/v1/tasks/{task['id']}/decision", json=body)

    assert answer.status_code in (403, 404)


def test_what_changed_since_it_was_read_is_left_alone(world: World) -> None:
    made = world.claim()
    client, address = world.client("staff"), f"/api/v1/cases/{made['id']}"
    tag = client.get(address).headers["etag"]
    assert client.post(f"{address}/comments", json={"text": "补充说明"}).status_code == 201

    stale = client.post(f"{address}/withdrawal", headers={"If-Match": tag})
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition-failed")
    fresh = client.get(address).headers["etag"]
    assert client.get(address, headers={"If-None-Match": fresh}).status_code == 304
    done = client.post(f"{address}/withdrawal", headers={"If-Match": fresh})
    assert done.json()["state"] == "withdrawn"


def test_lists_narrow_and_page(world: World) -> None:
    for _ in range(2):
        world.claim("other")
    client = world.client("other")

    first = client.get("/api/v1/cases", params={"limit": 1, "state": "running", "is_mine": True}).json()
    second = client.get(
        "/api/v1/cases", params={"limit": 1, "state": "running", "cursor": first["next_cursor"]}
    ).json()

    assert first["items"][0]["id"] != second["items"][0]["id"]
    assert client.get("/api/v1/cases", params={"state": "completed"}).json()["items"] == []


def test_a_flow_is_added_by_its_yaml(world: World) -> None:
    text = """\
key: leave
name: {zh-CN: 请假申请, en: Leave}
description: {zh-CN: 请假, en: Ask for leave}
serial_prefix: QJ
retention_class: general
subject: "{reason}"
fields:
  - {key: reason, type: text, label: {zh-CN: 事由, en: Reason}}
steps:
  - {key: head, name: {zh-CN: 部门负责人, en: Head}, who: department_head}
"""
    admin = world.client("admin")

    assert admin.post("/api/v1/flows", json={"yaml": text}).json() == {"key": "leave", "version": 1}
    wrong = admin.post("/api/v1/flows", json={"yaml": text.replace("department_head", "nobody")})
    made = world.client("staff").post("/api/v1/cases", json={"flow": "leave", "form": {"reason": "探亲"}})

    assert (wrong.status_code, wrong.json()["code"]) == (422, "flow-invalid")
    assert made.json()["subject"] == "探亲"


def test_a_backup_is_made_listed_and_checked(world: World) -> None:
    admin = world.client("admin")

    assert admin.post("/api/v1/backups", json={"kind": "full"}).status_code == 202
    world.work()
    listed = admin.get("/api/v1/backups").json()["items"]
    checked = admin.post(f"/api/v1/backups/{listed[-1]['name']}/verification").json()

    assert listed[-1]["kind"] == "full"
    assert checked["name"] == listed[-1]["name"]
    assert checked["objects"] > 0
    missing = admin.post("/api/v1/backups/none/verification")
    assert missing.status_code == 404


def test_the_audit_trail_is_read_and_checked(world: World) -> None:
    auditor = world.client("auditor")

    page = auditor.get("/api/v1/audit", params={"limit": 5}).json()
    following = auditor.get("/api/v1/audit", params={"limit": 5, "cursor": page["next_cursor"]}).json()

    assert [one["sequence"] for one in page["items"] + following["items"]] == list(range(1, 11))
    assert auditor.post("/api/v1/audit/verification").status_code == 200
    assert auditor.post("/api/v1/audit/verification").json()["is_whole"] is True
    assert world.client("staff").get("/api/v1/audit").status_code == 403


def test_people_are_added_given_roles_and_stopped(world: World) -> None:
    admin = world.client("admin")
    place = admin.get("/api/v1/people/departments").json()["items"][0]["id"]
    made = admin.post(
        "/api/v1/people",
        json={"username": "newcomer", "name": "新人", "department_id": place, "password": "a long password"},
    ).json()
    role = admin.post(
        f"/api/v1/people/{made['id']}/roles", json={"role": "legal", "valid_from": "2026-01-01"}
    ).json()
    world.company.people["newcomer"] = UUID(made["id"])
    newcomer = world.client("newcomer")
    assert set(newcomer.get("/api/v1/me").json()["roles"]) == {"employee", "legal"}

    admin.post(f"/api/v1/people/roles/{role['id']}/end", json={"last_day": "2026-01-02"})
    assert newcomer.get("/api/v1/me").json()["roles"] == ["employee"]
    admin.post(f"/api/v1/people/{made['id']}/deactivation")
    assert newcomer.get("/api/v1/me").status_code == 401
    admin.post(f"/api/v1/people/{made['id']}/reactivation")
    assert newcomer.get("/api/v1/me").status_code == 200
