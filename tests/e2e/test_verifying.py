"""The verify page in a real browser: what was changed is named and shown, and what was signed can be had."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pikepdf
import pytest
from playwright.sync_api import Browser, Page, expect

from signing.verification import verify_pdf
from tests.e2e.conftest import Served
from tests.signing.verification.attacks import appended

pytestmark = pytest.mark.browser
SHOTS = os.environ.get("SCREENSHOTS", "")
EVIL = b"q 0.8 0.1 0.1 rg 100 500 300 120 re f Q"


@pytest.fixture(scope="module")
def sheet(served: Served, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A signed sheet of the demo."""
    folder = tmp_path_factory.mktemp("exported")
    done = served.run("export", "--to", str(folder), "--all")
    assert done.returncode == 0, done.stderr
    sheets = [path.read_bytes() for path in sorted(folder.rglob("*.pdf"))]
    return next(one for one in sheets if one.count(b"/ByteRange") > 3 and one.count(b"/Type /Page\n") < 9)


def forged(pdf: bytes, folder: Path) -> bytes:
    (folder / "a.pdf").write_bytes(pdf)
    with pikepdf.open(folder / "a.pdf") as opened:
        contents = opened.pages[0].obj.Contents
        number = (contents[0] if isinstance(contents, pikepdf.Array) else contents).objgen[0]
    return appended(pdf, {number: b"<</Length %d>>\nstream\n%s\nendstream" % (len(EVIL), EVIL)})


def shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("width", [1280, 390])
def test_a_forged_sheet_is_shown_for_what_it_is(
    browser: Browser, served: Served, sheet: bytes, tmp_path: Path, language: str, width: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, locale=language)
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    page.goto(f"{served.address}/verify")
    for name, data, verdict in (("good", sheet, "valid"), ("bad", forged(sheet, tmp_path), "invalid")):
        page.set_input_files(
            "#file", [{"name": f"{name}.pdf", "mimeType": "application/pdf", "buffer": data}]
        )
        expect(page.locator(f".verdict-{verdict}")).to_be_visible(timeout=20_000)
        shot(page, f"verify-{name}-{language}-{width}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    expect(page.locator(".before-after.refused img")).to_have_count(2)
    with page.expect_download() as waiting:
        page.locator("[data-state]").first.click()
    state = Path(waiting.value.path()).read_bytes()
    assert 0 < len(state) < len(sheet) and sheet.startswith(state)
    page.locator("details summary").last.click()
    with page.expect_download(timeout=20_000) as waiting:
        page.locator("[data-report]").click()
    report = Path(waiting.value.path()).read_bytes()
    assert verify_pdf(report, [], datetime.now(UTC)).facts.signatures[0].intact
    assert problems == []
    context.close()
