"""A fork server of our own: worker processes start in milliseconds and never import the program that started them.

The standard library's fork server is shared by the whole process and makes each child import the main module again: a script without
``if __name__ == "__main__"`` would run twice, and a command line would load itself into every worker. What runs in our workers is in
modules, so the main module is not needed there.
"""

from __future__ import annotations

import io
import os
import threading
from multiprocessing import context, forkserver, popen_forkserver, process, reduction, spawn, util

# one thread a worker: two jobs with free threads are slower than one
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLOSC_NTHREADS", "TIFFFILE_NUM_THREADS")
_PRELOADED = ["micrographia.formats.registry", "micrographia.formats.mrc", "micrographia.formats.survey"]

_server = forkserver.ForkServer()
_server.set_forkserver_preload(_PRELOADED)
_starting = threading.Lock()


class _Popen(popen_forkserver.Popen):
    def _launch(self, process_obj: process.BaseProcess) -> None:
        # as the standard library's, with our server and without the main module
        preparation = {k: v for k, v in spawn.get_preparation_data(process_obj.name).items() if not k.startswith("init_main")}
        message = io.BytesIO()
        context.set_spawning_popen(self)
        try:
            reduction.dump(preparation, message)
            reduction.dump(process_obj, message)
        finally:
            context.set_spawning_popen(None)
        _ensure_running()
        self.sentinel, writer = _server.connect_to_new_process(self._fds)  # type: ignore[attr-defined]
        self.finalizer = util.Finalize(self, util.close_fds, (os.dup(writer), self.sentinel))  # type: ignore[attr-defined]
        with open(writer, "wb", closefd=True) as file:  # noqa: PTH123  a descriptor
            file.write(message.getbuffer())
        self.pid = forkserver.read_signed(self.sentinel)


class _Process(process.BaseProcess):
    _start_method = "forkserver"

    @staticmethod
    def _Popen(process_obj: process.BaseProcess) -> _Popen:  # noqa: N802  the standard library's name
        return _Popen(process_obj)


class ForkServerContext(context.ForkServerContext):
    """Start method for processes whose work is in importable modules."""

    Process = _Process  # type: ignore[assignment]


def _ensure_running() -> None:
    """Start the server, with one thread a library and the readers loaded."""
    with _starting:
        before = {name: os.environ.get(name) for name in _THREAD_VARIABLES}
        os.environ.update(dict.fromkeys(_THREAD_VARIABLES, "1"))
        try:
            _server.ensure_running()
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value
