"""Administration of flows: what can be applied for, and adding one by its YAML."""

from __future__ import annotations

from typing import Annotated

import yaml
from fastapi import Form, Request, Response
from sqlalchemy import func, select

from core.errors import VermilionError
from portal.administration import TABS, admin_pages
from portal.frame import Visiting, page, see_other
from portal.visit import Visit
from workflow.models import Case
from workflow.service import WorkflowService

router = admin_pages()


@router.get("/admin/flows")
def list_flows(request: Request, visit: Visiting) -> Response:
    """The flows with their steps, and how many cases each has."""
    with visit.runtime.database.read() as session:
        flows = visit.runtime.get(WorkflowService).flows(session)
        counts = session.execute(select(Case.flow_key, func.count()).group_by(Case.flow_key))
        cases = dict(counts.all())
    return page(request, visit, "admin/flows.html", tabs=TABS, flows=flows, cases=cases)


@router.get("/admin/flows/new")
def show_new(request: Request, visit: Visiting, base: str = "") -> Response:
    """The form for a flow's YAML; with ``base`` it begins with an existing flow."""
    text = ""
    if base:
        with visit.runtime.database.read() as session:
            flow = visit.runtime.get(WorkflowService).flow(session, base).flow
        facts = flow.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
        text = yaml.safe_dump(facts, allow_unicode=True, sort_keys=False, width=100)
    return _new(request, visit, text, {})


@router.post("/admin/flows/new")
def create(request: Request, visit: Visiting, definition: Annotated[str, Form()] = "") -> Response:
    """Add a flow, or a new version of one. What is wrong is named with its place."""
    text = definition.replace("\r\n", "\n").replace("\x00", "")
    try:
        with visit.runtime.database.write() as session:
            visit.runtime.get(WorkflowService).add_flow(session, visit.person, text)
    except VermilionError as error:
        return _new(request, visit, text, {"definition": visit.translator.error(error)}, error.status)
    return see_other(request, "/admin/flows")


def _new(request: Request, visit: Visit, text: str, errors: dict[str, str], status: int = 200) -> Response:
    return page(
        request, visit, "admin/flow-new.html", status=status, tabs=TABS, definition=text, errors=errors
    )
