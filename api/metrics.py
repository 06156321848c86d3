"""Figures for Prometheus. The counters are the application's own, so that two in one process differ."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.models import OutboxJob
from core.runtime import Runtime

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 5.0, 10.0)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """What is counted about requests, and what is read from the database at each scrape."""

    def __init__(self, runtime: Runtime) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "vermilion_http_requests", "Requests answered.", ("method", "route", "status"),
            registry=self.registry,
        )  # fmt: skip
        self.seconds = Histogram(
            "vermilion_http_request_seconds", "Time until the answer began.", ("method", "route"),
            buckets=_SECONDS, registry=self.registry,
        )  # fmt: skip
        self.registry.register(_Jobs(runtime))


class _Jobs(Collector):
    """The outbox: how much waits, and how much was given up."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def describe(self) -> Iterator[Any]:
        return iter(())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        with self._runtime.database.read() as session:
            counts = session.execute(select(func.count(OutboxJob.id), func.count(OutboxJob.failed_at))).one()
        jobs = GaugeMetricFamily("vermilion_jobs", "Background jobs.", labels=("state",))
        jobs.add_metric(["waiting"], counts[0] - counts[1])
        jobs.add_metric(["failed"], counts[1])
        yield jobs


class Measuring:
    """Counts and times each request under its route, never under its address: that would name people."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = time.monotonic(), 500

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._metrics.seconds.labels(method, _route(scope)).observe(time.monotonic() - begun)
            await send(message)

        method = scope["method"] if scope["method"] in _METHODS else "other"
        try:
            await self._app(scope, receive, note)
        finally:
            self._metrics.requests.labels(method, _route(scope), str(status)).inc()


def _route(scope: Scope) -> str:
    return str(getattr(scope.get("route"), "path", None) or "unknown")
