"""Assembly: opens every back-end that the settings name and wires the rooms' services together."""

from __future__ import annotations

from datetime import timedelta

import api.tasks
import ingest.records
import ingest.tasks
import retention.tasks
import search.tasks
import signing.records
import signing.register_tasks
import signing.tasks
import signing.transparency_tasks
import storage.tasks
import workflow.records
import workflow.tasks
from core import logs, people
from core.clock import Clock, SystemClock
from core.database import Database
from core.masterkey import MasterKey
from core.passwords import Passwords
from core.runtime import Runtime
from core.settings import Settings
from core.sign_in import SignInService
from ingest.antivirus import Antivirus
from ingest.invoices.checking import InvoiceChecking
from ingest.invoices.exceptions import InvoiceExceptions
from ingest.invoices.gateway import open_gateway
from ingest.invoices.service import InvoiceService
from ingest.sandbox import Sandbox
from ingest.service import IngestService
from retention.backups import BackupService
from retention.service import RetentionService
from search.opening import open_index
from search.service import Searcher
from signing import seal_powers, targets
from signing.custody import PinCost
from signing.service import SigningService
from storage.opening import open_objects
from storage.service import ObjectStore
from vermilion import migrations
from vermilion.first_start import SetUp
from workflow.contracts import Contracts
from workflow.service import WorkflowService

TASK_MODULES = (
    storage.tasks,
    search.tasks,
    signing.tasks,
    signing.register_tasks,
    signing.transparency_tasks,
    ingest.tasks,
    workflow.tasks,
    retention.tasks,
    api.tasks,
)
"""Importing them registers what the outbox may ask for."""


def build(
    settings: Settings,
    master_key: MasterKey,
    *,
    clock: Clock | None = None,
    passwords: Passwords | None = None,
    pin_cost: PinCost | None = None,
    sandbox: Sandbox | None = None,
) -> Runtime:
    """A runtime with every service, its tables brought up to date. ``close`` closes the sandbox too.

    Raises SettingUnusable when a back-end cannot be used, DatabaseNewer when the database was
    written by a newer program.
    """
    settings.check()
    targets.check(settings.head_targets)
    logs.configure(settings.log_level, settings.log_json)
    clock = clock or SystemClock()
    database = Database(settings.effective_database_url)
    database.ping()
    migrations.upgrade(database)
    runtime = Runtime(settings, clock, database, master_key)

    sign_in = SignInService(
        database, clock, settings.zone, timedelta(hours=settings.session_hours), passwords or Passwords()
    )
    objects = open_objects(settings.effective_objects_url)
    store = ObjectStore(database, objects, clock, settings.home / "staging")
    searcher = Searcher(database, open_index(settings.effective_search_url), clock, settings.zone)
    signing_service = SigningService(database, store, master_key, clock, settings, pin_cost=pin_cost)
    sandbox = sandbox or Sandbox()
    invoices = InvoiceService(clock, settings)
    antivirus = Antivirus(settings.clamav_url)
    ingest_service = IngestService(database, store, sandbox, clock, settings, invoices, antivirus)
    workflow_service = WorkflowService(database, store, ingest_service, signing_service, clock, settings)
    for service in (
        sign_in,
        store,
        searcher,
        signing_service,
        invoices,
        antivirus,
        ingest_service,
        workflow_service,
        Contracts(clock),
        InvoiceExceptions(clock, settings),
        InvoiceChecking(database, clock, settings, open_gateway(settings, clock)),
        RetentionService(database, clock, settings),
        BackupService(database, store, master_key, clock, settings),
        SetUp(database, clock, sign_in, signing_service, workflow_service),
    ):
        runtime.add(service)
    runtime.add(sandbox, as_type=Sandbox)
    for kind, records in (
        ("document", ingest.records),
        ("case", workflow.records),
        ("seal_record", signing.records),
    ):
        searcher.register(kind, records.records, records.ids)
    return runtime


people.ROLE_CHECKS.append(seal_powers.check_role)


def close(runtime: Runtime) -> None:
    """Forget opened keys, end the parsers' processes and close every connection."""
    runtime.get(SigningService).sessions.drop_all()
    runtime.get(Sandbox).close()
    runtime.get(Searcher).close()
    runtime.database.dispose()
