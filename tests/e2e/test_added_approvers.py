"""Adding approvers in a real browser: on a wide screen, and on a phone whose browser runs no scripts."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Desk, Served
from tests.e2e.test_batches import apply_for_leave, flow, picture

Sit = Callable[..., Desk]
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("batches")]
__all__ = ["flow"]  # the fixture


@pytest.mark.parametrize(("width", "locale", "scripts"), [(1280, "zh-CN", True), (390, "en", False)])
def test_a_manager_adds_a_colleague_who_decides_first(
    desk: Sit, served: Served, flow: None, width: int, locale: str, scripts: bool
) -> None:
    reason = f"加签 {width}"
    apply_for_leave(desk("zhangwei"), 1, reason)
    head = desk("wangfang", width, locale, java_script_enabled=scripts)
    page = head.page
    page.locator("li", has_text=reason).locator("a").first.click()
    page.wait_for_url(re.compile(r"/tasks/"))
    task = page.url
    picture(head, f"task-{width}")
    page.click("a[href$='/approvers']")
    page.fill("#reason", "请核对年假天数")
    page.fill("#q", "刘敏")
    page.click("button[value=find]")
    person = page.locator(".choice", has_text="刘敏").locator("input")
    expect(page.locator("input[name=person]")).to_have_count(1)
    person.check()
    expect(page.locator("#reason")).to_have_value("请核对年假天数")
    picture(head, f"added-{width}")
    if scripts:
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.click("button[value=add]")
    page.wait_for_url(re.compile(r"/cases/.*added=before"))
    case = page.url.split("/")[-1].split("?")[0]
    expect(page.locator("[aria-labelledby=added]")).to_contain_text("刘敏")
    picture(head, f"case-{width}")

    colleague = desk("liumin", width, locale)
    colleague.open(f"/cases/{case}")
    colleague.page.click("main a[href^='/tasks/']")
    expect(colleague.page.locator("main .alert", has_text="请核对年假天数")).to_be_visible()
    picture(colleague, f"asked-{width}")
    colleague.page.fill("#decide-card [name=pin]", colleague.pin)
    colleague.page.click("#decide-card button[value=approved]")
    colleague.page.wait_for_url(re.compile(r"after=approved"))
    assert colleague.problems == []

    head.open(f"/cases/{case}")
    picture(head, f"back-{width}")
    page.goto(task)
    page.fill("#decide-card [name=pin]", head.pin)
    page.click("#decide-card button[value=approved]")
    page.wait_for_url(re.compile(r"after=approved"))
    assert head.problems == []
