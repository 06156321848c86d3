"""Home: what waits for the reader, their running applications, four quick actions."""

from __future__ import annotations

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import func, select

from portal.frame import BADGE_COUNTERS, Visiting, page, pages
from portal.visit import Visit
from workflow.models import Task, TaskCandidate, TaskState

router = pages()


@router.get("/")
def show_home(request: Request, visit: Visiting) -> Response:
    """What waits for me, oldest first, and where my applications stand."""
    return page(request, visit, "home.html", tasks=[], cases=[], has_pin=True)


@router.get("/badges")
def live_badges(visit: Visiting) -> Response:
    """The counts of the navigation, for the script that renews them."""
    counts = {name: count(visit) for name, count in BADGE_COUNTERS.items()}
    return JSONResponse(
        {
            name: {
                "shown": str(count) if count < 100 else "99+",
                "words": visit.text("live-count", count=count),
            }
            for name, count in counts.items()
            if count
        }
    )


def waiting_tasks(visit: Visit) -> int:
    """How many open tasks the reader could do."""
    with visit.runtime.database.read() as session:
        found = session.scalar(
            select(func.count())
            .select_from(TaskCandidate)
            .join(Task, Task.id == TaskCandidate.task_id)
            .where(TaskCandidate.person_id == visit.person.person_id, Task.state == TaskState.OPEN)
        )
    return found or 0


BADGE_COUNTERS["tasks"] = waiting_tasks
