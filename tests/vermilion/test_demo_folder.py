"""The demo's invoice folder shows what a folder can show: carriers, a twin, a warning."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import select

from core.masterkey import MasterKey
from core.models import Person
from core.permissions import Principal, load_principal
from core.runtime import Runtime
from core.settings import Settings
from ingest.invoices.service import InvoiceService
from ingest.invoices.views import InvoiceFilter
from tests.builders import FAST_PASSWORDS
from vermilion import assembly, demo, demo_folder
from vermilion.first_start import SetUp
from workflow.folder import FolderFilter, FolderRow
from workflow.service import WorkflowService


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    """A demo organisation with its people and nothing but the folders filled."""
    home = tmp_path_factory.mktemp("demo")
    made = assembly.build(Settings(home=home), MasterKey.generate(), passwords=FAST_PASSWORDS)
    made.get(SetUp).make_organisation(demo.NAME, is_demo=True)
    demo._make_people(made, demo._invent_sign_ins(home / "demo.json"))
    people = people_of(made)
    for one in demo_folder.missing(made, demo_folder.invoices(today(made)), people):
        demo_folder.put(made, one, people)
    yield made
    assembly.close(made)


def today(runtime: Runtime) -> date:
    return runtime.clock.now().astimezone(runtime.settings.zone).date()


def people_of(runtime: Runtime) -> dict[str, UUID]:
    with runtime.database.read() as session:
        return dict(session.execute(select(Person.username, Person.id)).all())


def principal(runtime: Runtime, username: str) -> Principal:
    with runtime.database.read() as session:
        return load_principal(
            session, people_of(runtime)[username], runtime.clock.now(), runtime.settings.zone
        )


def folder(runtime: Runtime, username: str) -> dict[str, FolderRow]:
    person = principal(runtime, username)
    wanted = FolderFilter(invoices=InvoiceFilter(owner_id=person.person_id))
    with runtime.database.read() as session:
        rows = runtime.get(WorkflowService).folder(session, person, wanted)
    return {row.invoice.title: row for row in rows}


def test_every_carrier_is_read_whole(runtime: Runtime) -> None:
    found = folder(runtime, "zhangwei")

    assert set(found) == {"杭州住宿费.xml", "杭州住宿费.ofd", "参会费发票.pdf"}
    for title in ("杭州住宿费.xml", "杭州住宿费.ofd"):
        invoice = found[title].invoice
        assert (str(invoice.net), str(invoice.tax), str(invoice.total)) == ("905.66", "54.34", "960.00")
        assert (invoice.seller_name, invoice.buyer_name) == ("湖畔（演示）酒店有限公司", demo.NAME)
        assert invoice.issue_date == today(runtime)
    assert {row.claim.state for row in found.values()} == {"unclaimed"}


def test_the_xml_and_the_ofd_are_one_invoice(runtime: Runtime) -> None:
    found = folder(runtime, "zhangwei")

    with runtime.database.read() as session:
        twins = runtime.get(InvoiceService).twins(
            session, principal(runtime, "zhangwei"), found["杭州住宿费.xml"].invoice.document_id
        )

    assert [(one.title, one.same) for one in twins.seen] == [("杭州住宿费.ofd", "invoice")]


def test_one_invoice_was_made_out_to_somebody_else_and_is_warned_of(runtime: Runtime) -> None:
    found = folder(runtime, "zhangwei")

    assert "buyer-not-ours" in [one.code for one in found["参会费发票.pdf"].invoice.warnings]
    assert found["杭州住宿费.xml"].invoice.warnings == found["杭州住宿费.ofd"].invoice.warnings == ()


def test_filling_the_folders_again_adds_nothing(runtime: Runtime) -> None:
    wanted = demo_folder.invoices(today(runtime))

    assert demo_folder.missing(runtime, wanted, people_of(runtime)) == []
