"""Work with a large peak: in a thread of its own, and nothing of it stays."""

import gc
import threading
import weakref

import pytest

from groundcrew.runtime.allocator import apart, give_back


class Node:
    """Part of a cycle, which only the collector frees."""

    def __init__(self) -> None:
        self.itself = self


async def test_work_runs_in_a_thread_of_its_own_that_ends() -> None:
    found = await apart(threading.current_thread)
    assert found is not threading.current_thread()
    found.join(10)
    assert not found.is_alive()


async def test_what_the_work_raises_comes_out() -> None:
    def fail() -> None:
        msg = "no patterns"
        raise ValueError(msg)

    with pytest.raises(ValueError, match="no patterns"):
        await apart(fail)


def test_giving_back_frees_what_nothing_refers_to_any_more() -> None:
    gc.disable()
    try:
        node = weakref.ref(Node())
        assert node() is not None
        give_back()
        assert node() is None
    finally:
        gc.enable()
