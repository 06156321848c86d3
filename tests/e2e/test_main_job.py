"""The whole main job in a real browser, and what independent tools say of its papers."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from playwright.sync_api import expect

from tests import independent, servers
from tests.e2e.conftest import ROOT, Desk, Served
from vermilion.demo_documents import Contract, Invoice, typeset

Sit = Callable[[str], Desk]
TITLE = "智能仓储系统采购合同"
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An invoice, and a contract of two pages."""
    folder = tmp_path_factory.mktemp("papers")
    lines = (("物流辅助服务*仓储咨询", 1, Decimal("943.40"), Decimal("56.60")),)
    invoice = Invoice("26312000000099990001", "2026-11-20", "仓储", "913100", "云杉", "913200", lines)
    contract = Contract(
        TITLE,
        "CG-E2E-1",
        "云杉（演示）科技有限公司",
        "天工（演示）物流装备有限公司",
        True,
        "智能仓储系统",
        Decimal("880000"),
        "2026-11-24",
    )
    made = {"invoice": folder / "发票.pdf", "contract": folder / f"{TITLE}.pdf"}
    made["invoice"].write_bytes(typeset(invoice))
    made["contract"].write_bytes(typeset(contract))
    return made


def test_from_upload_to_sealed_found_verified_backed_up_and_restored(
    desk: Sit, served: Served, papers: dict[str, Path], tmp_path: Path
) -> None:
    applicant = desk("zhangwei")
    upload_invoice(applicant, papers["invoice"])
    case = apply_for_contract(applicant, papers["contract"])
    for username, comment in (
        ("wangfang", "业务需要，同意"),
        ("zhouyang", "条款已审"),
        ("liumin", ""),
        ("chenjianguo", "同意签署"),
    ):
        approve(desk(username), case, comment)
    apply_seal(desk("sunli"), case)
    wait_for_evidence(applicant, case)
    administrator = desk("gaoyuan")
    find_seal_record(administrator)
    sheet, contract = download(administrator, case, tmp_path)
    verify_in_portal(desk("zhengjie"), contract)
    check_independently(served, sheet, contract, tmp_path)
    back_up_and_restore(served, tmp_path)
    for one in (applicant, administrator):
        assert one.problems == []


def upload_invoice(applicant: Desk, file: Path) -> None:
    applicant.open("/uploads")
    applicant.page.set_input_files("input[type=file][multiple]", file)
    row = applicant.page.locator("li", has_text="发票.pdf").first
    expect(row).to_contain_text("可使用", timeout=15_000)


def apply_for_contract(applicant: Desk, file: Path) -> str:
    page = applicant.page
    applicant.open("/apply/contract")
    page.fill("[name=title]", TITLE)
    page.fill("[name=counterparty]", "天工（演示）物流装备有限公司")
    page.fill("[name=amount]", "880000")
    page.check("[name=direction][value=pay]")
    page.locator("label.choice", has_text="合同专用章").click()
    page.set_input_files("#choose-files_contract", file)
    expect(page.locator("#list-contract")).to_contain_text(TITLE, timeout=15_000)
    # Submitted at once: the form waits for the file that is still on its way.
    page.click("button[name=action][value=submit]")
    try:
        page.wait_for_url(re.compile(r"/cases/[0-9a-f-]{36}"))
    except PlaywrightTimeout as error:
        raise AssertionError(
            page.locator("main .field-error").evaluate_all("all => all.map(one => one.id + one.textContent)")
        ) from error
    expect(page.locator("h1")).to_contain_text(TITLE)
    return re.search(r"/cases/([0-9a-f-]{36})", page.url)[1]  # type: ignore[index]


def approve(approver: Desk, case: str, comment: str) -> None:
    page = approver.page
    approver.open(f"/cases/{case}")
    page.click("a[href^='/tasks/']")
    expect(page.locator(".viewer-pages canvas").first).to_be_visible(timeout=15_000)
    page.fill("#decide-card [name=comment]", comment)
    page.fill("#decide-card [name=pin]", approver.pin)
    page.click("#decide-card button[value=approved]")
    page.wait_for_url(re.compile(r"after=approved"))
    expect(page.locator("[role=status]").first).to_contain_text("已批准")
    assert approver.problems == []


