"""Root tasks: one that ends on its own ends the process, and its name and error are known."""

import asyncio

import pytest
import structlog

from groundcrew.runtime.tasks import RootTasks


@pytest.fixture
def log() -> structlog.typing.FilteringBoundLogger:
    return structlog.wrap_logger(structlog.ReturnLogger(), wrapper_class=structlog.make_filtering_bound_logger(50))


async def forever() -> None:
    await asyncio.Event().wait()


async def fails() -> None:
    msg = "the disk is full"
    raise OSError(msg)


async def returns() -> None:
    pass


async def test_a_task_that_raises_is_named_with_its_error(log: structlog.typing.FilteringBoundLogger) -> None:
    tasks = RootTasks(log, prefix="context/")
    tasks.spawn("relay", fails())
    assert str(await tasks.ended()) == "root task 'context/relay' failed: OSError('the disk is full')"
    await tasks.close()


async def test_a_task_that_returns_has_ended_too(log: structlog.typing.FilteringBoundLogger) -> None:
    tasks = RootTasks(log)
    tasks.spawn("follow", returns())
    assert str(await tasks.ended()) == "root task 'follow' returned; it should not"


async def test_closing_cancels_all_and_is_no_unexpected_end(log: structlog.typing.FilteringBoundLogger) -> None:
    tasks = RootTasks(log)
    running = [tasks.spawn(name, forever()) for name in ("one", "two")]
    await asyncio.sleep(0)
    await tasks.close()
    assert all(task.cancelled() for task in running)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(tasks.ended(), 0.01)


async def test_a_name_is_given_once(log: structlog.typing.FilteringBoundLogger) -> None:
    tasks = RootTasks(log)
    tasks.spawn("relay", forever())
    with pytest.raises(ValueError, match="there is a root task 'relay' already"):
        tasks.spawn("relay", forever())
    await tasks.close()


async def test_a_task_that_a_library_kept_from_hearing_of_its_end_is_told_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("groundcrew.runtime.tasks.AGAIN_S", 0.01)
    heard = 0

    async def deaf_once() -> None:
        nonlocal heard
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                heard += 1
                if heard > 1:
                    raise

    tasks = RootTasks(structlog.get_logger())
    tasks.spawn("deaf", deaf_once())
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await tasks.close()
    assert heard == 2
