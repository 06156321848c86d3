"""A forgotten PIN over HTTP and on the portal."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.world import World, make_world
from tests.builders import PIN
from tests.portal.test_archive_pages import browser, post
from vermilion import assembly


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = make_world(tmp_path_factory.mktemp("keys"), key_replacement_hours=0)
    made.enrol("head", "staff")
    yield made
    assembly.close(made.runtime)


def test_over_http_the_owner_asks_and_a_second_person_consents(world: World) -> None:
    head = world.client("head")
    address = f"/api/v1/key-replacements/{world.company.people['head']}"
    made = head.post("/api/v1/key-replacements")
    assert (made.status_code, made.json()["state"]) == (201, "asked")
    refused = head.post(f"{address}/consent")
    assert (refused.status_code, refused.json()["code"]) == (403, "replacement-needs-other")
    assert world.client("staff").post(f"{address}/consent").status_code == 404
    waiting = world.client("gm").get("/api/v1/key-replacements").json()["items"]
    assert [one["person"] for one in waiting] == ["王芳"]
    assert world.client("gm").post(f"{address}/consent").status_code == 200
    assert head.get("/api/v1/key-replacements").json()["items"][0]["state"] == "ready"
    assert head.post("/api/v1/me/pin", json={"pin": "907354"}).status_code == 201
    again = head.post(f"{address}/stop")
    assert (again.status_code, again.json()["code"]) == (409, "replacement-not-open")
    notices = [one["code"] for one in head.get("/api/v1/notices").json()["items"]]
    assert "key-replacement-done" in notices


def test_on_the_portal_too(world: World) -> None:
    staff, admin = browser(world, "staff"), browser(world, "admin")
    asked = post(staff, "/key-replacements", "/key-replacements")
    assert "Waiting for consent" in asked.text
    person = world.company.people["staff"]
    assert "张伟" in admin.get("/key-replacements").text
    post(admin, "/key-replacements", f"/key-replacements/{person}/consent")
    ready = staff.get("/key-replacements").text
    assert "Ready for a new PIN" in ready
    page = staff.get("/me").text
    assert 'name="old_pin"' not in page and 'name="new_pin"' in page
    done = post(staff, "/me", "/me/pin", new_pin="284618", repeated_pin="284618")
    assert "The signing PIN is set." in done.text
    assert "consented" in " ".join(staff.get("/").text.split()) or "new signing key" in staff.get("/").text
    changed = post(staff, "/me", "/me/pin", old_pin="284618", new_pin=PIN, repeated_pin=PIN)
    assert changed.status_code == 200 and "The signing PIN is set." in changed.text
    assert browser(world, "other").get("/key-replacements").status_code == 200
