"""Search, register, verify, administration and set-up, as a browser asks for them."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pikepdf
import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import select

from core.masterkey import MasterKey
from core.models import Person
from core.settings import Settings
from portal import verifying
from portal.pace import Pace
from portal.verifying import VerifyRoute
from tests.api.world import World, make_pdf, make_world
from tests.builders import FAST_PASSWORDS, PASSWORD
from tests.signing.verification.attacks import appended
from vermilion import application, assembly
from vermilion.first_start import SetUp
from workflow.models import Case

PAGES = (
    "/search", "/search?q=合同&kind=case&state=running", "/register", "/verify", "/admin/people",
    "/admin/people/new", "/admin/departments", "/seals", "/seals/new",
    "/admin/certificates", "/admin/certificates/roots", "/admin/flows",
    "/admin/flows/new?base=contract", "/admin/backups", "/admin/health",
)  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = make_world(tmp_path_factory.mktemp("pages"), upload_max_bytes=300_000)
    made.enrol("head", "finance")
    yield made
    assembly.close(made.runtime)


def browser(
    world: World, username: str | None = None, address: str = "127.0.0.1", **headers: str
) -> TestClient:
    client = TestClient(
        world.app, client=(address, 5000), headers={"Accept-Language": "en", **headers},
        follow_redirects=True, raise_server_exceptions=False,
    )  # fmt: skip
    if username is not None:
        post(client, "/sign-in", "/sign-in", username=username, password=PASSWORD)
    return client


def token_in(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None
    return found.group(1)


def post(client: TestClient, form: str, address: str, /, **fields: str) -> Response:
    token = token_in(client.get(form).text)
    return client.post(address, data={"csrf_token": token, **fields})


def verify(client: TestClient, data: bytes) -> Response:
    token = token_in(client.get("/verify").text)
    return client.post("/verify", data={"csrf_token": token}, files={"file": ("f.pdf", data)})


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_every_page_opens_in_both_languages(world: World, path: str, language: str) -> None:
    answer = browser(world, "admin", **{"Accept-Language": language}).get(path)

    assert answer.status_code == 200
    assert re.search(r"<title>[^<]{2,}</title>", answer.text)
    assert f'lang="{language}"' in answer.text
    shown = re.sub(r"<[^>]+>", " ", answer.text)
    assert not re.findall(r"\b(?:admin|book|check|search|seals|setup)-[a-z]+(?:-[a-z]+)*\b", unescape(shown))


@pytest.mark.parametrize("username", ["staff", "keeper", "auditor", "archivist"])
def test_the_administration_is_closed_to_others(world: World, username: str) -> None:
    client = browser(world, username)

    for path in PAGES:
        if path.startswith("/admin"):
            assert client.get(path).status_code == 403, path


def test_results_are_a_part_of_the_page_while_somebody_types(world: World) -> None:
    client = browser(world, "admin")

    part = client.get("/search?q=发票", headers={"HX-Request": "true"}).text
    again = client.get(
        "/search?q=发票", headers={"HX-Request": "true", "HX-History-Restore-Request": "true"}
    ).text

    assert "<html" not in part and 'id="results"' in part
    assert "<html" in again


@pytest.mark.parametrize(
    "query", ["q=%00", "seal=x", "date_from=soon", "offset=9999", "kind=nothing", "q=" + "长" * 500]
)
def test_an_odd_address_finds_nothing_but_breaks_nothing(world: World, query: str) -> None:
    assert browser(world, "staff").get(f"/search?{query}").status_code == 200
    assert browser(world, "staff").get(f"/register?{query}").status_code == 200


def test_what_was_found_is_marked_and_what_was_typed_is_never_markup(world: World) -> None:
    world.upload("staff", make_pdf(), "attachment", "<b>采购.pdf")
    client = browser(world, "staff")

    text = client.get("/search", params={"q": "采购"}).text

    assert "<mark>采购</mark>" in text
    assert "&lt;b&gt;" in text and "<b>采购" not in text
    assert "<script>alert" not in client.get("/search", params={"q": "<script>alert(1)</script>"}).text


EVIL = b"q 0 0 1 rg 0 0 400 400 re f Q"


def content_number(pdf: bytes) -> int:
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return int(opened.pages[0].obj.Contents.objgen[0])


def stream_body(data: bytes) -> bytes:
    return b"<</Length %d>>\nstream\n%s\nendstream" % (len(data), data)


class TestVerify:
    def sheet(self, world: World) -> tuple[bytes, str]:
        case = world.claim()
        with world.runtime.database.read() as session:
            token = session.scalar(
                select(Case.verify_token).where(Case.serial_number == case["serial_number"])
            )
        return world.client("staff").get(f"/api/v1/cases/{case['id']}/sheet").content, str(token)

    def test_a_genuine_file_is_valid_without_signing_in(self, world: World) -> None:
        sheet, _token = self.sheet(world)

        answer = verify(browser(world), sheet)

        assert answer.status_code == 200
        assert "verdict-valid" in answer.text
        assert "in this archive" not in answer.text  # strangers are not told what the archive holds
        assert "These very bytes are in this archive" in verify(browser(world, "staff"), sheet).text

    def test_an_altered_file_is_not_valid(self, world: World) -> None:
        sheet, _token = self.sheet(world)
        middle = len(sheet) // 3

        answer = verify(browser(world), sheet[:middle] + bytes([sheet[middle] ^ 1]) + sheet[middle + 1 :])

        assert "verdict-valid" not in answer.text

    def test_nothing_that_is_verified_is_kept(self, world: World) -> None:
        home = world.runtime.settings.home
        client = browser(world)
        verify(client, make_pdf())
        before = {path for path in home.rglob("*") if path.is_file() and "search" not in path.parts}

        verify(client, make_pdf(7))

        after = {path for path in home.rglob("*") if path.is_file() and "search" not in path.parts}
        assert after == before

    def test_the_code_on_a_printed_sheet_leads_to_it(self, world: World) -> None:
        _sheet, token = self.sheet(world)

        told = browser(world).get(f"/verify/{token}").text
        assert "verdict-valid" in told
        assert "signature-list" not in told and "SHA-256" not in told and "VM-" not in told
        assert "signature-list" in browser(world, "staff").get(f"/verify/{token}").text
        assert browser(world).get(f"/verify/{token[:-1]}x").status_code == 404
        assert browser(world).get("/verify/" + "x" * 300).status_code == 404

    def test_who_has_the_code_learns_whether_a_file_is_the_sheet(self, world: World) -> None:
        sheet, token = self.sheet(world)
        client = browser(world)

        def said(data: bytes) -> str:
            csrf = token_in(client.get("/verify").text)
            answer = client.post(
                f"/verify/{token}", data={"csrf_token": csrf}, files={"file": ("a.pdf", data)},
                headers={"X-CSRF-Token": csrf},
            )  # fmt: skip
            assert answer.status_code == 200
            return answer.text

        assert "in its newest state" in said(sheet)
        assert "not the sheet that the code belongs to" in said(sheet + b"\n")
        assert "not the sheet that the code belongs to" in said(make_pdf())

    def test_a_report_is_a_pdf_that_is_valid_itself(self, world: World) -> None:
        sheet, _token = self.sheet(world)
        client = browser(world)
        csrf = token_in(client.get("/verify").text)
        answer = client.post(
            "/verify/report", data={"csrf_token": csrf}, files={"file": ("表.pdf", sheet)},
            headers={"X-CSRF-Token": csrf},
        )  # fmt: skip
        assert answer.headers["content-type"] == "application/pdf"
        assert "verdict-valid" in verify(client, answer.content).text

    def test_what_was_changed_is_shown_in_words_and_pictures(self, world: World) -> None:
        sheet, _token = self.sheet(world)
        forged = appended(sheet, {content_number(sheet): stream_body(EVIL)})

        text = verify(browser(world), forged).text

        assert "verdict-invalid" in text and "Content of the page changed (page 1)" in text
        assert text.count("data:image/png;base64,") == 2

    def test_a_stranger_who_asks_too_often_has_to_wait(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(verifying, "_STRANGERS", Pace(most=2, seconds=60))
        client = browser(world)
        assert [verify(client, make_pdf()).status_code for _ in range(3)] == [200, 200, 429]
        assert verify(browser(world, "staff"), make_pdf()).status_code == 200

    @pytest.mark.parametrize(("data", "words"), [(b"", "empty"), (b"%PDF-" + b"x" * 400_000, "larger than")])
    def test_a_file_that_cannot_be_checked_is_refused_with_the_reason(
        self, world: World, data: bytes, words: str
    ) -> None:
        answer = verify(browser(world), data)

        assert answer.status_code in (413, 422)
        assert words in answer.text

    def test_a_body_that_never_ends_is_cut_off(self, world: World) -> None:
        client = browser(world)
        token = token_in(client.get("/verify").text)

        def endless() -> Iterator[bytes]:
            yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n'
            for _ in range(200):
                yield b"x" * 65536

        answer = client.post(
            "/verify", content=endless(),
            headers={"Content-Type": "multipart/form-data; boundary=b", "X-CSRF-Token": token},
        )  # fmt: skip

        assert answer.status_code == 413

    @pytest.mark.parametrize(
        "address", ["127.0.0.1", "10.1.2.3", "192.168.7.7", "172.16.0.1", "::1", "fd00::7"]
    )
    def test_it_is_open_to_the_intranet(self, world: World, address: str) -> None:
        assert browser(world, address=address).get("/verify").status_code == 200

    @pytest.mark.parametrize("address", ["203.0.113.9", "8.8.8.8", "172.32.0.1", "2001:db8::1", "testclient"])
    def test_it_is_closed_to_the_outside_until_switched_on(
        self, world: World, address: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client = browser(world, address=address)
        for answer in (
            client.get("/verify"),
            client.get("/verify/abc"),
            client.post("/verify", content=b"x" * 9),
        ):
            assert answer.status_code == 403
            assert "inside the organisation" in answer.text

        monkeypatch.setattr(world.runtime.settings, "verify_public", True)
        assert client.get("/verify").status_code == 200

    def test_who_is_signed_in_may_verify_from_anywhere(self, world: World) -> None:
        assert browser(world, "staff", address="203.0.113.9").get("/verify").status_code == 200

    def test_a_proxy_is_believed_only_when_the_settings_name_it(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        forwarded = {"X-Forwarded-For": "203.0.113.9"}
        assert browser(world, **forwarded).get("/verify").status_code == 403
        inside = browser(world, **{"X-Forwarded-For": "10.0.0.9"})
        assert inside.get("/verify").status_code == 403

        monkeypatch.setattr(world.runtime.settings, "trusted_proxies", "127.0.0.1")
        assert inside.get("/verify").status_code == 200
        assert browser(world, **forwarded).get("/verify").status_code == 403
        liar = browser(world, address="203.0.113.9", **{"X-Forwarded-For": "10.0.0.9"})
        assert liar.get("/verify").status_code == 403

    def test_every_route_of_it_is_guarded(self) -> None:
        from portal.verifying import router

        assert all(isinstance(route, VerifyRoute) for route in router.routes)


class TestAdministration:
    def test_a_person_is_added_with_a_password_shown_once(self, world: World) -> None:
        client = browser(world, "admin")
        place = str(world.company.departments["market"])

        answer = post(
            client, "/admin/people/new", "/admin/people/new", username="xinren", name="新人", department=place
        )

        password = re.search(r"<code>([^<]+)</code>", answer.text)
        assert password is not None
        newcomer = browser(world)
        signed_in = post(
            newcomer, "/sign-in", "/sign-in", username="xinren", password=unescape(password.group(1))
        )
        assert signed_in.status_code == 200 and "新人" in signed_in.text

    def test_a_form_keeps_what_was_typed_and_names_what_is_wrong(self, world: World) -> None:
        client = browser(world, "admin")

        answer = post(client, "/admin/people/new", "/admin/people/new", username="Ü!", name="保留我")

        assert answer.status_code == 422
        assert 'value="保留我"' in answer.text
        assert "error-department" in answer.text

    def test_a_role_is_given_and_ended(self, world: World) -> None:
        client, person = browser(world, "admin"), world.company.people["other"]
        address = f"/admin/people/{person}"

        given = post(client, address, f"{address}/roles", role="legal", scope="")
        end = re.search(rf'action="({address}/roles/[^"]+/end)"', given.text)
        assert end is not None
        ended = post(client, address, end.group(1))

        assert ended.status_code == 200

    def test_nobody_locks_themselves_out(self, world: World) -> None:
        client, person = browser(world, "admin"), world.company.people["admin"]

        answer = post(client, f"/admin/people/{person}", f"/admin/people/{person}/deactivation")

        assert answer.status_code == 409
        with world.runtime.database.read() as session:
            assert session.get_one(Person, person).is_active

    def test_a_flow_is_added_and_a_wrong_one_is_kept_in_the_form(self, world: World) -> None:
        client = browser(world, "admin")
        page = client.get("/admin/flows/new?base=reimbursement").text
        text = re.search(r"<textarea[^>]*>(.*?)</textarea>", page, re.S)
        assert text is not None
        definition = unescape(text.group(1)).lstrip("\n").replace("key: reimbursement", "key: travel")

        added = post(client, "/admin/flows/new", "/admin/flows/new", definition=definition)
        wrong = post(client, "/admin/flows/new", "/admin/flows/new", definition="key: [")

        assert "travel" in added.text and added.status_code == 200
        assert wrong.status_code == 422 and "key: [" in wrong.text

    def test_a_department_is_added_below_another_and_gets_a_head(self, world: World) -> None:
        client, above = browser(world, "admin"), world.company.departments["office"]

        answer = post(
            client, "/admin/departments", "/admin/departments", name="品牌组", parent=f"department:{above}"
        )
        post(
            client, "/admin/departments", f"/admin/departments/{above}/head",
            head=str(world.company.people["gm"]),
        )  # fmt: skip

        assert "品牌组" in answer.text

    def test_a_backup_is_run_and_read_to_its_end(self, world: World) -> None:
        client = browser(world, "admin")

        asked = post(client, "/admin/backups", "/admin/backups", kind="full")
        assert "hx-get" in asked.text
        world.work()
        page = client.get("/admin/backups").text
        verify_form = re.search(r'action="(/admin/backups/[^"]+/verification)"', page)
        assert verify_form is not None
        answer = post(client, "/admin/backups", verify_form.group(1))
        for _ in range(100):
            if "hx-get" not in answer.text:
                break
            answer = client.get(str(answer.url))

        assert "The backup is whole" in answer.text

    def test_the_audit_trail_is_checked(self, world: World) -> None:
        client = browser(world, "admin")

        answer = post(client, "/admin/health", "/admin/health/audit")
        for _ in range(100):
            if "hx-get" not in answer.text:
                break
            answer = client.get(str(answer.url))

        assert "Whole: " in answer.text


class TestSetUp:
    @pytest.fixture
    def fresh(self, tmp_path: Path) -> Iterator[tuple[TestClient, SetUp]]:
        runtime = assembly.build(Settings(home=tmp_path), MasterKey.generate(), passwords=FAST_PASSWORDS)
        client = TestClient(application.create(runtime), headers={"Accept-Language": "en"})
        yield client, runtime.get(SetUp)
        assembly.close(runtime)

    def typed(self, **change: str) -> dict[str, str]:
        return {
            "organisation": "云杉科技有限公司", "username": "boss", "name": "管理员",
            "password": "a long enough password", "repeated": "a long enough password", **change,
        }  # fmt: skip

    def test_everything_leads_there_until_it_is_done(self, fresh: tuple[TestClient, SetUp]) -> None:
        client, set_up = fresh
        code = set_up.open()
        assert str(client.get("/").url).endswith("/set-up")

        done = post(client, "/set-up", "/set-up", code=code, **self.typed())

        assert str(done.url).endswith("/sign-in")
        assert str(client.get("/set-up").url).endswith("/sign-in")
        signed_in = post(client, "/sign-in", "/sign-in", username="boss", password="a long enough password")
        assert "管理员" in signed_in.text

    def test_a_wrong_code_is_counted_and_nothing_is_set_up(self, fresh: tuple[TestClient, SetUp]) -> None:
        client, set_up = fresh
        set_up.open()

        answers = [
            post(client, "/set-up", "/set-up", code="AAAA-BBBB-CCCC", **self.typed()) for _ in range(6)
        ]

        assert [one.status_code for one in answers] == [422] * 5 + [429]
        assert 'value="云杉科技有限公司"' in answers[0].text
        assert "error-code" in answers[0].text and "error-code" in answers[-1].text
        assert set_up.is_needed()

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"password": "short", "repeated": "short"}, "password"), ({"repeated": "other"}, "repeated"),
            ({"organisation": " "}, "organisation"), ({"username": "Ü"}, "username"),
        ],
    )  # fmt: skip
    def test_what_is_wrong_is_said_beside_its_field(
        self, fresh: tuple[TestClient, SetUp], change: dict[str, str], field: str
    ) -> None:
        client, set_up = fresh

        answer = post(client, "/set-up", "/set-up", code=set_up.open(), **self.typed(**change))

        assert answer.status_code == 422
        assert f'id="error-{field}"' in answer.text
        assert set_up.is_needed()
