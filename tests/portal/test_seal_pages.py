"""The life of seals on pages: applied for, decided by the second person, handed over, from scans."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from core.models import Role
from signing.models import Seal, SealScan, SealState
from signing.service import SigningService
from tests.api.world import World, make_world
from tests.portal.test_archive_pages import browser, post, token_in
from tests.seals import make_seal
from tests.signing.pictures import encoded, on_paper
from vermilion import assembly

Form = dict[str, str]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = make_world(tmp_path_factory.mktemp("seal-pages"))
    for username, name in (("keeper2", "钱芳"), ("spare", "何静")):
        made.company.add(username, name, "office", Role.SEAL_KEEPER)
    yield made
    assembly.close(made.runtime)


def seal(world: World, name: str) -> Seal:
    """An active seal of its own."""
    return make_seal(world.runtime.get(SigningService), world.company, name)


def state(world: World, seal_id: UUID) -> SealState:
    with world.runtime.database.read() as session:
        return SealState(session.get_one(Seal, seal_id).state)


def form(world: World, **other: str) -> Form:
    people = world.company.people
    return {
        "entity": str(world.company.entity_id), "kind": "free", "name": "投标专用章", "source": "drawn",
        "inscription": "投标专用章", "keeper": str(people["keeper"]), "auditor": str(people["auditor"]),
        "users": "staff, other", "reason": "投标需要", "act": "apply", **other,
    }  # fmt: skip


def address(answer: Response) -> str:
    """The change that an answer shows."""
    assert answer.status_code == 200, answer.text
    found = re.match(r"/seals/changes/[0-9a-f-]{36}", answer.url.path)
    assert found is not None, answer.url
    return found[0]


def ask(client: TestClient, seal_id: object, kind: str, **fields: str) -> Response:
    page = f"/seals/{seal_id}/ask?kind={kind}"
    return post(client, page, f"/seals/{seal_id}/ask", **{"kind": kind, "reason": "盘点", **fields})


def test_a_seal_is_applied_for_decided_and_taken_over_by_three_people(world: World) -> None:
    admin, legal, keeper = (browser(world, one) for one in ("admin", "legal", "keeper"))
    asked = post(admin, "/seals/new", "/seals/new", **form(world))
    change = address(asked)
    assert "Whoever can decide was told" in asked.text and "刘洋" in asked.text
    assert "Take it back" in asked.text and 'value="agree"' not in asked.text
    assert admin.get(f"{change}/picture.svg").headers["content-type"] == "image/svg+xml"
    home = legal.get("/").text
    assert f'href="{change}"' in home  # the notice leads to where it is decided
    assert 'value="agree"' in legal.get(change).text
    for username in ("auditor", "keeper"):
        refused = post(browser(world, username), change, change, decision="agree")
        assert refused.status_code == 403
    assert post(admin, change, change, decision="agree").status_code == 403
    agreed = post(legal, change, change, decision="agree")
    assert "孙丽 has to take it over" in agreed.text
    again = post(legal, change, change, decision="agree")
    assert again.status_code == 409 and "decided already" in again.text
    takeover = re.search(r'href="(/seals/changes/[0-9a-f-]{36})">Take over', agreed.text)
    assert takeover is not None and takeover[1]
    done = post(keeper, takeover[1], takeover[1], decision="agree")
    found = re.search(r'href="/seals/([0-9a-f-]{36})"', done.text)
    assert found is not None
    assert state(world, UUID(found[1])) is SealState.ACTIVE
    page = admin.get(f"/seals/{found[1]}").text
    assert page.count("Agreed") == 2 and "吴刚" in page and "张伟" in page


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"inscription": ""}, "inscription"),
        ({"users": "nobody-at-all"}, "users"),
        ({"width": "9"}, "width"),
        ({"width": "wide"}, "width"),
        ({"reason": " "}, "reason"),
        ({"keeper": ""}, "keeper"),
        ({"source": "scan"}, "scan"),
        ({"source": "scan", "scan": "0" * 64}, "form"),
        ({"kind": "contract", "code": "12a"}, "code"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_what_was_typed_stays(
    world: World, wrong: Form, field: str
) -> None:
    answer = post(browser(world, "admin"), "/seals/new", "/seals/new", **form(world, **wrong))
    assert answer.status_code in (404, 422)
    assert f'id="error-{field}"' in answer.text or field == "form"
    assert "投标专用章" in answer.text


def test_keeper_users_and_auditor_are_different_people_on_the_form_too(world: World) -> None:
    answer = post(browser(world, "admin"), "/seals/new", "/seals/new", **form(world, users="keeper"))
    assert answer.status_code == 422 and 'id="error-users"' in answer.text
    assert "must be different people" in answer.text


def test_the_same_form_sent_twice_applies_once(world: World) -> None:
    client = browser(world, "admin")
    page = client.get("/seals/new").text
    number = re.search(r'name="form_id" value="([^"]+)"', page)
    assert number is not None
    fields = form(world, name="只一枚", form_id=number[1], csrf_token=token_in(page))
    first, second = (client.post("/seals/new", data=fields) for _ in range(2))
    assert first.url == second.url
    assert client.get("/seals").text.count("只一枚 ·") == 1


def test_a_seal_is_suspended_by_two_and_the_picture_of_the_form_follows_the_kind(world: World) -> None:
    kept = seal(world, "停用章")
    admin, keeper = browser(world, "admin"), browser(world, "keeper")
    change = address(ask(keeper, kept.id, "suspend"))
    assert "停用章" in admin.get("/seals").text and state(world, kept.id) is SealState.ACTIVE
    assert ask(admin, kept.id, "destroy").status_code == 409
    assert f'href="{change}"' in admin.get(f"/seals/{kept.id}").text
    post(admin, change, change, decision="agree")
    assert state(world, kept.id) is SealState.SUSPENDED
    part = post(admin, "/seals/new", "/seals/new/face", **form(world, kind="invoice", inscription="")).text
    assert 'name="inscription"' in part and "Taxpayer" in part and 'name="code"' not in part
    assert "hx-swap-oob" in part and "<img" not in part  # nothing to draw without the number
    full = post(admin, "/seals/new", "/seals/new/face", **form(world, kind="official")).text
    source = re.search(r'<img src="([^"]+)"', full)
    assert source is not None
    picture = admin.get(unescape(source[1]))
    assert picture.headers["content-type"] == "image/svg+xml"
    assert "sandbox" in picture.headers["content-security-policy"]


def test_a_lost_seal_rests_at_once_and_the_report_can_be_taken_back(world: World) -> None:
    kept = seal(world, "挂失章")
    keeper = browser(world, "keeper")
    change = address(ask(keeper, kept.id, "lose"))
    assert state(world, kept.id) is SealState.SUSPENDED
    assert post(browser(world, "admin"), change, change, decision="withdraw").status_code == 404
    back = post(keeper, change, change, decision="withdraw")
    assert "Taken back" in back.text and state(world, kept.id) is SealState.ACTIVE


def test_the_new_keeper_takes_over_and_nobody_else(world: World) -> None:
    kept = seal(world, "移交章")
    admin, new = browser(world, "admin"), browser(world, "keeper2")
    empty = ask(admin, kept.id, "hand_over")
    assert empty.status_code == 422 and 'id="error-keeper"' in empty.text
    change = address(ask(admin, kept.id, "hand_over", keeper=str(world.company.people["keeper2"])))
    assert "钱芳" in admin.get(change).text
    assert post(browser(world, "legal"), change, change, decision="agree").status_code == 403
    assert post(new, change, change, decision="agree").status_code == 200
    assert "Kept by 钱芳" in admin.get("/seals").text


def test_users_and_auditor_change_by_two(world: World) -> None:
    kept = seal(world, "换人章")
    admin = browser(world, "admin")
    auditor = str(world.company.people["auditor"])
    wrong = ask(admin, kept.id, "people", auditor=auditor, users="auditor")
    assert wrong.status_code == 422 and 'id="error-users"' in wrong.text
    change = address(ask(admin, kept.id, "people", auditor=auditor, users="staff"))
    post(browser(world, "legal"), change, change, decision="agree")
    page = admin.get(f"/seals/{kept.id}").text
    assert "吴刚" in page and "张伟" in page


def test_who_has_no_part_in_seals_sees_none_of_it(world: World) -> None:
    kept = seal(world, "他人章")
    change = address(ask(browser(world, "keeper"), kept.id, "suspend"))
    staff, auditor = browser(world, "staff"), browser(world, "auditor")
    for path in ("/seals", "/seals/new", f"/seals/{kept.id}", f"/seals/{kept.id}/ask?kind=suspend", change):
        assert staff.get(path).status_code == 403, path
    assert 'href="/seals"' not in staff.get("/").text
    assert staff.get(f"/seals/{kept.id}/picture.svg").status_code == 200  # whoever chooses a seal sees it
    assert auditor.get("/seals").status_code == 200 and auditor.get("/seals/new").status_code == 403
    assert auditor.get(f"/seals/{kept.id}/ask?kind=destroy").status_code == 404
    assert auditor.get(f"/seals/{kept.id}/ask?kind=nonsense").status_code == 404


def test_a_form_without_the_sessions_token_changes_nothing(world: World) -> None:
    kept = seal(world, "令牌章")
    admin, legal = browser(world, "admin"), browser(world, "legal")
    change = address(ask(admin, kept.id, "suspend"))
    assert legal.post(change, data={"decision": "agree"}).status_code == 403
    fields = {"kind": "lose", "reason": "x"}
    assert admin.post(f"/seals/{kept.id}/ask", data=fields).status_code == 403
    assert admin.post("/seals/new", data=form(world)).status_code == 403
    assert admin.post("/seals/new/face", data=form(world)).status_code == 403
    assert state(world, kept.id) is SealState.ACTIVE


def test_no_role_joins_custody_and_audit(world: World) -> None:
    admin, people = browser(world, "admin"), world.company.people
    seal(world, "三权章")
    for username, role, said in (
        ("keeper", "auditor", "keeps the seal"),
        ("spare", "auditor", "seal keeper cannot be an auditor"),
        ("auditor", "seal_keeper", "auditor cannot keep seals"),
    ):
        page = f"/admin/people/{people[username]}"
        answer = post(admin, page, f"{page}/roles", role=role)
        assert answer.status_code == 409 and said in unescape(answer.text), username


def send(client: TestClient, world: World, picture: bytes, to: str = "/seals/new", **other: str) -> Response:
    fields = form(world, kind="contract", source="scan", name="扫描章", **other)
    fields["csrf_token"] = token_in(client.get("/seals/new").text)
    return client.post(to, data=fields, files={"file": ("print.jpg", picture, "image/jpeg")})


def test_a_scan_is_shown_before_it_is_applied_for_and_becomes_the_seal(world: World) -> None:
    admin, legal = browser(world, "admin"), browser(world, "legal")
    photo = encoded(on_paper(shade=0.3, lines=True, noise=0.01), "JPEG", quality=85)
    shown = send(admin, world, photo)
    assert shown.status_code == 200 and "Compare it with the seal, then apply" in shown.text
    assert "只一枚" not in shown.text and "扫描章 ·" not in admin.get("/seals").text
    digest = re.search(r'name="scan" value="([0-9a-f]{64})"', shown.text)
    source = re.search(r'<img src="(/seals/new/preview.svg[^"]+)"', shown.text)
    assert digest is not None and source is not None
    preview = admin.get(unescape(source[1]))
    assert b"data:image/png;base64," in preview.content
    assert legal.get(unescape(source[1])).status_code == 404  # it is shown to who took it in
    fields = form(world, kind="contract", source="scan", name="扫描章", scan=digest[1])
    assert post(legal, "/seals/new", "/seals/new", **fields).status_code == 404
    change = address(post(admin, "/seals/new", "/seals/new", **fields))
    assert legal.get(f"{change}/picture.svg").content == preview.content
    post(legal, change, change, decision="agree")
    made = re.search(r'href="/seals/([0-9a-f-]{36})"', legal.get(change).text)
    assert made is not None
    assert legal.get(f"/seals/{made[1]}/picture.svg").content == preview.content
    with world.runtime.database.read() as session:
        assert session.get_one(Seal, UUID(made[1])).picture_digest == digest[1]


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        (encoded(on_paper(dpi=200)), "300 dpi are needed"),
        (encoded(on_paper(times=2, dpi=150)), "more than one print"),
        (b"%PDF-1.7 nothing", "damaged"),
        (b"PK\x03\x04 a container", "accepted are"),
    ],
)
def test_a_scan_that_will_not_do_is_refused_with_what_to_do(world: World, picture: bytes, said: str) -> None:
    answer = send(browser(world, "admin"), world, picture, "/seals/new/face")
    assert answer.status_code == 200
    assert 'id="error-scan"' in answer.text and said in unescape(answer.text)


def test_a_scan_that_nobody_applied_with_is_given_up(world: World) -> None:
    signing, admin = world.runtime.get(SigningService), browser(world, "admin")
    shown = send(admin, world, encoded(on_paper(dpi=302)), code="3201009990302")
    digest = re.search(r'name="scan" value="([0-9a-f]{64})"', shown.text)
    assert digest is not None
    code = "3201009990302"
    wanted = form(world, kind="contract", source="scan", name="扫描章二", code=code, scan=digest[1])
    address(post(admin, "/seals/new", "/seals/new", **wanted))
    send(admin, world, encoded(on_paper(dpi=301)))
    with world.runtime.database.write() as session:
        rows = session.query(SealScan).where(SealScan.change_id.is_(None)).all()
        assert rows
        for row in rows:
            row.made_at = row.made_at.replace(year=2020)
    with world.runtime.database.write() as session:
        assert signing.scans.tidy(session) == len(rows)
    with world.runtime.database.read() as session:
        assert session.query(SealScan).where(SealScan.change_id.is_not(None)).count() >= 1


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_no_text_is_missing_on_the_pages_of_seals(world: World, language: str) -> None:
    kept = seal(world, f"文字章{language}")
    client = browser(world, "admin", **{"Accept-Language": language})
    kinds = ("suspend", "lose", "destroy", "hand_over", "people")
    pages = ["/seals", "/seals/new", f"/seals/{kept.id}"]
    pages += [f"/seals/{kept.id}/ask?kind={kind}" for kind in kinds]
    pages.append(address(ask(client, kept.id, "destroy")))
    for kind in ("official", "invoice", "legal_representative", "free"):
        fields = form(world, kind=kind, inscription="", csrf_token=token_in(client.get("/seals/new").text))
        for source in ("drawn", "scan"):
            texts = client.post("/seals/new/face", data={**fields, "source": source}).text
            assert not re.findall(r">\s*seals-[a-z]+[a-z-]*", texts), kind
    for path in pages:
        answer = client.get(path)
        assert answer.status_code == 200, path
        text = re.sub(r"<[^>]+>", " ", answer.text)
        assert not re.findall(r"\b(?:seals|seal)-[a-z]+[a-z-]*\b", text), path
