"""The register's pages as a browser asks for them: by hand, scans, corrections by two, loans, proof."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.api.test_register import approved
from tests.api.world import World, make_pdf, make_sealing_world
from tests.builders import PIN
from tests.portal.test_archive_pages import browser, post, token_in
from vermilion import assembly


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = make_sealing_world(tmp_path_factory.mktemp("register-pages"))
    yield made
    assembly.close(made.runtime)


@pytest.fixture(scope="module")
def case(world: World) -> dict[str, Any]:
    return approved(world)


def field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', page)
    assert found is not None, name
    return found.group(1)


@pytest.fixture(scope="module")
def line(world: World, case: dict[str, Any]) -> str:
    """The path of a line that was stamped by hand from the keeper's task."""
    keeper = browser(world, "keeper")
    task = world.task_of("keeper", case["id"])
    shown = keeper.get(f"/tasks/{task['id']}").text
    assert "It was stamped by hand instead" in shown
    fields = {"shown_digest": field(shown, "shown_digest"), f"copies-{case['contract']}": "9", "pin": PIN}
    refused = post(keeper, f"/tasks/{task['id']}", f"/tasks/{task['id']}/stamping", **fields)
    assert refused.status_code == 422 and "allows 2 copies" in refused.text
    fields[f"copies-{case['contract']}"] = "2"
    done = post(keeper, f"/tasks/{task['id']}", f"/tasks/{task['id']}/stamping", **fields)
    assert done.status_code == 200 and "By hand, on paper" in done.text and "Scan missing" in done.text
    world.work()
    found = re.search(r'href="(/register/[0-9a-f-]{36})"', done.text)
    assert found is not None
    return found.group(1)


def send(client: TestClient, page: str, address: str, name: str, data: bytes) -> str:
    token = token_in(client.get(page).text)
    return client.post(
        address, data={"csrf_token": token}, files={"file": (name, data, "application/pdf")}
    ).text


def test_the_scan_of_the_stamped_page_is_added(world: World, line: str) -> None:
    staff = browser(world, "staff")
    assert "Due by" in staff.get(line).text
    assert "Choose a photo" in post(staff, line, f"{line}/scans").text
    said = send(staff, line, f"{line}/scans", "scan.pdf", make_pdf(title="scan"))
    assert "added by 张伟" in said and "Due by" not in said
    assert browser(world, "head").post(f"{line}/scans").status_code in (403, 422)
    waiting = browser(world, "keeper").get("/register?open=true").text
    assert line not in waiting and "No seal was used here" in waiting


def test_a_correction_is_asked_for_and_agreed_to(world: World, line: str) -> None:
    keeper, auditor = browser(world, "keeper"), browser(world, "auditor")
    same = {
        "subject": "软件系统采购合同",
        "counterparty": "江南智算技术有限公司",
        "copies": "2",
        "reason": "x",
    }
    kept = post(keeper, line, f"{line}/corrections", **same)
    assert kept.status_code == 422 and "That is what the register says already" in kept.text
    asked = post(keeper, line, f"{line}/corrections", **{**same, "copies": "1", "reason": "数错了"})
    assert "asks for this correction" in asked.text and "waits for an auditor" in asked.text
    assert "数错了" in auditor.get("/register").text
    assert "asks for a correction" in auditor.get("/").text
    shown = auditor.get(line).text
    request = re.search(r'action="(/register/corrections/[0-9a-f-]{36})"', shown)
    assert request is not None
    record = line.rsplit("/", 1)[1]
    fields = {"record": record, "decision": "confirm"}
    assert post(keeper, line, request.group(1), **fields).status_code == 403
    done = post(auditor, line, request.group(1), **fields)
    assert done.status_code == 200 and "<del>2</del>" in done.text and "<ins>1</ins>" in done.text
    listed = keeper.get("/register?kind=correction").text
    assert "corrects 20" in listed
    again = post(auditor, line, request.group(1), **fields)
    assert again.status_code == 409 and "decided already" in again.text
    assert "agreed to your correction" in keeper.get("/").text


