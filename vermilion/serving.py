"""``serve``, ``worker`` and ``beat``: the long-running processes."""

from __future__ import annotations

import ipaddress
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from core.errors import SettingUnusable
from core.home import HomeLock
from core.models import Organisation
from core.runtime import Runtime
from core.settings import Settings
from core.tasks import EmbeddedWorker, Relay, celery_application, register_celery_runner, sweep_periodic
from vermilion import assembly
from vermilion.first_start import OpenedHome, open_home

log = structlog.get_logger()


@contextmanager
def opened(settings: Settings, home: OpenedHome | None = None) -> Iterator[Runtime]:
    """The assembled runtime of these settings, closed at the end."""
    home = home or open_home(settings)
    runtime = assembly.build(settings, home.master_key)
    try:
        yield runtime
    finally:
        assembly.close(runtime)


def require_free_home(settings: Settings) -> None:
    """Raise HomeInUse while another process serves from this home."""
    with HomeLock(settings.home):
        pass


def serve(settings: Settings, announce: Callable[[Runtime, OpenedHome], None]) -> None:
    """Serve until SIGTERM or SIGINT. ``announce`` is called once the address answers.

    Raises HomeInUse when another process serves from the same home, SettingUnusable.
    """
    from vermilion import web_server  # half of all that is imported, and only ``serve`` needs it

    settings.check()
    with HomeLock(settings.home):
        home = open_home(settings)
        with opened(settings, home) as runtime:
            require_loopback_for_demo(runtime)
            stop_background = start_background(runtime)
            try:
                web_server.run(runtime, lambda: announce(runtime, home))
            finally:
                stop_background()


def require_loopback_for_demo(runtime: Runtime) -> None:
    """A demo organisation has published passwords: refuse to offer it to other machines."""
    with runtime.database.read() as session:
        organisation = session.get(Organisation, 1)
    if organisation is not None and organisation.is_demo:
        require_loopback(runtime.settings)


def require_loopback(settings: Settings) -> None:
    """Raise SettingUnusable unless the address is one that other machines cannot reach."""
    address = settings.listen_address()
    if isinstance(address, Path):
        return
    host = address[0]
    try:
        is_loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise SettingUnusable(
            setting="VERMILION_LISTEN", reason=f"{host}: a demo organisation listens on loopback only"
        )


def start_background(runtime: Runtime) -> Callable[[], None]:
    """Start what runs the outbox: the embedded worker, or the relay to Celery. Returns how to stop it."""
    if runtime.settings.broker_url.startswith("embedded"):
        worker = EmbeddedWorker(runtime)
        worker.start()
        return worker.stop
    beat = Beat(runtime, sweeps=False)
    beat.start()
    return beat.stop


class Beat:
    """Relays the outbox to Celery and, in the ``beat`` process, sweeps the periodic jobs."""

    def __init__(self, runtime: Runtime, *, sweeps: bool) -> None:
        self._runtime = runtime
        self._relay = Relay(runtime, celery_application(runtime.settings.broker_url))
        self._sweeps = sweeps
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="beat", daemon=True)
        runtime.database.on_outbox_commit(self._wake.set)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()
        self._thread.join(10)

    def wait(self) -> None:
        """Block until ``stop`` is called."""
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping:
            try:
                if self._sweeps:
                    sweep_periodic(self._runtime)
                while self._relay.relay():
                    pass
            except Exception as error:  # the broker or the database may be away for a while
                log.error("relay_failed", exc_info=error)
            self._wake.wait(1)
            self._wake.clear()


def work(settings: Settings, concurrency: int) -> None:
    """A Celery worker on the broker. Raises SettingUnusable with the embedded broker."""
    _require_broker(settings)
    application = celery_application(settings.broker_url)
    with opened(settings) as runtime:
        register_celery_runner(application, lambda: runtime)
        # Threads, not processes: a job waits for SQL and for parsers that run in processes of their own.
        application.worker_main(
            ["worker", "--pool=threads", f"--concurrency={concurrency}", "--loglevel=WARNING"]
        )


def beat(settings: Settings) -> None:
    """Relay the outbox and start the periodic jobs, until SIGTERM or SIGINT."""
    _require_broker(settings)
    with opened(settings) as runtime:
        sweeper = Beat(runtime, sweeps=True)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: sweeper.stop())
        sweeper.start()
        sweeper.wait()


def _require_broker(settings: Settings) -> None:
    settings.check()
    if settings.broker_url.startswith("embedded"):
        raise SettingUnusable(
            setting="VERMILION_BROKER_URL", reason="embedded: the worker runs inside 'vermilion serve'"
        )