def apply_seal(keeper: Desk, case: str) -> None:
    page = keeper.page
    keeper.open(f"/cases/{case}")
    page.click("a[href^='/tasks/']")
    seal = page.locator(
        ".placing-page [role=img], .placing-page .placing-seal, .placing-page [tabindex='0']"
    ).first
    expect(seal).to_be_visible(timeout=15_000)
    x = page.locator("[data-part=x]").first
    page.locator("[data-part=page]").first.fill("2")
    x.fill("62")
    page.locator("[data-part=y]").first.fill("92")
    seal.focus()
    page.keyboard.press("ArrowRight")
    expect(x).to_have_value("63")
    page.fill("#decide-card [name=pin]", keeper.pin)
    page.click("#decide-card button.btn-primary")
    page.wait_for_url(re.compile(r"after=sealed"))
    assert keeper.problems == []


def wait_for_evidence(applicant: Desk, case: str) -> None:
    applicant.open(f"/cases/{case}")
    expect(applicant.page.locator("#progress")).to_contain_text("已长期存证", timeout=20_000)


def find_seal_record(administrator: Desk) -> None:
    page = administrator.page
    begun = time.monotonic()
    administrator.open("/search")
    page.fill("main input[type=search], header input[type=search]", "智能仓储")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("合同专用章", timeout=5_000)
    assert time.monotonic() - begun < 10


def download(administrator: Desk, case: str, folder: Path) -> tuple[Path, Path]:
    page = administrator.page
    files = []
    administrator.open(f"/cases/{case}")
    for number in range(2):
        page.locator(".tabs.scrolling a").nth(number).click()
        with page.expect_download() as waiting:
            page.click(".viewer-bar a[href*='/download']")
        path = folder / f"{number}.pdf"
        waiting.value.save_as(path)
        files.append(path)
    return files[0], files[1]


def verify_in_portal(auditor: Desk, contract: Path) -> None:
    page = auditor.page
    auditor.open("/verify")
    page.set_input_files("input[type=file]", contract)
    if page.locator("main form button.btn-primary").count():
        page.locator("main form button.btn-primary").first.click()
    expect(page.locator("main")).to_contain_text("真实有效", timeout=20_000)


def check_independently(served: Served, sheet: Path, contract: Path, folder: Path) -> None:
    exported = folder / "root.pem"
    assert served.run("ca", "export", "--to", str(exported)).returncode == 0
    said = served.run("verify", "--json", "--trust", str(exported), str(sheet), str(contract))
    assert said.returncode == 0, said.stdout + said.stderr
    verdicts = [json.loads(line) for line in said.stdout.splitlines()]
    assert [one["verdict"] for one in verdicts] == ["valid", "valid"]
    assert {one["level"] for one in verdicts[1]["signatures"] if one["type"] != "timestamp"} == {"B-LTA"}
    assert [one["type"] for one in verdicts[1]["signatures"]].count("seal") == 1
    root, issuing = certificate(served, "root"), certificate(served, "issuing")
    for file, count in ((sheet, 6), (contract, 4)):
        assert independent.pdfsig(file) == ["Signature is Valid."] * count
        found = independent.signatures(file.read_bytes())
        assert len(found) == count + 1
        for signature in found:
            assert independent.openssl_accepts_token(signature, root, issuing, folder)
            if not signature.is_timestamp:
                assert independent.openssl_accepts(signature, root, folder)


def certificate(served: Served, name: str) -> bytes:
    with urllib.request.urlopen(f"{served.address}/pki/{name}.crt", timeout=10) as answer:
        data: bytes = answer.read()
    return data


def back_up_and_restore(served: Served, folder: Path) -> None:
    indexed = served.run("reindex")  # by the server, which is waited for
    assert indexed.returncode == 0 and int(indexed.stdout) > 10, indexed.stderr
    made = served.run("backup", "run")
    assert made.returncode == 0, made.stderr
    assert served.run("backup", "verify").returncode == 0
    fresh = folder / "restored"
    elsewhere = {
        "VERMILION_HOME": str(fresh),
        "VERMILION_BACKUP_URL": f"file:{served.home}/backups",
        "VERMILION_LISTEN": f"127.0.0.1:{servers.free_port()}",
    }
    wrong = served.run("backup", "restore", "--recovery-key", "A" * 56, **elsewhere)
    assert wrong.returncode == 1
    restored = served.run("backup", "restore", "--recovery-key", served.recovery_key, **elsewhere)
    assert restored.returncode == 0, restored.stderr
    environment = {**os.environ, **served.environment, **elsewhere}
    server = subprocess.Popen(
        [sys.executable, "-m", "vermilion.cli", "serve"],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 60
        while True:
            found = served.run("search", "智能仓储", "--json", **elsewhere)
            kinds = {json.loads(line)["kind"] for line in found.stdout.splitlines()}
            if {"seal_record", "case", "document"} <= kinds:
                break
            assert time.monotonic() < deadline, found.stderr
            time.sleep(0.5)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)
