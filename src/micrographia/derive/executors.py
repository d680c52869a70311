"""Where jobs run: worker processes of this machine, or a Dask cluster; one interface, that of `concurrent.futures`."""

from __future__ import annotations

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


class JobExecutor(Protocol):
    """What the keeper needs of an executor."""

    count: int
    """Jobs that run at once."""

    def submit(self, function: Callable[..., _Result], job: Any) -> Future[_Result]:
        """Start `function(job)`."""
        ...

    def failure(self, exc: BaseException, job: Any) -> MicrographiaError:
        """Return what it means that a job ended with `exc`; UnavailableError where the job itself is not to blame."""
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
        if isinstance(exc, (TimeoutError, MemoryError, pebble.ProcessExpired, BrokenExecutor)):
            said = self._workers.failure(exc, job.seconds)
            assert isinstance(said, MicrographiaError)
            return said
        return _told(exc)

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
        self.count = max(1, sum(self._client.nthreads().values()))

    def submit(self, function: Callable[..., _Result], job: Any) -> Future[_Result]:
        """Start `function(job)`."""
        future: Future[_Result] = self._executor.submit(function, job)
        return future

    def failure(self, exc: BaseException, job: Any) -> MicrographiaError:
        """Return what it means that a job ended with `exc`."""
        from distributed import KilledWorker

        if isinstance(exc, KilledWorker):
            return MicrographiaError("Several workers of the cluster died of it.")
        if isinstance(exc, (OSError, CancelledError, TimeoutError)) and not self._client.scheduler_info(n_workers=-1)["workers"]:
            return UnavailableError("The Dask cluster has no workers.")
        return _told(exc)

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
