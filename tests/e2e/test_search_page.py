"""Searching in a real browser: suggestions and results by keyboard, an export, a printed register."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import openpyxl
import pypdf
import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Desk

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pages")]


@pytest.mark.parametrize(("width", "locale"), [(1280, "zh-CN"), (390, "en")])
def test_suggestions_and_results_go_by_the_keyboard(
    desk: Callable[..., Desk], width: int, locale: str
) -> None:
    someone = desk("gaoyuan", width, locale)
    page = someone.page
    page.keyboard.press("/")
    page.keyboard.type("合同专")
    options = page.locator("#suggestions [role=option]")
    expect(options.first).to_be_visible()
    box = page.locator("#header-search")
    page.keyboard.press("ArrowDown")
    expect(box).to_have_attribute("aria-activedescendant", "suggestion-0")
    expect(options.first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(page.locator("#suggestions")).to_be_hidden()
    expect(box).to_have_value("合同专")
    page.keyboard.type("用")
    expect(options.first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/search\?q="))
    hits = page.locator("#results .hit-title")
    expect(hits.first).to_be_visible()
    page.locator("#content").focus()
    page.keyboard.press("j")
    expect(hits.first).to_be_focused()
    page.keyboard.press("k")
    expect(box).to_be_focused()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert someone.problems == []


def test_all_results_are_downloaded_when_they_are_written(desk: Callable[..., Desk]) -> None:
    page = (someone := desk("gaoyuan")).page
    someone.open("/search?q=合同")
    found = re.search(r"\d+", page.locator("#found").inner_text())
    assert found is not None
    page.click("#results button[value=xlsx]")
    page.wait_for_url(re.compile("/search/exports$"))
    link = page.locator("a[href$='/file']").first
    expect(link).to_be_visible(timeout=20_000)  # the page renews itself
    with page.expect_download() as downloading:
        link.click()
    sheet = openpyxl.load_workbook(io.BytesIO(downloading.value.path().read_bytes())).active
    assert sheet is not None and sheet.max_row == int(found[0]) + 1


def test_the_register_is_counted_and_printed_on_one_side_of_a4(desk: Callable[..., Desk]) -> None:
    page = (someone := desk("gaoyuan")).page
    someone.open("/register")
    expect(page.locator("#totals table").first).to_be_visible()
    printed = pypdf.PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))
    width, height = (float(one) for one in printed.pages[0].mediabox[2:])
    assert (round(width), round(height)) == (842, 595)  # points: 297 × 210 mm
    assert page.evaluate("document.querySelector('.register-table').scrollWidth") <= 1280
    assert someone.problems == []
