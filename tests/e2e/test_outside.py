"""A person brings a certificate of another authority, in a real browser; an administrator its list."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.conftest import Desk, Served
from tests.outside import PASSWORD, OutsideAuthority

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pages")]


def test_a_certificate_is_brought_and_its_list_after_it(
    browser: Browser, served: Served, tmp_path: Path
) -> None:
    elsewhere = OutsideAuthority(datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1))
    (tmp_path / "root.pem").write_bytes(elsewhere.root_pem)
    added = served.run("ca", "roots", "add", str(tmp_path / "root.pem"), "--note", "signs for us")
    assert added.returncode == 0, added.stderr
    name = str(served.people["liumin"]["name"])
    (tmp_path / "mine.p12").write_bytes(elsewhere.person(name))
    person = Desk(browser.new_context(locale="en"), served, "liumin")
    person.sign_in()
    person.open("/me")
    person.page.click("a[href='/me/certificate']")
    person.page.set_input_files("[name=file]", str(tmp_path / "mine.p12"))
    person.page.fill("[name=password]", "wrong")
    person.page.fill("[name=pin]", person.pin)
    person.page.click("main button.btn-primary")
    expect(person.page.locator("#error-password")).to_be_visible()
    person.page.set_input_files("[name=file]", str(tmp_path / "mine.p12"))
    person.page.fill("[name=password]", PASSWORD)
    person.page.fill("[name=pin]", person.pin)
    person.page.click("main button.btn-primary")
    expect(person.page.locator(".alert-success")).to_be_visible()
    expect(person.page.locator(".alert-warning").first).to_contain_text("Elsewhere Issuing")

    admin = Desk(browser.new_context(locale="en"), served, "gaoyuan")
    admin.sign_in()
    admin.open("/admin/certificates/lists")
    for number, data in enumerate(elsewhere.lists()):
        file = tmp_path / f"{number}.crl"
        file.write_bytes(data)
        admin.page.set_input_files("[name=file]", str(file))
        admin.page.click("main button.btn-primary")
        expect(admin.page.locator("ul.list > li")).to_have_count(number + 1)
    expect(admin.page.locator(".alert-warning")).to_have_count(0)
    person.open("/me/certificate")
    expect(person.page.locator(".alert-warning")).to_have_count(0)
    assert [one for one in person.problems if "422" not in one] == admin.problems == []
