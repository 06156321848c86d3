"""A page that renews itself, in a real browser."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from tests.e2e.conftest import Desk, Served
from tests.e2e.test_batches import apply_for_leave, flow, picture

Sit = Callable[..., Desk]
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("batches")]
__all__ = ["flow"]  # the fixture


def test_it_waits_for_whoever_writes_and_whoever_leaves(desk: Sit, served: Served, flow: None) -> None:
    applicant = desk("zhangwei")
    page = applicant.page
    asked: list[Route] = []
    page.route("**/progress?*", lambda route: asked.append(route))
    apply_for_leave(applicant, 1, "更新")
    case = page.url

    def wait_for(held: list[Route]) -> Route:
        end = time.monotonic() + 60
        while not held:
            assert time.monotonic() < end, "the browser asked nothing"
            page.wait_for_timeout(50)
        return held.pop()

    def has_changed() -> None:
        """The page asks whether the case has changed; it has."""
        wait_for(asked).fulfill(status=204, headers={"HX-Refresh": "true"})

    page.fill("#text", "请先看附件")
    has_changed()
    expect(page.locator("#alerts .alert-info")).to_be_visible()
    expect(page.locator("#text")).to_have_value("请先看附件")
    picture(applicant, "renewing")
    page.evaluate("window.isOld = true")
    page.fill("#text", "")
    has_changed()
    # Whoever leaves before a page is all there keeps it from asking: its scripts are put off.
    page.wait_for_function("() => window.isOld === undefined && document.readyState === 'complete'")

    held: list[Route] = []
    page.route("**/me", lambda route: held.append(route))
    page.evaluate("setTimeout(() => location.assign('/me'))")
    on_its_way = wait_for(held)
    has_changed()
    page.wait_for_timeout(300)  # time enough for a page that would not wait
    assert page.url == case
    on_its_way.continue_()
    page.wait_for_url(re.compile(r"/me$"))
    assert applicant.problems == []
