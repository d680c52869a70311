import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import CancelledError, ThreadPoolExecutor

import pytest

from micrographia.errors import TooLargeError
from micrographia.formats.description import UnreadableError
from micrographia.formats.workers import WorkerLimits, Workers
from micrographia.testing.work import die_of_five, double, hang_at_two, refuse_three, take, thread_setting


@pytest.fixture(scope="module")
def workers():
    with Workers(2, WorkerLimits(memory_mib=1024, seconds=20)) as pool:
        yield pool


def test_a_call_returns_what_the_function_returns(workers):
    assert workers.call(double, 21) == 42
    assert workers.call(thread_setting) == "1"
    assert "OMP_NUM_THREADS" not in os.environ or os.environ["OMP_NUM_THREADS"]


def test_what_the_function_raises_comes_back(workers):
    with pytest.raises(UnreadableError, match="Three") as caught:
        workers.call(refuse_three, 3)
    assert caught.value.rule == "a.b"


def test_too_much_memory_or_time_is_a_typed_error_and_the_next_call_works(workers):
    with pytest.raises(TooLargeError, match="1024 MiB"):
        workers.call(take, 2000)
    with pytest.raises(TooLargeError, match=r"0\.2 seconds"):
        workers.call(time.sleep, 30, timeout=0.2)
    assert workers.call(double, 1) == 2


def test_a_worker_that_dies_fails_its_own_call_alone(workers):
    results = []
    others = [threading.Thread(target=lambda i=i: results.append(workers.call(double, i))) for i in range(5)]
    for thread in others:
        thread.start()
    with pytest.raises(UnreadableError, match="died"):
        workers.call(die_of_five, 5)
    for thread in others:
        thread.join()
    assert sorted(results) == [0, 2, 4, 6, 8]


def test_an_idle_worker_that_is_killed_is_replaced(workers):
    os.kill(workers.call(os.getpid), signal.SIGKILL)
    assert workers.call(double, 4) == 8


def test_in_a_batch_only_the_item_at_fault_fails(workers):
    results = list(workers.map_batches(die_of_five, range(12), batch_size=4))
    assert [r for r in results if isinstance(r, int)] == [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11]
    assert isinstance(results[5], UnreadableError)
    refused = list(workers.map_batches(refuse_three, iter(range(6)), batch_size=3))
    assert [type(r) for r in refused] == [int, int, int, UnreadableError, int, int]


def test_an_item_that_hangs_costs_its_time_and_no_more():
    with Workers(1, WorkerLimits(seconds=0.5)) as pool:
        results = list(pool.map_batches(hang_at_two, range(4), batch_size=4))
    assert [r if isinstance(r, int) else type(r) for r in results] == [0, 1, TooLargeError, 3]


def test_locks_that_libraries_make_in_a_worker_have_no_name_to_leave_behind(workers):
    assert workers.call(multiprocessing.get_start_method) == "fork"


def test_who_waits_for_workers_that_are_stopped_is_told():
    with Workers(1) as pool, ThreadPoolExecutor(1) as waiting:
        assert pool.call(len, "started") == 7
        call = waiting.submit(pool.call, time.sleep, 600)
        time.sleep(0.1)
        pool.close()
        with pytest.raises(CancelledError):
            call.result(20)
