"""KV buckets: one writer at a time wins, and watchers hear of it."""

import asyncio

import pytest

from groundcrew.bus.port import BusError, KeyConflict
from groundcrew.contracts.streams import Buckets

from .conftest import Harness, until


async def test_a_value_is_read_back_with_its_revision(harness: Harness):
    bus = await harness.bus()
    kv = await bus.key_value(Buckets.INVENTORY)
    assert await kv.get("current") is None
    first = await kv.put("current", b"one")
    second = await kv.put("current", b"two")
    entry = await kv.get("current")
    assert entry is not None
    assert (entry.value, entry.revision) == (b"two", second)
    assert second > first


async def test_create_loses_against_a_present_value_and_wins_after_its_deletion(harness: Harness):
    kv = await (await harness.bus()).key_value(Buckets.LEASES)
    await kv.create("fuse", b"a")
    with pytest.raises(KeyConflict, match="fuse"):
        await kv.create("fuse", b"b")
    await kv.delete("fuse")
    assert await kv.get("fuse") is None
    await kv.create("fuse", b"b")
    entry = await kv.get("fuse")
    assert entry is not None
    assert entry.value == b"b"


async def test_of_two_that_update_the_same_revision_one_loses(harness: Harness):
    one = await (await harness.bus()).key_value(Buckets.LEASES)
    other = await (await harness.bus()).key_value(Buckets.LEASES)
    revision = await one.create("fuse", b"free")
    newer = await one.update("fuse", b"one", revision)
    with pytest.raises(KeyConflict, match="fuse"):
        await other.update("fuse", b"other", revision)
    await other.update("fuse", b"other", newer)


async def test_keys_are_listed_sorted_without_the_deleted(harness: Harness):
    kv = await (await harness.bus()).key_value(Buckets.TRIGGER_STATE)
    assert await kv.keys() == []
    for key in ("rules.b", "rules.a", "gone"):
        await kv.put(key, b"1")
    await kv.delete("gone")
    assert await kv.keys() == ["rules.a", "rules.b"]


async def test_a_watcher_sees_what_is_there_then_each_change(harness: Harness):
    bus = await harness.bus()
    kv = await bus.key_value(Buckets.INVENTORY)
    await kv.put("a", b"1")
    await kv.put("b", b"2")
    await kv.delete("b")
    seen = []

    async def note(key, value):
        seen.append((key, value))

    watching = await kv.watch(note)
    assert ("a", b"1") in seen
    assert all(value is None for key, value in seen if key == "b")
    await kv.put("c", b"3")
    await until(lambda: ("c", b"3") in seen)
    await kv.delete("a")
    await until(lambda: seen[-1] == ("a", None))
    await watching.stop()
    await kv.put("d", b"4")
    await asyncio.sleep(0.1)
    assert seen[-1] == ("a", None)


async def test_a_watcher_that_raises_goes_on(harness: Harness):
    bus = await harness.bus()
    kv = await bus.key_value(Buckets.INVENTORY)
    seen = []

    async def note(key, value):
        seen.append(key)
        if key == "bad":
            raise ValueError("not JSON")

    await kv.watch(note)
    await kv.put("bad", b"?")
    await until(lambda: seen == ["bad"])
    await kv.put("good", b"{}")
    await until(lambda: seen == ["bad", "good"])


async def test_only_its_writer_writes_a_bucket(harness: Harness):
    context, gateway = await harness.bus("context"), await harness.bus("gateway")
    written = await context.key_value(Buckets.INVENTORY)
    read = await gateway.key_value(Buckets.INVENTORY)
    await written.put("current", b"1")
    entry = await read.get("current")
    assert entry is not None
    assert entry.value == b"1"
    with pytest.raises(BusError):
        await read.put("current", b"2")
    entry = await written.get("current")
    assert entry is not None
    assert entry.value == b"1"
