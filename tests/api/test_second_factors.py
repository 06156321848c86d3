"""Second factors over HTTP and on the portal, with one-time codes."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pyotp
import pytest

from tests.api.test_batches import items_of, wait_for
from tests.api.world import World, make_world
from tests.builders import PIN
from tests.portal.test_archive_pages import browser, post
from vermilion import assembly


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = make_world(tmp_path_factory.mktemp("factors"))
    made.enrol("head")
    yield made
    assembly.close(made.runtime)


def code_of(secret: str, steps: int) -> str:
    """A code of now or of the next step: both are taken, each once."""
    return pyotp.TOTP(secret).at(int(time.time()) + 30 * steps)


def test_over_http_a_decision_needs_a_code_where_the_policy_says_so(world: World) -> None:
    head, admin = world.client("head"), world.client("admin")
    assert head.put("/api/v1/signing-policy", json={"second_factor": "all"}).status_code == 403
    assert admin.put("/api/v1/signing-policy", json={"second_factor": "all"}).status_code == 200
    assert head.get("/api/v1/signing-policy").json() == {"second_factor": "all"}
    item = items_of(world, wait_for(world, 1))[0]
    body = {"outcome": "approved", "pin": PIN, "shown_digest": item["shown_digest"]}
    address = f"/api/v1/tasks/{item['task_id']}/decision"
    refused = head.post(address, json=body)
    assert (refused.status_code, refused.json()["code"]) == (403, "second-factor-needed")
    wrong = head.post("/api/v1/second-factors/totp", json={"pin": "907354", "name": "Phone"})
    assert wrong.status_code == 422
    made = head.post("/api/v1/second-factors/totp", json={"pin": PIN, "name": "Phone"}).json()
    confirmed = head.post(
        f"/api/v1/second-factors/totp/{made['id']}", json={"code": code_of(made["secret"], 0)}
    )
    assert len(confirmed.json()["recovery_codes"]) == 10
    digests = [item["shown_digest"]]
    replayed = head.post(
        "/api/v1/second-factors/codes", json={"code": code_of(made["secret"], 0), "digests": digests}
    )
    assert (replayed.status_code, replayed.json()["code"]) == (422, "second-factor-wrong")
    shown = head.post(
        "/api/v1/second-factors/codes", json={"code": code_of(made["secret"], 1), "digests": digests}
    )
    assert shown.status_code == 200, shown.text
    assert head.post(address, json=body).status_code == 201
    listed = head.get("/api/v1/second-factors").json()["items"]
    assert [one["name"] for one in listed] == ["Phone"] and made["secret"] not in str(listed)
    removal = f"/api/v1/second-factors/{made['id']}/removal"
    assert head.post(removal, json={"pin": PIN}).json()["code"] == "second-factor-needed"
    code = confirmed.json()["recovery_codes"][0]
    head.post("/api/v1/second-factors/codes", json={"code": code, "digests": ["managing"]})
    assert head.post(removal, json={"pin": PIN}).status_code == 200


def test_on_the_portal_the_code_stands_beside_the_pin(world: World) -> None:
    admin, head = browser(world, "admin"), browser(world, "head")
    post(admin, "/admin/signing", "/admin/signing", second_factor="all")
    assert re.search(r'value="all" checked', admin.get("/admin/signing").text)
    page = post(head, "/me/second-factors", "/me/second-factors/totp", pin=PIN, name="手机").text
    secret = re.search(r'<code class="digest">([A-Z2-7]+)</code>', page)
    address = re.search(r'action="(/me/second-factors/totp/[^"]+)"', page)
    assert secret and address and "data:image/svg+xml;base64," in page
    done = post(head, "/me/second-factors", address[1], first_code=code_of(secret[1], 0)).text
    assert done.count("<li><code>") == 10
    item = items_of(world, wait_for(world, 1))[0]
    task = f"/tasks/{item['task_id']}"
    assert 'name="code"' in head.get(task).text
    fields = {"outcome": "approved", "pin": PIN, "shown_digest": item["shown_digest"]}
    without = post(head, task, task, **fields)
    assert without.status_code == 403 and "second factor is asked for" in without.text
    wrong = post(head, task, task, **fields, code="000000")
    assert wrong.status_code == 422 and 'id="error-code"' in wrong.text
    signed = post(head, task, task, **fields, code=code_of(secret[1], 1))
    assert "Approved and signed" in signed.text
    for language in ("en", "zh-CN"):
        head.headers["Accept-Language"] = language
        for path in ("/me/second-factors", "/me", "/key-replacements"):
            shown = re.sub(r"<[^>]+>", " ", head.get(path).text)
            assert not re.findall(r"\b(?:factor|key-replacement|replacement)-[a-z]+(?:-[a-z]+)*\b", shown)
