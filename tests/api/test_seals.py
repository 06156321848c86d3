"""The life of seals over HTTP: applied for, seen, decided by a second person; prints from scans."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.world import World, make_world
from tests.signing.pictures import SQUARE, encoded, on_paper
from vermilion import assembly

SEALS = "/api/v1/seals"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = make_world(tmp_path_factory.mktemp("seals-api"))
    yield made
    assembly.close(made.runtime)


def wanted(world: World, **other: Any) -> dict[str, Any]:
    keeper = str(world.company.people["keeper"])
    return {
        "entity_id": str(world.company.entity_id), "name": "合同专用章", "kind": "contract",
        "keeper_id": keeper, "reason": "业务需要", **other,
    }  # fmt: skip


def scan(world: World, picture: bytes, username: str = "admin") -> Any:
    return world.client(username).post(f"{SEALS}/scans", files={"file": ("print.png", picture, "image/png")})


def test_a_seal_is_made_by_three_people(world: World) -> None:
    admin, legal, keeper = (world.client(one) for one in ("admin", "legal", "keeper"))
    applied = admin.post(SEALS, json=wanted(world))
    assert applied.status_code == 202, applied.text
    change = f"{SEALS}/changes/{applied.json()['id']}"
    assert admin.post(f"{change}/agree").json()["code"] == "seal-change-same-person"
    seen = legal.get(change).json()
    assert (seen["may_agree"], seen["detail"]["facts"]["name"]) == (True, "合同专用章")
    assert world.client("staff").get(change).status_code == 403
    made = legal.post(f"{change}/agree").json()
    assert (made["outcome"], made["decided_by"]) == ("agreed", "刘洋")
    waiting = keeper.get(f"{SEALS}/changes?open=true&seal={made['seal_id']}").json()["items"]
    assert [one["kind"] for one in waiting] == ["activate"]
    assert keeper.post(f"{SEALS}/changes/{waiting[0]['id']}/agree").json()["outcome"] == "agreed"
    seal = next(one for one in admin.get(SEALS).json()["items"] if one["id"] == made["seal_id"])
    assert (seal["state"], seal["picture_digest"]) == ("active", None)


def test_a_seal_is_made_from_a_scan_as_its_preview_showed(world: World) -> None:
    admin, legal = world.client("admin"), world.client("legal")
    taken = scan(world, encoded(on_paper(SQUARE, 700), "PNG"))
    assert taken.status_code == 201, taken.text
    digest = taken.json()["digest"]
    face = {
        "entity_id": str(world.company.entity_id), "kind": "legal_representative", "diameter_mm": 18,
        "picture_digest": digest,
    }  # fmt: skip
    shown = admin.post(f"{SEALS}/preview", json=face)
    assert shown.status_code == 200 and 'width="18mm" height="18mm"' in shown.text
    assert legal.post(f"{SEALS}/preview", json=face).status_code == 404
    assert world.client("staff").post(f"{SEALS}/preview", json=face).status_code == 403
    applied = admin.post(SEALS, json=wanted(world, **face, name="法定代表人章")).json()
    made = legal.post(f"{SEALS}/changes/{applied['id']}/agree").json()
    assert admin.get(f"{SEALS}/{made['seal_id']}/picture").content == shown.content


def test_a_print_that_is_too_coarse_for_its_size_is_refused_with_figures(world: World) -> None:
    digest = scan(world, encoded(on_paper(SQUARE, 350))).json()["digest"]
    face = {"kind": "legal_representative", "picture_digest": digest, "diameter_mm": 40}
    refused = world.client("admin").post(SEALS, json=wanted(world, **face))
    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (422, "print-too-coarse")
    assert "300 dpi" in problem["detail"] and "40 × 40 mm" in problem["detail"]


def test_who_may_not_apply_takes_no_scan_in(world: World) -> None:
    assert scan(world, encoded(on_paper(SQUARE, 100)), "staff").status_code == 403
    assert scan(world, encoded(on_paper(SQUARE, 100)), "auditor").status_code == 403
    assert scan(world, b"no picture").status_code == 415
