"""``/api/v1/flows``: the declared processes."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path

from api.principals import Calling, Running
from api.routing import call, router
from api.schemas import Everything, Words
from api.schemas_cases import FlowAdded, FlowAnswer, FlowDetail, NewFlow
from core.i18n import Language
from core.models import Role
from workflow.service import ActiveFlow, WorkflowService

flows = router("flows")


@flows.get("", summary="List flows", response_model=Everything[FlowAnswer])
def list_flows(caller: Calling, runtime: Running) -> Everything[FlowAnswer]:
    """What can be applied for."""
    with runtime.database.read() as session:
        rows = runtime.get(WorkflowService).flows(session)
    return Everything(items=[_answer(row, caller.language) for row in rows])


@flows.get("/{key}", summary="Get a flow", response_model=FlowDetail)
def get_flow(
    caller: Calling, runtime: Running, key: Annotated[Words, Path(max_length=60, examples=["contract"])]
) -> FlowDetail:
    """The newest version: its form fields and steps."""
    with runtime.database.read() as session:
        row = runtime.get(WorkflowService).flow(session, key)
    return FlowDetail(
        **_answer(row, caller.language).model_dump(),
        definition=row.flow.model_dump(mode="json", by_alias=True),
    )


@flows.post("", summary="Add a flow", response_model=FlowAdded, status_code=201)
@call(scope="admin")
def add_flow(caller: Calling, runtime: Running, wanted: NewFlow) -> FlowAdded:
    """Adds a flow, or a new version of one, by its YAML. Running cases keep the version they began with."""
    caller.require_everywhere(Role.ADMINISTRATOR)
    with runtime.database.write() as session:
        row = runtime.get(WorkflowService).add_flow(session, caller.principal, wanted.yaml)
        return FlowAdded(key=row.key, version=row.version)


def _answer(row: ActiveFlow, language: Language) -> FlowAnswer:
    return FlowAnswer(
        key=row.key,
        version=row.version,
        name=row.flow.name.text(language),
        description=row.flow.description.text(language),
    )
