"""Every page: no serious axe finding, nothing beyond 390 px, a title of its own, both languages."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.e2e.conftest import ROOT, Desk, Served

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pages")]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
FIXED = {
    "zhangwei": [
        "/",
        "/uploads",
        "/documents",
        "/apply",
        "/apply/reimbursement",
        "/apply/seal_request",
        "/apply/contract",
        "/cases",
        "/search?q=合同",
        "/me",
        "/help",
        "/verify",
    ],
    "gaoyuan": [
        "/register",
        "/admin/people",
        "/admin/departments",
        "/admin/seals",
        "/admin/flows",
        "/admin/backups",
        "/admin/health",
    ],
}


def ask(served: Served, username: str, path: str) -> list[dict[str, Any]]:
    """Items of the API for somebody."""
    request = urllib.request.Request(
        served.address + path, headers={"Authorization": f"Bearer {served.people[username]['token']}"}
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        items: list[dict[str, Any]] = json.load(answer)["items"]
    return items


def addresses(served: Served) -> list[tuple[str, str]]:
    """Who looks at what: the fixed pages, a task, a seal task, a document, running and finished cases."""
    found = [(username, path) for username, paths in FIXED.items() for path in paths]
    task = next(one for one in ask(served, "zhaolei", "/api/v1/tasks") if one["kind"] == "approve")
    sealing = next(one for one in ask(served, "sunli", "/api/v1/tasks") if one["kind"] == "seal")
    found += [("zhaolei", f"/tasks/{task['id']}"), ("sunli", f"/tasks/{sealing['id']}")]
    for state in ("running", "completed"):
        case = ask(served, "gaoyuan", f"/api/v1/cases?state={state}")[0]
        found.append(("gaoyuan", f"/cases/{case['id']}"))
    document = ask(served, "zhangwei", "/api/v1/documents")[0]
    found.append(("zhangwei", f"/documents/{document['id']}"))
    return found


@pytest.fixture
def sit(browser: Browser, served: Served) -> Iterator[Callable[..., Desk]]:
    """Opens desks, closed after the test; axe is let in past the page's own policy."""
    contexts: list[BrowserContext] = []

    def open_desk(username: str, width: int, locale: str) -> Desk:
        context = browser.new_context(
            viewport={"width": width, "height": 844}, locale=locale, bypass_csp=True, reduced_motion="reduce"
        )
        contexts.append(context)
        made = Desk(context, served, username)
        made.sign_in()
        return made

    yield open_desk
    for context in contexts:
        context.close()


def serious(desk: Desk) -> list[str]:
    """Serious and critical findings of axe on the page in view."""
    desk.page.add_script_tag(path=str(AXE))
    found = desk.page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{one['id']}: {[node['html'][:160] for node in one['nodes'][:2]]}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize(("width", "locale"), [(1280, "zh-CN"), (390, "en")])
def test_pages_are_accessible_titled_and_fit_the_screen(
    served: Served, sit: Callable[..., Desk], width: int, locale: str
) -> None:
    if not AXE.exists():
        pytest.skip("axe-core was not installed with the portal's packages")
    desks: dict[str, Desk] = {}
    troubles: list[str] = []
    for username, path in addresses(served):
        desk = desks.setdefault(username, None) or sit(username, width, locale)  # type: ignore[arg-type]
        desks[username] = desk
        desk.open(path)
        desk.page.wait_for_load_state("networkidle")
        troubles += [f"{path}: {finding}" for finding in serious(desk)]
        broad = desk.page.evaluate("document.documentElement.scrollWidth")
        if broad > width:
            troubles.append(f"{path}: {broad} px wide")
        if desk.page.title() in ("", "Vermilion", "朱印"):
            troubles.append(f"{path}: no title of its own")
        text = desk.page.inner_text("main")
        raw = re.findall(
            r"\b(?:home|case|task|apply|search|register|admin|me|check|seal|upload)-[a-z]+-[a-z-]+\b", text
        )
        if raw:
            troubles.append(f"{path}: texts are missing: {raw[:3]}")
        troubles += [f"{path}: {problem}" for problem in desk.problems]
        desk.problems.clear()
    assert troubles == []


def test_the_keyboard_reaches_the_decision(served: Served, sit: Callable[..., Desk]) -> None:
    task = next(one for one in ask(served, "zhaolei", "/api/v1/tasks") if one["kind"] == "approve")
    desk = sit("zhaolei", 1280, "zh-CN")
    desk.open(f"/tasks/{task['id']}")
    desk.page.focus("#comment")
    desk.page.keyboard.press("Tab")
    assert desk.page.evaluate("document.activeElement.name") == "pin"
    for _ in range(3):
        desk.page.keyboard.press("Tab")
        if desk.page.evaluate("document.activeElement.value") == "approved":
            return
    raise AssertionError("Tab does not lead to the main button")


def test_each_link_of_the_home_page_can_be_reached_by_the_mouse(
    served: Served, sit: Callable[..., Desk]
) -> None:
    desk = sit("zhangwei", 1280, "zh-CN")
    links = desk.page.locator("main a:visible")
    assert links.count() > 2
    for link in links.all():
        link.click(trial=True, timeout=2_000)
