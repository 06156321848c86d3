"""The register over HTTP: uses by hand, scans, corrections, loans, proofs, heads, evidence."""

from __future__ import annotations

import base64
import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import openpyxl
import pytest

from core import merkle
from signing.heads import SignedHead, parse, read_file
from tests.api.test_contracts import submit
from tests.api.world import World, make_pdf, make_sealing_world
from tests.builders import PIN
from vermilion import assembly


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = make_sealing_world(tmp_path_factory.mktemp("register"))
    yield made
    assembly.close(made.runtime)


def approved(world: World) -> dict[str, Any]:
    """A contract's case whose keeper's step is open."""
    case = submit(world)
    for username in ("head", "legal", "finance", "gm"):
        task = world.task_of(username, case["id"])
        decision = {"outcome": "approved", "pin": PIN, "shown_digest": task["shown_digest"]}
        answer = world.client(username).post(f"/api/v1/tasks/{task['id']}/decision", json=decision)
        assert answer.status_code == 201, answer.text
    return case


@pytest.fixture(scope="module")
def line(world: World) -> dict[str, Any]:
    """A line of a contract that was stamped by hand at its keeper's step."""
    case = approved(world)
    task = world.task_of("keeper", case["id"])
    wanted = {"pin": PIN, "shown_digest": task["shown_digest"], "copies": {case["contract"]: 1}}
    answer = world.client("keeper").post(f"/api/v1/tasks/{task['id']}/stamping", json=wanted)
    assert (answer.status_code, answer.json()["state"]) == (201, "completed"), answer.text
    world.work()
    lines = world.client("keeper").get(f"/api/v1/seal-records?case={case['id']}").json()["items"]
    made: dict[str, Any] = lines[0]
    return made


def test_a_use_by_hand_is_open_until_its_scan_comes(world: World, line: dict[str, Any]) -> None:
    keeper = world.client("keeper")
    assert (line["kind"], line["copies"], line["digest_after"], line["is_open"]) == ("paper", 1, None, True)
    waiting = keeper.get("/api/v1/seal-records?kind=paper&open=true").json()["items"]
    assert line["id"] in [one["id"] for one in waiting]
    path = f"/api/v1/seal-records/{line['id']}/scans"
    scan = ("scan.pdf", make_pdf(title="scan"), "application/pdf")
    assert world.client("other").post(path, files={"file": scan}).status_code == 404
    assert world.client("head").post(path, files={"file": scan}).status_code == 403
    bad = ("scan.exe", b"MZ\x90\x00", "application/pdf")
    assert keeper.post(path, files={"file": bad}).status_code == 415
    made = keeper.post(path, files={"file": scan})
    assert made.status_code == 201, made.text
    world.work()
    assert keeper.get(f"/api/v1/seal-records/{line['id']}").json()["is_open"] is False
    document = made.json()["document_id"]
    assert world.client("staff").get(f"/api/v1/documents/{document}").status_code == 200


def test_a_printout_is_stamped_against_an_authorisation(world: World) -> None:
    approved(world)
    keeper = world.client("keeper")
    assert world.client("gm").get("/api/v1/seal-records/authorisations").json()["items"] == []
    waiting = keeper.get("/api/v1/seal-records/authorisations").json()["items"][-1]
    wanted = {"authorisation_id": waiting["id"], "copies": waiting["copies"], "pin": PIN}
    many = {**wanted, "copies": waiting["copies"] + 1}
    assert keeper.post("/api/v1/seal-records", json=many).json()["code"] == "too-many-copies"
    wrong = {**wanted, "pin": "000000"}
    assert keeper.post("/api/v1/seal-records", json=wrong).json()["code"] == "wrong-pin"
    answer = keeper.post("/api/v1/seal-records", json=wanted)
    assert (answer.status_code, answer.json()["kind"]) == (201, "paper"), answer.text
    assert keeper.post("/api/v1/seal-records", json=wanted).json()["code"] == "seal-authorisation-used"


