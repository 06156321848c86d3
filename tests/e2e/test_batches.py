"""Several approvals with one PIN entry, on a wide screen and on a phone, in a real browser."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Desk, Served
from tests.workflow.batching import LEAVE

Sit = Callable[..., Desk]
pytestmark = pytest.mark.browser
PICTURES = os.environ.get("PICTURES_TO", "")


def picture(desk: Desk, name: str) -> None:
    """Keep a picture of the page where somebody wants to look at it."""
    if PICTURES:
        desk.page.screenshot(path=str(Path(PICTURES) / f"{name}.png"), full_page=True)


@pytest.fixture(scope="module")
def flow(served: Served, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("flow") / "leave.yaml"
    file.write_text(LEAVE, "utf-8")
    added = served.run("flow", "add", str(file))
    assert added.returncode == 0, added.stderr


def apply_for_leave(applicant: Desk, count: int, reason: str) -> None:
    for number in range(count):
        applicant.open("/apply/leave")
        applicant.page.fill("[name=reason]", f"{reason} {number + 1}")
        applicant.page.click("main button.btn-primary")
        applicant.page.wait_for_url("**/cases/*")


@pytest.mark.parametrize(("width", "locale"), [(1280, "zh-CN"), (390, "en")])
def test_one_chooses_reviews_signs_and_sees_each_result(
    desk: Sit, served: Served, flow: None, width: int, locale: str
) -> None:
    reason = f"探亲 {width}"
    apply_for_leave(desk("zhangwei"), 3, reason)
    head = desk("wangfang", width=width, locale=locale)
    page = head.page
    chosen = page.locator("li", has_text=reason).locator("input[name=task]")
    expect(chosen).to_have_count(3)
    for number in range(3):
        chosen.nth(number).check()
    picture(head, f"home-{width}")
    page.click(".batch-buttons button:not([name])")
    lines = page.locator(".batch-line", has_text=reason)
    expect(lines).to_have_count(3)
    expect(page.locator("input[name=item]")).to_have_count(3)
    page.locator("input[name=item]").nth(2).uncheck()
    picture(head, f"review-{width}")
    page.fill("[name=pin]", head.pin)
    began = time.monotonic()
    page.click(".decide-buttons button")
    expect(page.locator("#progress[data-state=done]")).to_be_visible(timeout=30_000)
    print(f"\n2 approvals in the browser: {time.monotonic() - began:.1f} s")
    expect(page.locator(".batch-line .status-green")).to_have_count(2)
    picture(head, f"results-{width}")
    head.open("/")
    expect(page.locator("li", has_text=reason)).to_have_count(1)
    if width < 600:
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert head.problems == []
    page.locator("li", has_text=reason).locator("a").first.click()
    page.fill("#decide-card [name=pin]", head.pin)
    page.click("#decide-card button[value=approved]")
    page.wait_for_url(re.compile(r"after=approved"))
