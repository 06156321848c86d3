"""The frame: signing in, form tokens, headers, errors, languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from core.models import Person
from core.runtime import Runtime
from portal.application import include
from portal.frame import SignedInRoute, pages
from portal.rooms import ROUTERS
from portal.visit import local_path
from tests.builders import PASSWORD, Company, make_runtime
from tests.office import Office


@pytest.fixture
def company(office: Office) -> Company:
    """The company of an assembled installation."""
    return office.company


@pytest.fixture
def runtime(office: Office) -> Runtime:
    return office.runtime


@pytest.fixture
def client(company: Company) -> Iterator[TestClient]:
    app = FastAPI()
    broken = pages()

    @broken.get("/broken")
    def fail() -> None:
        raise RuntimeError("a secret detail")

    app.include_router(broken)
    include(app, company.runtime)
    with TestClient(app, base_url="http://127.0.0.1:8600", follow_redirects=False) as made:
        made.headers["accept-language"] = "en"
        yield made


def token_of(client: TestClient, path: str = "/sign-in") -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).text)
    assert found
    return found.group(1)


def sign_in(client: TestClient, username: str, password: str = PASSWORD, next: str = "/") -> str:
    answer = client.post(
        "/sign-in",
        data={"username": username, "password": password, "next": next, "csrf_token": token_of(client)},
    )
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def _guarded() -> list[tuple[str, str]]:
    routes = [route for router in ROUTERS for route in router.routes]
    return sorted(
        (method, re.sub(r"\{[^}]*\}", "0190a000-0000-7000-8000-000000000000", route.path))
        for route in routes
        if isinstance(route, SignedInRoute) and not route.is_public
        for method in route.methods or ()
    )


@pytest.mark.parametrize(("method", "path"), _guarded())
def test_a_page_sends_somebody_without_a_session_to_sign_in(
    client: TestClient, method: str, path: str
) -> None:
    answer = client.request(method, path)

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in?next=/")


@pytest.mark.parametrize(("method", "path"), [pair for pair in _guarded() if pair[0] != "GET"])
def test_a_form_without_its_token_is_refused(client: TestClient, method: str, path: str) -> None:
    sign_in(client, "admin")

    answer = client.request(method, path, data={"name": "value"})

    assert answer.status_code == 403
    assert "out of date" in answer.text


def test_a_token_of_another_session_is_refused(client: TestClient) -> None:
    sign_in(client, "staff")

    answer = client.post("/theme", data={"theme": "dark", "csrf_token": "x" * 32})

    assert answer.status_code == 403


def test_a_form_sent_from_another_site_is_refused(client: TestClient) -> None:
    sign_in(client, "staff")
    token = token_of(client, "/")

    answer = client.post(
        "/theme", data={"theme": "dark", "csrf_token": token}, headers={"origin": "https://elsewhere.example"}
    )

    assert answer.status_code == 403


def test_signing_in_needs_the_visitors_own_token(client: TestClient) -> None:
    answer = client.post("/sign-in", data={"username": "staff", "password": PASSWORD, "csrf_token": "guess"})

    assert answer.status_code == 403
    assert "vermilion_session" not in client.cookies


def test_after_signing_in_one_comes_back_to_where_one_was(client: TestClient) -> None:
    assert sign_in(client, "staff", next="/documents?kind=invoice") == "/documents?kind=invoice"


@pytest.mark.parametrize(
    "address",
    [
        "https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "javascript:alert(1)",
        "", "/a\nb", "\\\\x", "/a\\b",
    ],
)  # fmt: skip
def test_no_redirect_leads_outside(address: str) -> None:
    assert local_path(address) == "/"


def test_signing_in_never_leads_outside(client: TestClient) -> None:
    assert sign_in(client, "staff", next="https://elsewhere.example/") == "/"


def test_a_refused_sign_in_keeps_the_user_name_and_never_the_password(client: TestClient) -> None:
    answer = client.post(
        "/sign-in",
        data={"username": "staff", "password": "not it at all", "csrf_token": token_of(client)},
    )

    assert answer.status_code == 401
    assert 'value="staff"' in answer.text
    assert "not it at all" not in answer.text
    assert "User name or password is not right." in answer.text


def test_guessing_passwords_is_slowed_down(client: TestClient) -> None:
    token = token_of(client)
    guess = {"username": "staff", "password": "wrong wrong", "csrf_token": token}
    answers = [client.post("/sign-in", data=guess) for _ in range(6)]

    assert answers[-1].status_code == 429
    assert "Too many attempts" in answers[-1].text


def test_the_session_cookie_is_out_of_reach_of_scripts(client: TestClient) -> None:
    answer = client.post(
        "/sign-in", data={"username": "staff", "password": PASSWORD, "csrf_token": token_of(client)}
    )

    cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith("vermilion_session="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


def test_signing_out_ends_the_session(client: TestClient) -> None:
    sign_in(client, "staff")
    session = client.cookies["vermilion_session"]

    client.post("/sign-out", data={"csrf_token": token_of(client, "/")})
    client.cookies.set("vermilion_session", session)

    assert client.get("/").headers["location"].startswith("/sign-in")


def test_the_language_follows_the_browser_and_then_the_person(client: TestClient, company: Company) -> None:
    assert '<html lang="en"' in client.get("/sign-in").text
    assert '<html lang="zh-CN"' in client.get("/sign-in", headers={"accept-language": "zh"}).text

    sign_in(client, "staff")
    client.post("/language", data={"language": "zh-CN", "csrf_token": token_of(client, "/")})

    assert '<html lang="zh-CN"' in client.get("/").text
    with company.runtime.database.read() as session:
        assert session.get_one(Person, company.people["staff"]).language == "zh-CN"


def test_every_page_carries_the_headers_that_keep_it_to_itself(client: TestClient) -> None:
    for path in ("/sign-in", "/", "/nowhere"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "private, no-store"


def test_no_page_has_a_script_or_a_style_inside(client: TestClient) -> None:
    sign_in(client, "admin")
    for path in ("/", "/me", "/help", "/nowhere"):
        text = client.get(path).text
        assert not re.search(r"<script(?![^>]*\bsrc=)", text), path
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|hx-on", text), path


def test_an_address_that_leads_nowhere_says_so_in_both_languages(client: TestClient) -> None:
    assert client.get("/nowhere").status_code == 404
    assert "Not found" in client.get("/nowhere").text
    assert "找不到页面" in client.get("/nowhere", headers={"accept-language": "zh-CN"}).text


def test_an_unknown_address_of_the_api_is_not_answered_with_a_page(client: TestClient) -> None:
    answer = client.get("/api/v1/nowhere")

    assert answer.status_code == 404
    assert "html" not in answer.headers["content-type"]


def test_a_failure_shows_a_number_and_no_detail(client: TestClient) -> None:
    sign_in(client, "staff")

    answer = client.get("/broken")

    assert answer.status_code == 500
    assert re.search(r"Number [0-9a-f]{8}", answer.text)
    assert "secret detail" not in answer.text


def test_a_failure_reaches_htmx_as_an_alert(client: TestClient) -> None:
    sign_in(client, "staff")

    answer = client.get("/broken", headers={"hx-request": "true"})

    assert answer.headers["hx-retarget"] == "#alerts"
    assert "<html" not in answer.text


def test_a_script_learns_that_the_session_ended(client: TestClient) -> None:
    answer = client.get(
        "/badges", headers={"accept": "application/json", "referer": "http://x/apply/contract"}
    )

    assert answer.status_code == 401
    assert answer.json()["sign_in"] == "/sign-in?next=/badges"


def test_htmx_is_sent_to_the_sign_in_page_as_a_whole(client: TestClient) -> None:
    answer = client.get(
        "/", headers={"hx-request": "true", "hx-current-url": "http://127.0.0.1:8600/cases?state=running"}
    )

    assert answer.status_code == 204
    assert answer.headers["hx-redirect"] == "/sign-in?next=/cases%3Fstate%3Drunning"


def test_nobody_sees_an_entry_that_they_may_not_open(client: TestClient) -> None:
    sign_in(client, "staff")
    assert "/admin/" not in client.get("/").text
    client.cookies.clear()

    sign_in(client, "admin")
    assert 'href="/admin/people"' in client.get("/").text


def test_an_installation_that_is_not_set_up_leads_to_its_set_up(tmp_path: Path) -> None:
    empty = make_runtime(tmp_path / "empty")
    app = FastAPI()
    include(app, empty)
    with TestClient(app, follow_redirects=False) as client:
        assert client.get("/").headers["location"] == "/set-up"
        assert client.get("/sign-in").headers["location"] == "/set-up"
    empty.database.dispose()


def test_assets_are_kept_for_ever_under_their_digest(client: TestClient) -> None:
    text = client.get("/sign-in").text
    for address in re.findall(r'(?:href|src)="(/static/[^"]+)"', text):
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert "immutable" in answer.headers["cache-control"], address


@pytest.mark.parametrize(
    "path", ["/static/x/../assets.py", "/static/vendor/..%2f..%2fassets.py", "/static/x/nothing"]
)
def test_nothing_outside_the_static_folder_is_served(client: TestClient, path: str) -> None:
    assert client.get(path, follow_redirects=True).status_code == 404


def test_a_body_that_is_too_large_is_refused_before_it_is_read(client: TestClient) -> None:
    sign_in(client, "staff")
    answer = client.post(
        "/cases/0190a000-0000-7000-8000-000000000000/comments",
        content=b"x",
        headers={"content-type": "application/x-www-form-urlencoded", "content-length": str(3 * 1024 * 1024)},
    )
    assert answer.status_code == 413
