"""An invoice with a broken signature, from its owner's page to finance and back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest
from fastapi.testclient import TestClient

from core.errors import NotFound
from tests.api.world import World, make_world
from tests.broken_invoice import broken_ofd
from tests.portal.test_archive_pages import browser, post, token_in
from vermilion import assembly


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = make_world(tmp_path_factory.mktemp("exceptions"))
    yield made
    assembly.close(made.runtime)


@pytest.fixture
def invoice(world: World) -> str:
    """An invoice of staff whose seal is broken."""
    answer = world.client("staff").post(
        "/api/v1/documents",
        files=[("files", ("住宿费.ofd", broken_ofd(), "application/ofd"))],
        data={"kind": "invoice"},
    )
    world.work()
    return str(answer.json()["results"][0]["document_id"])


def badge(client: TestClient) -> str | None:
    found = client.get("/badges").json().get("tasks")
    return None if found is None else str(found["shown"])


def notice_of(client: TestClient, document: str) -> str | None:
    """The text of the notice about a document on the reader's own page."""
    found = re.search(rf'<a href="/documents/{document}">([^<]+)</a>', client.get("/").text)
    return unescape(found.group(1)) if found else None


def test_finance_finds_what_was_asked_and_the_owner_hears_of_the_decision(world: World, invoice: str) -> None:
    owner, finance = browser(world, "staff"), browser(world, "finance")
    assert badge(finance) is None
    page = f"/documents/{invoice}"

    asked = post(owner, page, f"/invoices/{invoice}/ask")

    assert "Finance was told" in asked.text
    assert "Ask finance again" in owner.get(page).text
    assert badge(finance) == "1"
    told = notice_of(finance, invoice)
    assert told is not None and "住宿费" in told
    folder = finance.get("/invoices").text
    assert "An invoice with a broken signature waits for your decision." in folder
    narrowed = finance.get("/invoices?all=1&only=asked").text
    assert f'href="/documents/{invoice}"' in narrowed
    assert '<option value="asked" selected>' in narrowed
    assert "only=asked" in re.findall(r'href="(/invoices\?state=claimed[^"]*)"', narrowed)[0]

    decided = post(finance, page, f"/invoices/{invoice}/override", reason="销售方已书面确认")

    assert "销售方已书面确认" in decided.text
    assert (badge(finance), notice_of(finance, invoice)) == (None, None)
    assert f'href="/documents/{invoice}"' not in finance.get("/invoices?all=1&only=asked").text
    assert badge(owner) == "1"
    heard = notice_of(owner, invoice)
    assert heard is not None and "销售方已书面确认" in heard
    owner.get(page)  # looking at it puts the notice away
    assert (badge(owner), notice_of(owner, invoice)) == (None, None)


def test_a_notice_is_put_away_with_a_button(world: World, invoice: str) -> None:
    post(browser(world, "staff"), f"/documents/{invoice}", f"/invoices/{invoice}/ask")
    finance = browser(world, "finance")
    home = finance.get("/").text
    (address,) = re.findall(r'action="(/notices/[^"]+/seen)"', home)

    finance.post(address, data={"csrf_token": token_in(home)})

    assert notice_of(finance, invoice) is None
    assert f'href="/documents/{invoice}"' in finance.get("/invoices?all=1&only=asked").text


def test_somebody_elses_notice_is_not_found(world: World, invoice: str) -> None:
    owner = browser(world, "staff")
    post(owner, f"/documents/{invoice}", f"/invoices/{invoice}/ask")
    (address,) = re.findall(r'action="(/notices/[^"]+/seen)"', browser(world, "finance").get("/").text)

    answer = owner.post(address, data={"csrf_token": token_in(owner.get("/me").text)})

    assert answer.status_code == NotFound.status


def test_who_is_not_in_finance_is_offered_no_such_filter(world: World, invoice: str) -> None:
    page = browser(world, "other").get("/invoices?only=broken&all=1").text

    assert 'name="only"' not in page
    assert invoice not in page


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_folder_and_home_say_it_in_both_languages(world: World, invoice: str, language: str) -> None:
    post(browser(world, "staff"), f"/documents/{invoice}", f"/invoices/{invoice}/ask")
    finance = browser(world, "finance", **{"Accept-Language": language})

    for path in ("/", "/invoices", "/invoices?all=1&only=broken"):
        shown = re.sub(r"<[^>]+>", " ", finance.get(path).text)
        assert not re.findall(r"\b(?:folder|notices?|invoice)-[a-z]+(?:-[a-z]+)*\b", unescape(shown))
