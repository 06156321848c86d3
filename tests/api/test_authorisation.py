"""Who may call what: every operation is tried without a person, with too little scope, and by a stranger."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.routing import iter_route_contexts

from api.principals import CSRF_HEADER, SESSION_COOKIE
from api.routing import ApiRoute
from core.sign_in import SignInService
from tests.api.world import World, make_pdf
from tests.builders import PASSWORD, PIN

PUBLIC: frozenset[tuple[str, str]] = frozenset({("GET", "/api/v1/openapi.json")})
SOME_ID = "0192f0c1-7c3a-7b1e-9d55-3a2f5a8c1d20"
SOME_DIGEST = "0" * 64


def operations(world: World) -> list[tuple[str, str]]:
    found = []
    for context in iter_route_contexts(world.app.routes):
        path = context.path or ""
        if path.startswith("/api/"):
            found += [(method, path) for method in sorted(context.methods or ()) if method != "HEAD"]
    return found


def filled(path: str) -> str:
    for name in ("document_id", "case_id", "task_id", "seal_id", "record_id", "person_id", "role_id",
                 "department_id", "token_id", "notice_id", "request_id", "loan_id", "certificate_id",
                 "root_id", "saved_id", "export_id"):  # fmt: skip
        path = path.replace(f"{{{name}}}", SOME_ID)
    for name, value in (
        ("page", "1"),
        ("key", "contract"),
        ("name", "latest"),
        ("number", "1"),
        ("sequence", "1"),
    ):
        path = path.replace(f"{{{name}}}", value)
    return path


def test_every_operation_refuses_who_is_not_signed_in(world: World) -> None:
    client = world.client()
    tried = [one for one in operations(world) if one not in PUBLIC]

    for method, path in tried:
        answer = client.request(method, filled(path))

        assert answer.status_code == 401, (method, path)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "not-signed-in"
        assert answer.headers["www-authenticate"].startswith("Bearer")
    assert len(tried) > 45


def test_every_operation_refuses_a_token_that_is_made_up(world: World) -> None:
    client = world.client(Authorization="Bearer vml_made-up")

    for method, path in operations(world):
        if (method, path) not in PUBLIC:
            assert client.request(method, filled(path)).status_code == 401, (method, path)


def test_every_operation_refuses_a_token_without_its_scope(world: World) -> None:
    schema = world.client().get("/api/v1/openapi.json").json()

    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            scope = operation.get("x-required-scope")
            if scope is None:
                continue
            others = [one for one in ("read", "write", "sign", "admin") if one != scope]
            answer = world.client("admin", others).request(method, filled(path))
            assert answer.status_code == 403, (method, path)
            assert answer.json()["code"] == "scope-missing"
            assert answer.json()["scope"] == scope


@pytest.mark.parametrize("username", ["staff", "head", "legal", "finance", "keeper", "archivist", "auditor"])
def test_only_an_administrator_administers(world: World, username: str) -> None:
    schema = world.client().get("/api/v1/openapi.json").json()
    client = world.client(username)
    body: dict[str, Any] = {
        "/api/v1/seals": {
            "entity_id": str(world.company.entity_id), "name": "章", "kind": "contract", "keeper_id": SOME_ID
        },
        "/api/v1/flows": {"yaml": "key: x"},
        "/api/v1/backups": {"kind": "full"},
        "/api/v1/signing-policy": {"second_factor": "off"},
        "/api/v1/certificates/{certificate_id}/revocation": {"reason": "superseded", "note": "x"},
        "/api/v1/trusted-roots": {"certificate": "x", "purpose": "both", "reason": "x"},
        **{f"/api/v1/{one}": {"note": "x"} for one in (
            "certificates/{certificate_id}/suspension", "certificates/{certificate_id}/resumption",
            "certificates/{certificate_id}/renewal", "trusted-roots/{root_id}/removal",
        )},
    }  # fmt: skip

    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            if operation.get("x-required-scope") == "admin":
                answer = client.request(method, filled(path), json=body.get(path, {}))
                assert answer.status_code == 403, (method, path, answer.text)


def test_a_token_of_scope_read_never_decides(world: World) -> None:
    world.enrol("head")
    case = world.claim()
    task = world.task_of("head", case["id"])
    decision = {"outcome": "approved", "pin": PIN, "shown_digest": task["shown_digest"]}

    for scopes in (["read"], ["read", "write"], ["read", "write", "admin"]):
        answer = world.client("head", scopes).post(f"/api/v1/tasks/{task['id']}/decision", json=decision)
        assert answer.status_code == 403
    assert world.client("head").get(f"/api/v1/cases/{case['id']}").json()["acts"] == []


def test_strangers_learn_nothing_of_a_document(world: World) -> None:
    document = world.upload("staff", make_pdf(), "attachment")
    stranger = world.client("legal")

    for path in ("", "/versions", "/content", "/pages/1"):
        answer = stranger.get(f"/api/v1/documents/{document}{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert document not in stranger.get("/api/v1/documents?limit=100").text
    assert world.client("staff").get(f"/api/v1/documents/{document}").status_code == 200


def test_a_token_gives_on_no_more_than_it_has(world: World) -> None:
    answer = world.client("staff", ["read", "write"]).post(
        "/api/v1/tokens", json={"name": "more", "scopes": ["read", "sign"]}
    )

    assert (answer.status_code, answer.json()["code"]) == (403, "scope-missing")


def test_a_revoked_token_stops_at_once(world: World) -> None:
    made = world.client("staff").post("/api/v1/tokens", json={"name": "short", "scopes": ["read"]}).json()
    holder = world.client(Authorization=f"Bearer {made['secret']}")
    assert holder.get("/api/v1/me").json()["scopes"] == ["read"]

    world.client("staff").delete(f"/api/v1/tokens/{made['id']}")

    assert holder.get("/api/v1/me").status_code == 401


def test_nobody_revokes_the_token_of_somebody_else(world: World) -> None:
    made = world.client("staff").post("/api/v1/tokens", json={"name": "mine", "scopes": ["read"]}).json()

    assert world.client("admin").delete(f"/api/v1/tokens/{made['id']}").status_code == 404


class TestWithTheSessionCookie:
    """The portal's own scripts call with the cookie; other sites' must not be able to."""

    def test_reading_needs_the_cookie_only(self, world: World) -> None:
        signed_in = world.runtime.get(SignInService).sign_in("staff", PASSWORD, "127.0.0.1")

        answer = world.client(Cookie=f"{SESSION_COOKIE}={signed_in.token}").get("/api/v1/me")

        assert answer.json()["username"] == "staff"

    @pytest.mark.parametrize("token", [None, "", "wrong", "错"])
    def test_an_unsafe_call_without_the_right_csrf_token_is_refused(
        self, world: World, token: str | None
    ) -> None:
        signed_in = world.runtime.get(SignInService).sign_in("staff", PASSWORD, "127.0.0.1")
        client = world.client(Cookie=f"{SESSION_COOKIE}={signed_in.token}")
        headers = {} if token is None else {CSRF_HEADER: token.encode()}

        answer = client.put("/api/v1/me/language", json={"language": "en"}, headers=headers)  # type: ignore[arg-type]

        assert (answer.status_code, answer.json()["code"]) == (403, "csrf-token-wrong")

    def test_an_unsafe_call_with_the_csrf_token_is_done(self, world: World) -> None:
        signed_in = world.runtime.get(SignInService).sign_in("staff", PASSWORD, "127.0.0.1")
        client = world.client(Cookie=f"{SESSION_COOKIE}={signed_in.token}")

        answer = client.put(
            "/api/v1/me/language", json={"language": "en"}, headers={CSRF_HEADER: signed_in.csrf_token}
        )

        assert answer.json() == {"language": "en"}

    def test_a_wrong_bearer_token_is_not_rescued_by_the_cookie(self, world: World) -> None:
        signed_in = world.runtime.get(SignInService).sign_in("staff", PASSWORD, "127.0.0.1")
        client = world.client(Cookie=f"{SESSION_COOKIE}={signed_in.token}", Authorization="Bearer no")

        assert client.get("/api/v1/me").status_code == 401


def test_every_route_below_the_prefix_is_one_of_ours(world: World) -> None:
    for context in iter_route_contexts(world.app.routes):
        if (context.path or "").startswith("/api/v1/") and ("GET", context.path) not in PUBLIC:
            assert isinstance(context.original_route, ApiRoute), context.path
