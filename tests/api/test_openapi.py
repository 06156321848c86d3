"""The description of the API: complete, and kept by what the API answers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.world import World, make_pdf, make_world
from vermilion import assembly

EXAMPLES = int(os.environ.get("API_EXAMPLES", "8"))
LEFT_OUT = ("/api/v1/people/{person_id}/deactivation", "/api/v1/me/password", "/api/v1/tokens/{token_id}")
"""Calls that would take the test's own person away."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = make_world(tmp_path_factory.mktemp("openapi"), upload_max_bytes=300_000)
    made.upload("admin", make_pdf(2))
    made.claim("staff")
    yield made
    assembly.close(made.runtime)


@pytest.fixture(scope="module")
def description(world: World) -> dict[str, Any]:
    found: dict[str, Any] = world.client().get("/api/v1/openapi.json").json()
    return found


def operations(description: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def has_example(node: object, description: dict[str, Any], seen: tuple[str, ...] = ()) -> bool:
    if isinstance(node, list):
        return any(has_example(one, description, seen) for one in node)
    if not isinstance(node, dict):
        return False
    if "example" in node or node.get("examples"):
        return True
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        shape = description["components"]["schemas"][name]
        return name not in seen and has_example(shape, description, (*seen, name))
    return any(has_example(one, description, seen) for one in node.values())


def test_every_operation_is_described(description: dict[str, Any]) -> None:
    names = []
    for name, operation in operations(description):
        assert operation.get("summary"), name
        assert operation.get("description"), name
        assert operation.get("tags"), name
        names.append(operation["operationId"])
        good = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
        assert any(answer.get("content") for answer in good), name
        assert has_example(good, description), f"{name} has no example"
    assert len(names) == len(set(names)) > 50


def test_every_operation_says_how_it_refuses(description: dict[str, Any]) -> None:
    for name, operation in operations(description):
        if not name.split()[1].startswith("/api/"):
            continue
        for status in ("401", "403", "404", "422", "429", "500"):
            content = operation["responses"][status]["content"]
            assert list(content) == ["application/problem+json"], (name, status)
        assert operation["security"] == [{"token": [operation["x-required-scope"]]}, {"session": []}]


def test_every_request_body_has_an_example(description: dict[str, Any]) -> None:
    for name, operation in operations(description):
        body = operation.get("requestBody", {}).get("content", {})
        if "application/json" in body:
            assert has_example(body, description), name


def test_every_reference_leads_somewhere(description: dict[str, Any]) -> None:
    def walk(node: object) -> Iterator[str]:
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                yield node["$ref"]
            for one in node.values():
                yield from walk(one)
        elif isinstance(node, list):
            for one in node:
                yield from walk(one)

    known = {f"#/components/schemas/{name}" for name in description["components"]["schemas"]}
    assert set(walk(description["paths"])) <= known


def test_an_unsafe_operation_takes_an_idempotency_key(description: dict[str, Any]) -> None:
    for name, operation in operations(description):
        takes = any(one.get("name") == "Idempotency-Key" for one in operation.get("parameters", []))
        # OCSP and time-stamps are asked for by POST, as their standards have it, and change nothing here.
        assert takes == (not name.startswith("GET ") and " /pki/" not in name), name


@pytest.mark.slow
def test_answers_keep_to_the_description(world: World, description: dict[str, Any]) -> None:
    """Schemathesis invents calls for every operation: no answer of 500, every answer as described."""
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", world.app)
    checks = [
        not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
        response_headers_conformance,
    ]  # fmt: skip
    tried, wrong = 0, []
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path in LEFT_OUT or not operation.path.startswith("/api/"):
            continue
        tried += 1
        try:
            _try(operation, checks, {"Authorization": f"Bearer {world.token('admin')}"})
        except Exception as error:  # all of them are told at the end, not the first alone
            wrong.append(f"{operation.method.upper()} {operation.path}: {_told(error)}")
    assert wrong == []
    assert tried > 45


def _try(operation: Any, checks: list[Any], headers: dict[str, str]) -> None:
    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    def attempt(case: Any) -> None:
        case.call_and_validate(checks=checks, headers=headers)

    attempt()


def _told(error: BaseException) -> str:
    inner = getattr(error, "exceptions", ())
    return "; ".join(_told(one) for one in inner) if inner else f"{type(error).__name__}: {error}"