def test_a_correction_goes_through_two_hands(world: World, line: dict[str, Any]) -> None:
    keeper, auditor = world.client("keeper"), world.client("auditor")
    path = f"/api/v1/seal-records/{line['id']}/corrections"
    assert (
        keeper.post(path, json={"copies": line["copies"], "reason": "x"}).json()["code"]
        == "nothing-corrected"
    )
    asked = keeper.post(path, json={"copies": 2, "reason": "数错了"})
    assert asked.status_code == 201, asked.text
    request = asked.json()["id"]
    assert request in [one["id"] for one in auditor.get("/api/v1/seal-records/corrections").json()["items"]]
    confirmation = f"/api/v1/seal-records/corrections/{request}/confirmation"
    assert keeper.post(confirmation).status_code == 403
    made = auditor.post(confirmation)
    assert made.status_code == 201, made.text
    assert made.json()["changes"] == {"copies": {"before": 1, "after": 2}}
    both = keeper.get(path).json()["items"]
    assert [one["kind"] for one in both] == ["paper", "correction"]
    assert [one["copies"] for one in both] == [1, 2]
    assert both[0]["is_corrected"] and both[1]["corrects_id"] == line["id"]
    assert both[1]["second_person"] == "吴刚"
    refused = keeper.post(path, json={"copies": 3, "reason": "x"}).json()["id"]
    assert auditor.post(f"/api/v1/seal-records/corrections/{refused}/refusal").json() == {"done": True}


def test_the_export_has_every_column_as_table_and_as_workbook(world: World, line: dict[str, Any]) -> None:
    keeper = world.client("keeper")
    text = keeper.get("/api/v1/seal-records/export.csv").content.decode("utf-8-sig")
    table = list(csv.reader(io.StringIO(text)))
    workbook = keeper.get("/api/v1/seal-records/export.xlsx").content
    sheet = openpyxl.load_workbook(io.BytesIO(workbook)).active
    assert sheet is not None
    rows = [[cell or "" for cell in row] for row in sheet.iter_rows(values_only=True)]
    assert rows == table
    assert "Kind" in table[0] and "SHA-256 before" in table[0]
    assert any(line["case_serial"] in row and "by hand, on paper" in row for row in table)
    only = keeper.get("/api/v1/seal-records/export.csv?kind=electronic").content.decode("utf-8-sig")
    assert only.count("\r\n") == 1


def test_the_register_is_searched_with_words(world: World, line: dict[str, Any]) -> None:
    world.work()
    keeper = world.client("keeper")

    def found(**asked: str) -> list[str]:
        return [one["id"] for one in keeper.get("/api/v1/seal-records", params=asked).json()["items"]]

    word, serial = line["subject"][:4], line["case_serial"]
    assert line["id"] in found(q=word) and line["id"] in found(q=f"number:{serial}")
    assert found(q="没有这样的事") == []
    assert line["id"] in found(q=word, kind="paper")
    assert found(q=f"OR {word}", kind="electronic") == []  # words never widen a filter
    assert line["id"] in found(q=word, case=line["case_id"], person=line["applicant"]["id"])
    assert keeper.get("/api/v1/seal-records", params={"q": word, "document": serial}).status_code == 422
    assert world.client("other").get("/api/v1/seal-records", params={"q": word}).json()["items"] == []
    count = keeper.get("/api/v1/seal-records/count", params={"q": word}).json()["count"]
    text = keeper.get("/api/v1/seal-records/export.csv", params={"q": word}).content.decode("utf-8-sig")
    assert len(list(csv.reader(io.StringIO(text)))) == count + 1


def test_uses_are_counted_the_same_by_rows_and_by_the_index(world: World, line: dict[str, Any]) -> None:
    world.work()
    keeper = world.client("keeper")
    rows = keeper.get("/api/v1/seal-records/totals").json()
    assert rows == keeper.get("/api/v1/seal-records/totals", params={"q": line["seal_name"]}).json()
    assert rows["uses"] == rows["seals"][0]["count"] >= 1  # the correction is no use
    assert rows["departments"][0]["label"] == line["department"]
    assert sum(month["count"] for month in rows["months"]) == rows["uses"]
    assert world.client("other").get("/api/v1/seal-records/totals").json()["uses"] == 0