def test_the_proof_of_a_line_is_shown_once_there_is_a_head(world: World, line: str) -> None:
    keeper = browser(world, "keeper")
    assert "No tree head was made" in keeper.get(line).text
    assert keeper.get(f"/api/v1/seal-records/{line.rsplit('/', 1)[1]}/proof").status_code == 200
    assert "tree head 1 states" in keeper.get(line).text
    health = browser(world, "admin").get("/admin/health").text
    assert "Tree heads leave this machine for nowhere" in health


def test_a_printout_is_stamped_from_the_list(world: World) -> None:
    approved(world)
    keeper = browser(world, "keeper")
    shown = keeper.get("/register/stamp").text
    fields = {"authorisation": field(shown, "authorisation"), "copies": "2", "pin": "000000"}
    wrong = post(keeper, "/register/stamp", "/register/stamp", **fields)
    assert wrong.status_code == 422 and 'id="error-pin"' in wrong.text
    many = post(keeper, "/register/stamp", "/register/stamp", **{**fields, "copies": "7"})
    assert "allows 2 copies" in many.text
    done = post(keeper, "/register/stamp", "/register/stamp", **{**fields, "pin": PIN})
    assert "It stands in the register" in done.text
    assert "There is nothing to stamp" in browser(world, "staff").get("/register/stamp").text


def test_a_seal_goes_out_and_comes_back(world: World, case: dict[str, Any]) -> None:
    keeper, borrower = browser(world, "keeper"), browser(world, "gm")
    seal = re.search(r'<option value="([0-9a-f-]{36})">合同专用章', keeper.get("/register/loans").text)
    assert seal is not None
    due = (world.runtime.clock.now() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    fields = {
        "seal": seal.group(1), "borrower": str(world.company.people["gm"]), "case": "nothing",
        "reason": "外地签约", "due": due,
    }  # fmt: skip
    wrong = post(keeper, "/register/loans", "/register/loans", **fields)
    assert wrong.status_code == 422 and 'id="error-case"' in wrong.text and "外地签约" in wrong.text
    past = post(keeper, "/register/loans", "/register/loans", **{**fields, "due": "2020-01-01T10:00"})
    assert past.status_code == 422
    fields["case"] = case["serial_number"]
    out = post(keeper, "/register/loans", "/register/loans", **fields)
    assert out.status_code == 200 and ">Out<" in out.text
    assert "外地签约" in borrower.get("/register/loans").text
    assert "外地签约" not in browser(world, "other").get("/register/loans").text
    loan = re.search(r'action="(/register/loans/[0-9a-f-]{36}/return)"', out.text)
    assert loan is not None
    assert post(borrower, "/register/loans", loan.group(1)).status_code == 403
    back = post(keeper, "/register/loans", loan.group(1), note="完好")
    assert ">Back<" in back.text and "完好" in back.text


def test_the_evidence_bundle_is_offered_on_a_finished_case(
    world: World, case: dict[str, Any], line: str
) -> None:
    staff = browser(world, "staff")
    path = f"/api/v1/cases/{case['id']}/evidence"
    assert path in staff.get(f"/cases/{case['id']}").text
    answer = staff.get(path)
    assert answer.status_code == 200 and answer.content[:2] == b"PK"


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_no_text_is_missing_on_the_registers_pages(world: World, line: str, language: str) -> None:
    for username in ("keeper", "auditor", "admin"):
        client = browser(world, username)
        client.headers["Accept-Language"] = language
        for path in (
            "/register",
            "/register?kind=paper&open=true",
            line,
            "/register/stamp",
            "/register/loans",
        ):
            text = re.sub(r"<[^>]+>", " ", client.get(path).text)
            assert not re.findall(r"\b(?:book|evidence|seal|admin)-[a-z]+[a-z-]*\b", text), path
