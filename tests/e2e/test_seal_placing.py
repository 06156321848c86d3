"""Placing a seal in a real browser: by words, on every page, over the edges; what is shown is what comes."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageChops
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Desk, Served
from tests.e2e.test_main_job import TITLE, approve, papers

Sit = Callable[[str], Desk]
pytestmark = pytest.mark.browser
SHOTS = os.environ.get("VERMILION_SHOTS")
assert papers  # the fixture of the main job


def apply(applicant: Desk, file: Path) -> str:
    page = applicant.page
    applicant.open("/apply/contract")
    page.fill("[name=title]", TITLE)
    page.fill("[name=counterparty]", "天工（演示）物流装备有限公司")
    page.fill("[name=amount]", "880000")
    page.check("[name=direction][value=pay]")
    page.check("[name=straddle][value=right]")
    page.locator("label.choice", has_text="合同专用章").click()
    page.set_input_files("#choose-files_contract", file)
    expect(page.locator("#list-contract")).to_contain_text(TITLE, timeout=15_000)
    page.click("button[name=action][value=submit]")
    page.wait_for_url(re.compile(r"/cases/[0-9a-f-]{36}"))
    return re.search(r"/cases/([0-9a-f-]{36})", page.url)[1]  # type: ignore[index]


def shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def picture(page: Page) -> Image.Image:
    """What stands on the page's picture now."""
    page.wait_for_function(
        "() => [...document.querySelectorAll('[data-surface] img')]"
        ".every(one => one.complete && one.naturalWidth)"
    )
    return Image.open(io.BytesIO(page.locator("[data-surface]").first.screenshot())).convert("RGB")


def difference(one: Image.Image, other: Image.Image) -> float:
    """Share of pixels that differ clearly."""
    size = (min(one.width, other.width), min(one.height, other.height))
    assert max(one.width - size[0], one.height - size[1], other.height - size[1]) <= 1  # rounding
    one, other = one.crop((0, 0, *size)), other.crop((0, 0, *size))
    grey = ImageChops.difference(one, other).convert("L").point(lambda value: 255 if value > 90 else 0)
    return grey.histogram()[255] / (grey.width * grey.height)


def test_a_keeper_places_by_words_and_over_the_edges_and_gets_what_was_shown(
    desk: Sit, served: Served, papers: dict[str, Path]
) -> None:
    case = apply(desk("zhangwei"), papers["contract"])
    for username in ("wangfang", "zhouyang", "liumin", "chenjianguo"):
        approve(desk(username), case, "同意")
    keeper = desk("sunli")
    page = keeper.page
    keeper.open(f"/cases/{case}")
    page.click("a[href^='/tasks/']")
    rows = page.locator("[data-rows] [data-row]")
    expect(page.locator("[data-keyword-result]")).to_contain_text("2", timeout=15_000)
    # The straddle that the applicant asked for is there already, on both pages.
    expect(page.locator("[data-part=edge]")).to_have_value("right")
    expect(page.locator(".placing-slice")).to_have_count(1)
    by_words(page, rows)
    expect(page.locator("[data-sum-text]")).to_contain_text("4")
    overlay = picture(page)
    shot(page, "placing")
    page.click("[data-finished]")
    expect(page.locator("[data-finished]")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".placing-seal")).to_have_count(0)
    page.wait_for_function("() => document.querySelector('[data-surface] img').src.startsWith('blob:')")
    finished = picture(page)
    shot(page, "placing-finished")
    assert difference(overlay, finished) < 0.02
    wrong_is_said_beside(page, rows)
    phone(keeper)
    page.fill("#decide-card [name=pin]", keeper.pin)
    page.click("#decide-card button.btn-primary")
    page.wait_for_url(re.compile(r"after=sealed"))
    assert [problem for problem in keeper.problems if "422" not in problem] == []
    keeper.open("/register")
    shot(page, "register")


def by_words(page: Page, rows: object) -> None:
    """Both hits, one after the other; then one is moved with the keyboard and dragged back with the mouse."""
    page.click("[data-keyword-every]")
    expect(page.locator("[data-rows] [data-row]")).to_have_count(2)
    expect(page.locator(".placing-seal")).to_have_count(2)
    seal = page.locator(".placing-seal").first
    x = page.locator("[data-part=x]").first
    before = float(x.input_value())
    seal.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    assert float(x.input_value()) == pytest.approx(before + 1.2)
    box = page.locator(".placing-seal").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 60, box["y"] + box["height"] / 2 + 90, steps=4)
    page.mouse.up()
    assert float(x.input_value()) > before + 5


def wrong_is_said_beside(page: Page, rows: object) -> None:
    """A seal over another one is refused beside the picture, and what was typed stays."""
    page.click("[data-finished]")
    page.click("[data-add]")
    last = page.locator("[data-rows] [data-row]").last
    first = page.locator("[data-rows] [data-row]").first
    for part in ("page", "x", "y"):
        last.locator(f"[data-part={part}]").fill(first.locator(f"[data-part={part}]").input_value())
    page.click("[data-finished]")
    expect(page.locator("[data-trouble]")).to_be_visible()
    expect(page.locator("[data-trouble]")).to_contain_text("第 2 页")
    shot(page, "placing-trouble")
    last.locator("[data-remove]").click()
    expect(page.locator("[data-rows] [data-row]")).to_have_count(2)


def phone(keeper: Desk) -> None:
    """The page fits a phone: nothing is wider than the screen."""
    page = keeper.page
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator(".placing-slice")).to_have_count(1)
    page.wait_for_function("() => document.documentElement.scrollWidth <= 390")  # once it is drawn anew
    shot(page, "placing-phone")
    page.set_viewport_size({"width": 1280, "height": 900})