def test_a_seal_is_lent_and_comes_back(world: World, line: dict[str, Any]) -> None:
    keeper = world.client("keeper")
    due = (world.runtime.clock.now() + timedelta(days=1)).isoformat()
    wanted = {
        "seal_id": line["seal_id"], "borrower_id": str(world.company.people["gm"]),
        "case_serial": line["case_serial"], "reason": "外地签约", "due_at": due,
    }  # fmt: skip
    assert world.client("gm").post("/api/v1/seal-loans", json=wanted).status_code in (403, 422)
    assert keeper.post("/api/v1/seal-loans", json={**wanted, "case_serial": "no"}).status_code == 422
    made = keeper.post("/api/v1/seal-loans", json=wanted)
    assert made.status_code == 201, made.text
    assert keeper.post("/api/v1/seal-loans", json=wanted).json()["code"] == "seal-is-out"
    assert [one["id"] for one in world.client("gm").get("/api/v1/seal-loans?out=true").json()["items"]] == [
        made.json()["id"]
    ]
    assert world.client("other").get("/api/v1/seal-loans").json()["items"] == []
    back = keeper.post(f"/api/v1/seal-loans/{made.json()['id']}/return", json={"note": "完好"})
    assert back.json()["returned_at"] is not None
    assert keeper.get("/api/v1/seal-loans?out=true").json()["items"] == []


def head_of(file: dict[str, Any]) -> SignedHead:
    return SignedHead(file["body"], base64.b64decode(file["signature"]), base64.b64decode(file["token"]))


def test_a_line_is_proved_by_http_alone(world: World, line: dict[str, Any]) -> None:
    path = f"/api/v1/seal-records/{line['id']}/proof"
    assert world.client("other").get(path).status_code == 404
    proof = world.client("keeper").get(path).json()
    head = head_of(proof["head"])
    stated = parse(head.body)
    leaf = merkle.leaf_hash(proof["leaf_data"].encode())
    steps = [bytes.fromhex(one) for one in proof["inclusion"]]
    assert merkle.is_included(leaf, proof["leaf_index"], stated.size, steps, bytes.fromhex(stated.root))
    assert proof["entry"]["payload"]["entry"] and proof["entry"]["action"] == "seal.stamped"


def test_heads_are_for_those_who_watch_over_the_trail(world: World, line: dict[str, Any]) -> None:
    auditor, admin = world.client("auditor"), world.client("admin")
    assert world.client("keeper").get("/api/v1/audit/heads").status_code == 403
    assert auditor.post("/api/v1/audit/heads").status_code == 403
    first = admin.post("/api/v1/audit/heads").json()
    submit(world)
    second = admin.post("/api/v1/audit/heads").json()
    assert second["number"] == first["number"] + 1 and second["size"] > first["size"]
    listed = auditor.get("/api/v1/audit/heads?limit=1").json()
    assert [one["number"] for one in listed["items"]] == [second["number"]] and listed["next_cursor"]
    more = auditor.get(f"/api/v1/audit/heads?limit=1&cursor={listed['next_cursor']}").json()
    assert [one["number"] for one in more["items"]] == [first["number"]]
    assert auditor.get(f"/api/v1/audit/heads/{first['number']}").json() == first
    grown = auditor.get(f"/api/v1/audit/consistency?first={first['size']}&second={second['size']}").json()
    steps = [bytes.fromhex(one) for one in grown["path"]]
    roots = [bytes.fromhex(one["root"]) for one in (first, second)]
    assert merkle.is_consistent(first["size"], second["size"], *roots, steps)
    assert auditor.get("/api/v1/audit/consistency?first=9&second=3").status_code == 404
    proof = auditor.get("/api/v1/audit/3/proof").json()
    assert proof["entry"]["sequence"] == 3
    assert auditor.get("/api/v1/audit/99999999/proof").status_code == 404
    assert auditor.post("/api/v1/audit/verification").json() == {
        "is_whole": True, "sequence": None, "reason": None, "findings": []
    }  # fmt: skip
    assert read_file(head_of(first["file"]).to_file(), "x") == head_of(first["file"])


def test_the_evidence_of_a_case_comes_as_a_file(world: World, line: dict[str, Any]) -> None:
    path = f"/api/v1/cases/{line['case_id']}/evidence"
    assert world.client("other").get(path).status_code == 404
    answer = world.client("staff").get(path)
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/zip"
    assert int(answer.headers["content-length"]) == len(answer.content)
    names = zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
    assert any(name.endswith("README.zh.md") for name in names)
    again = world.client("keeper").get(path)
    assert again.content == answer.content
