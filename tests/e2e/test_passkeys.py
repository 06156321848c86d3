"""A passkey of a real browser, with its virtual authenticator: set up, asked for, and needed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import servers
from tests.e2e.conftest import ROOT
from tests.workflow.batching import LEAVE

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A demo at ``localhost``: a passkey belongs to a name, never to a number."""
    home, port = tmp_path_factory.mktemp("passkeys") / "home", servers.free_port()
    environment = {
        **os.environ,
        "VERMILION_HOME": str(home),
        "VERMILION_LISTEN": f"127.0.0.1:{port}",
        "VERMILION_PUBLIC_URL": f"http://localhost:{port}",
        "LANG": "C.UTF-8",
    }
    program = [sys.executable, "-m", "vermilion.cli"]
    server = subprocess.Popen(
        [*program, "demo", "--json"],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert server.stdout is not None
    try:
        made = json.loads(server.stdout.readline())
        file = home.parent / "leave.yaml"
        file.write_text(LEAVE, "utf-8")
        subprocess.run(
            [*program, "flow", "add", str(file)], env=environment, cwd=ROOT, check=True, timeout=120
        )
        yield {
            "address": f"http://localhost:{port}",
            "people": {one["username"]: one for one in made["people"]},
        }
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)
        server.stdout.close()


def sign_in(browser: Browser, demo: dict[str, Any], username: str) -> Page:
    page = browser.new_context(locale="en").new_page()
    page.goto(f"{demo['address']}/sign-in")
    page.fill("[name=username]", username)
    page.fill("[name=password]", demo["people"][username]["password"])
    page.click("main button.btn-primary")
    page.wait_for_url(f"{demo['address']}/")
    return page


def picture(page: Page, name: str) -> None:
    """Keep a picture of the page where somebody wants to look at it."""
    folder = os.environ.get("PICTURES_TO", "")
    if folder:
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


def test_a_passkey_is_made_shown_for_one_sheet_and_needed(browser: Browser, demo: dict[str, Any]) -> None:
    address = demo["address"]
    applicant = sign_in(browser, demo, "zhangwei")
    applicant.goto(f"{address}/apply/leave")
    applicant.fill("[name=reason]", "通行密钥")
    applicant.click("main button.btn-primary")
    applicant.wait_for_url("**/cases/*")
    admin = sign_in(browser, demo, "gaoyuan")
    admin.goto(f"{address}/admin/signing")
    admin.check("[value=all]")
    admin.click("main form[action='/admin/signing'] button")
    admin.wait_for_url("**/admin/signing")
    picture(admin, "policy")
    head = sign_in(browser, demo, "wangfang")
    problems: list[str] = []
    head.on("pageerror", lambda error: problems.append(str(error)))
    pin = str(demo["people"]["wangfang"]["pin"])
    wire = head.context.new_cdp_session(head)
    wire.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    authenticator = wire.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]
    head.goto(f"{address}/me/second-factors")
    head.fill("[name=name] >> nth=0", "Laptop")
    head.fill("[name=pin]", pin)
    head.click("[data-add-passkey]")
    expect(head.locator(".recovery-codes li")).to_have_count(10, timeout=20_000)
    expect(head.locator("strong", has_text="Laptop")).to_be_visible()
    picture(head, "factors")
    kept = wire.send("WebAuthn.getCredentials", {"authenticatorId": authenticator})["credentials"]
    assert [one["rpId"] for one in kept] == ["localhost"]
    head.goto(address)
    head.locator("li", has_text="通行密钥").locator("a").first.click()
    head.fill("#decide-card [name=pin]", pin)
    head.click("#decide-card button[value=approved]")  # without it
    expect(head.locator("#error-code")).to_contain_text("A second factor is asked for here")
    # An authenticator that does not verify its user is not enough.
    wire.send("WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": False})
    head.click("[data-show-passkey]")
    expect(head.locator("[data-show-passkey]")).to_be_enabled()
    wire.send("WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": True})
    head.click("[data-show-passkey]")
    expect(head.locator("[data-show-passkey]")).to_have_text("Passkey shown", timeout=20_000)
    head.fill("#decide-card [name=pin]", pin)
    picture(head, "task-with-passkey")
    head.click("#decide-card button[value=approved]")
    expect(head.locator("li", has_text="通行密钥")).to_have_count(0)
    assert "after=approved" in head.url
    assert problems == []
