"""Where jobs run: worker processes of this machine, or a Dask cluster; one interface, that of `concurrent.futures`."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, CancelledError, Future
from typing import Any, Protocol, TypeVar

import pebble

from micrographia.errors import MicrographiaError, UnavailableError
from micrographia.formats.workers import WorkerLimits, Workers
from micrographia.settings import Settings

_Result = TypeVar("_Result")
# the web server and its readers go first
_NICENESS = 10
_CONNECT_SECONDS = 30
_COUNT_SECONDS = 5.0


class JobExecutor(Protocol):
    """What the keeper needs of an executor."""

    @property
    def count(self) -> int:
        """Jobs that run at once."""
        ...

    def submit(self, function: Callable[..., _Result], job: Any) -> Future[_Result]:
        """Start `function(job)`."""
        ...

    def failure(self, exc: BaseException, job: Any) -> MicrographiaError:
        """Return what it means that a job ended with `exc`; UnavailableError where the job itself is not to blame."""
        ...

    def was_killed(self, exc: BaseException) -> bool:
        """Whether a job ended because its process was killed from outside, which need not be its fault."""
        ...

    def close(self) -> None:
        """Stop all jobs."""
        ...


def open_executor(settings: Settings) -> JobExecutor:
    """Return the executor that the settings name."""
    return DaskExecutor(settings.scheduler) if settings.scheduler else LocalExecutor(settings)


class LocalExecutor:
    """Worker processes with limits of memory and time; they start with the first job and end with this process."""

    def __init__(self, settings: Settings) -> None:
        self.count = settings.worker_count
        self._workers = Workers(self.count, WorkerLimits(settings.worker_memory_mib, settings.worker_seconds, _NICENESS))

    def submit(self, function: Callable[..., _Result], job: Any) -> Future[_Result]:
        """Start `function(job)`."""
        return self._workers.submit(function, job, timeout=job.seconds)

    def failure(self, exc: BaseException, job: Any) -> MicrographiaError:
        """Return what it means that a job ended with `exc`."""
        if self.was_killed(exc):
            return MicrographiaError("Its process was killed again and again, as systems do when memory runs out.")
        if isinstance(exc, (TimeoutError, MemoryError, pebble.ProcessExpired, BrokenExecutor)):
            said = self._workers.failure(exc, job.seconds)
            assert isinstance(said, MicrographiaError)
            return said
        return _told(exc)

    def was_killed(self, exc: BaseException) -> bool:
        """Whether somebody killed the worker: an operator, or a system that ran out of memory."""
        if isinstance(exc, BrokenExecutor):  # it died before the pool had heard of what it did
            return str(exc) == "All workers expired"
        return isinstance(exc, pebble.ProcessExpired) and exc.exitcode in (-signal.SIGKILL, -signal.SIGTERM)

    def close(self) -> None:
        """Kill the workers."""
        self._workers.close()


class DaskExecutor:
    """The workers of a Dask scheduler. They see store and derived files under the same paths as this process; Dask limits their memory."""

    def __init__(self, address: str) -> None:
        try:
            from distributed import Client
        except ModuleNotFoundError as exc:
            raise UnavailableError("MICROGRAPHIA_SCHEDULER needs the package distributed: pip install 'micrographia[cluster]'.") from exc
        try:
            self._client = Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as exc:
            raise UnavailableError(f"No Dask scheduler answers at {address}: {exc}.") from exc
        self._executor = self._client.get_executor(pure=False)
        self._counted = 0.0
        self._count = 1

    @property
    def count(self) -> int:
        """Jobs that run at once: workers come and go."""
        if time.monotonic() - self._counted > _COUNT_SECONDS:
            self._count, self._counted = max(1, sum(self._client.nthreads().values())), time.monotonic()
        return self._count

    def submit(self, function: Callable[..., _Result], job: Any) -> Future[_Result]:
        """Start `function(job)`."""
        future: Future[_Result] = self._executor.submit(function, job)
        return future

    def failure(self, exc: BaseException, job: Any) -> MicrographiaError:
        """Return what it means that a job ended with `exc`."""
        from distributed import KilledWorker

        if isinstance(exc, KilledWorker):
            return MicrographiaError("Several workers of the cluster died of it.")
        if isinstance(exc, (OSError, TimeoutError)) and self._client.status != "running":
            return UnavailableError("The Dask scheduler does not answer any more.")
        return _told(exc)

    def was_killed(self, exc: BaseException) -> bool:
        """Return False: the scheduler gives the jobs of a lost worker to others itself, a few times."""
        return False

    def close(self) -> None:
        """Forget all jobs and let go of the scheduler."""
        self._executor.shutdown(wait=False)
        self._client.close()


def _told(exc: BaseException) -> MicrographiaError:
    if isinstance(exc, MicrographiaError):
        return exc
    if isinstance(exc, CancelledError):
        return UnavailableError("The job was stopped.")
    if isinstance(exc, MemoryError):
        return MicrographiaError("It took more memory than one job may take.")
    return MicrographiaError(f"{type(exc).__name__}: {exc}"[:500])
