"""Every page: no serious axe finding, nothing beyond 390 px, a title of its own, both languages."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.e2e import papers
from tests.e2e.conftest import ROOT, Desk, Served

pytestmark = pytest.mark.browser
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
TEXTS = (
    "home|case|task|apply|search|saved|exports|chart|register|admin|me|check|seals|seal|upload|invoice|folder"
    "|compare|copies|inquiry|my-certificate|my-token|offline|outside"
)
"""Beginnings of the names of texts: a name on a page is a text that is missing."""
FIXED = {
    "zhangwei": [
        "/",
        "/uploads",
        "/documents",
        "/apply",
        "/apply/reimbursement",
        "/apply/seal_request",
        "/apply/contract",
        "/invoices",
        "/invoices?state=claimed",
        "/invoices?state=claiming",
        "/invoices?q=nothing",
        "/cases",
        "/search?q=合同 金额:很多",
        "/search/saved/new?q=合同",
        "/search/saved",
        "/search/exports",
        "/me",
        "/me/certificate",
        "/help",
        "/verify",
    ],
    "liumin": ["/invoices?all=1"],
    "gaoyuan": [
        "/register",
        "/register?q=合同&all=true",
        "/register/totals",
        "/register/loans",
        "/register/stamp",
        "/admin/people",
        "/admin/departments",
        "/seals",
        "/seals/new",
        "/admin/certificates",
        "/admin/certificates?role=person&state=active",
        "/admin/certificates/roots",
        "/admin/certificates/lists",
        "/admin/certificates/offline-root",
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
    found.append(("zhaolei", f"/tasks/{task['id']}/approvers"))
    for state in ("running", "returned", "completed"):
        case = ask(served, "gaoyuan", f"/api/v1/cases?state={state}")[0]
        found.append(("gaoyuan", f"/cases/{case['id']}"))
    seal = ask(served, "gaoyuan", "/api/v1/seals")[0]["id"]
    change = ask(served, "gaoyuan", f"/api/v1/seals/changes?seal={seal}")[0]["id"]
    found += [("gaoyuan", f"/seals/{seal}"), ("gaoyuan", f"/seals/{seal}/ask?kind=people")]
    found.append(("gaoyuan", f"/seals/{seal}/key"))
    found.append(("zhouyang", f"/seals/changes/{change}"))
    for role in ("issuing", "person", "seal"):
        certificate = ask(served, "gaoyuan", f"/api/v1/certificates?role={role}")[0]
        found.append(("gaoyuan", f"/admin/certificates/{certificate['id']}"))
    return found


def uploaded(person: Desk) -> list[str]:
    """Pages of papers of all sorts, uploaded unless they are there: an invoice in two carriers, one that was
    tampered with, a ZIP, two contracts of which one acts."""
    spec = papers.spec(71)
    invoices = {
        "票样.pdf": papers.as_pdf(spec),
        "票样.xml": papers.as_xml(spec),
        "改过的票样.ofd": papers.tampered_ofd(papers.spec(72)),
        "一包票样.zip": papers.zipped({"内.xml": papers.as_xml(papers.spec(73)), "坏.pdf": b"%PDF-1.7"}),
    }
    contracts = {"合同样.pdf": papers.contract("样", Decimal(9)), "会动的合同样.pdf": papers.active()}
    there = {one["title"]: one["id"] for one in ask(person.served, "zhangwei", "/api/v1/documents?limit=50")}
    if "票样.pdf" not in there:
        there = dict(zip(invoices, person.upload(*invoices.items()), strict=True))
        there |= dict(zip(contracts, person.upload(*contracts.items(), kind="contract"), strict=True))
    pdf, xml = there["票样.pdf"], there["票样.xml"]
    return [
        *(f"/documents/{there[title]}" for title in (*invoices, *contracts)),
        f"/apply/reimbursement?documents={pdf}&documents={xml}",
        f"/documents/{there['合同样.pdf']}/compare?other={there['会动的合同样.pdf']}",
    ]


@pytest.fixture
def sit(desk: Callable[..., Desk]) -> Callable[..., Desk]:
    """Opens desks where axe is let in past the page's own policy and nothing moves."""
    return partial(desk, bypass_csp=True, reduced_motion="reduce")


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
    desks["zhangwei"] = sit("zhangwei", width, locale)
    for username, path in [*addresses(served), *(("zhangwei", path) for path in uploaded(desks["zhangwei"]))]:
        if username not in desks:
            desks[username] = sit(username, width, locale)
        desk = desks[username]
        desk.open(path)
        desk.page.wait_for_load_state("networkidle")
        troubles += [f"{path}: {finding}" for finding in serious(desk)]
        broad = desk.page.evaluate("document.documentElement.scrollWidth")
        if broad > width:
            troubles.append(f"{path}: {broad} px wide")
        if desk.page.title() in ("", "Vermilion", "朱印"):
            troubles.append(f"{path}: no title of its own")
        text = desk.page.inner_text("main")
        raw = re.findall(rf"\b(?:{TEXTS})-[a-z]+-[a-z-]+\b", text)
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


def test_chinese_headings_are_as_wide_as_their_letters(served: Served, browser: Browser) -> None:
    """Boxes in place of letters are narrower: Chromium draws them where no font was there in time."""
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    page.goto(f"{served.address}/sign-in")
    page.wait_for_load_state("networkidle")
    page.evaluate("document.fonts.ready.then(() => new Promise(requestAnimationFrame))")
    for selector in ("h1", "main button.btn-primary", "label"):
        width, expected = page.locator(selector).first.evaluate(
            "one => { const range = document.createRange(); range.selectNodeContents(one);"
            " return [range.getBoundingClientRect().width,"
            " one.textContent.trim().length * parseFloat(getComputedStyle(one).fontSize)]; }"
        )
        assert abs(width - expected) < 0.15 * expected, selector
    context.close()
