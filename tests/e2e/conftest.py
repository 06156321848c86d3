"""A served demo organisation and a real browser."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests import servers, tools

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Served:
    """A running demo: its address, sign-ins by user name, home folder and recovery key."""

    address: str
    people: dict[str, dict[str, Any]]
    home: Path
    recovery_key: str
    environment: dict[str, str]

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """The command line in this home, beside the running server."""
        return subprocess.run(
            [sys.executable, "-m", "vermilion.cli", *arguments],
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=180,
            cwd=ROOT,
        )


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """``vermilion demo --json`` as a process of its own."""
    home = tmp_path_factory.mktemp("served") / "home"
    port = servers.free_port()
    environment = {
        **os.environ,
        "VERMILION_HOME": str(home),
        "VERMILION_LISTEN": f"127.0.0.1:{port}",
        "LANG": "C.UTF-8",
    }
    command = [sys.executable, "-m", "vermilion.cli", "demo", "--json"]
    server = subprocess.Popen(
        command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert server.stdout is not None and server.stderr is not None
    said: list[str] = []
    listener = threading.Thread(target=lambda: said.extend(server.stderr or ()), daemon=True)
    listener.start()
    try:
        line = server.stdout.readline()
        assert line, "".join(said)
        made = json.loads(line)
        key = re.search(r"^    ([A-Z2-7-]{50,})$", "".join(said), re.MULTILINE)
        assert key is not None
        people = {person["username"]: person for person in made["people"]}
        yield Served(made["address"], people, home, key[1], environment)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)
        server.stdout.close()
        listener.join(10)
        server.stderr.close()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A real Chromium.

    For this package only: Playwright keeps an event loop running in the thread it was started in, and
    the libraries that other tests call as their users do refuse to work beside one.
    """
    program = tools.browser()
    if program is None:
        pytest.skip("Chromium is not on this machine")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield running
        running.close()


class Desk:
    """Somebody at a browser of their own."""

    def __init__(self, context: BrowserContext, served: Served, username: str) -> None:
        self.served = served
        self.username = username
        self.page: Page = context.new_page()
        self.problems: list[str] = []
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on(
            "console",
            lambda message: (
                self.problems.append(f"{message.text} {message.location.get('url', '')}")
                if message.type == "error"
                else None
            ),
        )

    @property
    def pin(self) -> str:
        return str(self.served.people[self.username]["pin"])

    def sign_in(self) -> None:
        self.open("/sign-in")
        self.page.fill("[name=username]", self.username)
        self.page.fill("[name=password]", self.served.people[self.username]["password"])
        self.page.click("main button.btn-primary")
        self.page.wait_for_url(f"{self.served.address}/")

    def upload(self, *files: tuple[str, bytes], kind: str = "invoice", wait: float = 30_000) -> list[str]:
        """Upload files and wait until each was read; returns the ids of their documents."""
        self.open(f"/uploads?kind={kind}")
        self.choose("#choose-files", *files)
        rows = self.page.locator("#upload-list > [data-state=ready]")
        expect(rows).to_have_count(len(files), timeout=wait)
        return [str(row.get_attribute("id")).removeprefix("upload-") for row in rows.all()]

    def choose(self, field: str, *files: tuple[str, bytes]) -> None:
        """Choose files that lie nowhere on the disk, by name and content.

        What a page has just put in is not listened to for 20 ms: no hand is as quick as this one.
        """
        expect(self.page.locator(".htmx-added")).to_have_count(0)
        chosen = [
            {"name": name, "mimeType": "application/octet-stream", "buffer": data} for name, data in files
        ]
        self.page.set_input_files(field, chosen)  # type: ignore[arg-type]

    def approve(self, case: str) -> None:
        """Approve what waits for this person in a case."""
        self.open(f"/cases/{case}")
        self.page.click("a[href^='/tasks/']")
        self.page.fill("#decide-card [name=pin]", self.pin)
        self.page.click("#decide-card button[value=approved]")
        self.page.wait_for_url(re.compile(r"after=approved"))

    def open(self, path: str) -> None:
        self.page.goto(self.served.address + path)


@pytest.fixture
def desk(browser: Browser, served: Served) -> Iterator[Any]:
    """Opens a desk for somebody, signed in, closed after the test; wide and in Chinese unless told."""
    contexts: list[BrowserContext] = []

    def sit_down(username: str, width: int = 1280, locale: str = "zh-CN", **options: Any) -> Desk:
        context = browser.new_context(locale=locale, viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        made = Desk(context, served, username)
        made.sign_in()
        return made

    yield sit_down
    for context in contexts:
        context.close()
