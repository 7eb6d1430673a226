"""What becomes of the vectors where processes die, folders are taken and servers are away."""

import asyncio
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from groundcrew.stores.coordinator.qdrant_embedded import EmbeddedVectors
from groundcrew.stores.coordinator.qdrant_server import ServerVectors
from groundcrew.stores.coordinator.vectors import VectorsUnavailable

from .conftest import NEXT, SPACE, point
from .qdrant_protocol import ProtocolServer

UP = [0.0, 1.0, 0.0, 0.0]

WRITER = """
import asyncio, sys
from pathlib import Path
from groundcrew.stores.coordinator.qdrant_embedded import EmbeddedVectors
from tests.contract.vectors.conftest import SPACE, point

async def main():
    vectors = EmbeddedVectors(Path(sys.argv[1]))
    number = 0
    while True:
        one = point(f"n{number}", [0.0, 1.0, 0.0, 0.0])
        await vectors.upsert("issues", SPACE, [one])
        print(one.passage.id, flush=True)
        number += 1

asyncio.run(main())
"""


async def test_a_process_killed_in_mid_write_loses_no_acknowledged_point(tmp_path):
    folder, acknowledged = tmp_path / "vectors", []
    for _ in range(2):  # the second writer opens what the first one left when it was killed
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
        ) as writer:
            assert writer.stdout is not None
            acknowledged += [writer.stdout.readline().strip() for _ in range(40)]
            writer.send_signal(signal.SIGKILL)
            acknowledged += [line.strip() for line in writer.stdout if line.endswith("\n")]
    vectors = EmbeddedVectors(folder)
    assert len(set(acknowledged)) >= 40
    for start in range(0, len(acknowledged), 100):
        asked = acknowledged[start : start + 100]
        assert set(await vectors.known("issues", SPACE, "default", asked)) == set(asked)
    assert await vectors.aliases() == {"issues": SPACE}
    await vectors.close()


async def test_what_was_written_is_there_after_a_restart(tmp_path):
    first = EmbeddedVectors(tmp_path)
    await first.upsert("issues", SPACE, [point("x", UP)])
    await first.delete("issues", "default", "incident/x")
    await first.upsert("issues", NEXT, [point("x", [1.0] * 6)])
    await first.switch("issues", NEXT)
    await first.close()
    assert not (tmp_path / str(SPACE)).exists()  # the last collection of a space takes its folder along
    second = EmbeddedVectors(tmp_path)
    assert await second.aliases() == {"issues": NEXT}
    assert await second.count("issues", NEXT, "default") == 1
    await second.close()


async def test_a_folder_that_another_process_holds_is_unavailable_and_named(tmp_path):
    first, second = EmbeddedVectors(tmp_path), EmbeddedVectors(tmp_path)
    await first.upsert("issues", SPACE, [point("x", UP)])
    with pytest.raises(VectorsUnavailable, match=str(tmp_path)):
        await second.search("issues", SPACE, UP, site="default", limit=1)
    await first.close()
    assert len(await second.search("issues", SPACE, UP, site="default", limit=1)) == 1
    await second.close()


async def test_a_call_that_waited_behind_the_close_does_not_take_the_folder_again(tmp_path):
    first = EmbeddedVectors(tmp_path)
    await first.upsert("issues", SPACE, [point("x", UP)])
    closing = asyncio.create_task(first.close())
    late = asyncio.create_task(first.count("issues", SPACE, "default"))
    await closing
    with pytest.raises(VectorsUnavailable):
        await late
    second = EmbeddedVectors(tmp_path)
    assert await second.count("issues", SPACE, "default") == 1
    await second.close()


async def test_an_engine_that_is_late_is_not_waited_for(tmp_path):
    vectors = EmbeddedVectors(tmp_path, timeout_s=0.05)
    vectors._thread.submit(time.sleep, 1.0)
    with pytest.raises(VectorsUnavailable, match=r"within 0\.05 s"):
        await vectors.count("issues", SPACE, "default")
    vectors._thread.shutdown(wait=True)


async def test_nothing_is_imported_or_made_before_the_first_write(tmp_path):
    code = (
        "import sys, asyncio, pathlib\n"
        "from groundcrew.stores.coordinator.qdrant_embedded import EmbeddedVectors\n"
        "from groundcrew.stores.coordinator.qdrant_server import ServerVectors\n"
        "from groundcrew.stores.coordinator.vectors import Space\n"
        "async def main():\n"
        f"    vectors = EmbeddedVectors(pathlib.Path({str(tmp_path / 'v')!r}))\n"
        "    ServerVectors('http://127.0.0.1:1')\n"
        "    await vectors.ping()\n"
        "    await vectors.search('issues', Space('x', 1), [1.0], site='s', limit=1)\n"
        "    await vectors.close()\n"
        "asyncio.run(main())\n"
        "print(sorted({'qdrant_edge', 'qdrant_client', 'numpy'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert not (tmp_path / "v").exists()


async def test_a_server_that_is_not_there_is_unavailable_and_named():
    vectors = ServerVectors("http://127.0.0.1:9", timeout_s=5)
    with pytest.raises(VectorsUnavailable, match=r"http://127\.0\.0\.1:9"):
        await vectors.upsert("issues", SPACE, [point("x", UP)])
    await vectors.close()


async def test_a_server_that_hangs_is_not_waited_for(protocol_server: ProtocolServer):
    vectors = ServerVectors(protocol_server.url, api_key="a-key", timeout_s=30)
    await vectors.upsert("issues", SPACE, [point("x", UP)])  # imports the client, which takes its time
    vectors._timeout_s = 0.2
    protocol_server.hang = True
    with pytest.raises(VectorsUnavailable, match="no answer within"):
        await vectors.search("issues", SPACE, UP, site="default", limit=1)
    await vectors.close()


async def test_a_server_that_talks_garbage_is_unavailable(protocol_server: ProtocolServer):
    protocol_server.garbage = True
    vectors = ServerVectors(protocol_server.url, api_key="a-key")
    with pytest.raises(VectorsUnavailable):
        await vectors.upsert("issues", SPACE, [point("x", UP)])
    await vectors.close()


async def test_a_wrong_api_key_is_unavailable_and_not_shown(protocol_server: ProtocolServer):
    vectors = ServerVectors(protocol_server.url, api_key="not-the-key")
    with pytest.raises(VectorsUnavailable, match="403") as refused:
        await vectors.aliases()
    assert "not-the-key" not in str(refused.value)
    await vectors.close()


async def test_a_server_comes_back_empty_and_is_written_to_again(protocol_server: ProtocolServer):
    vectors = ServerVectors(protocol_server.url, api_key="a-key")
    await vectors.upsert("issues", SPACE, [point("x", UP)])
    protocol_server.client.delete_collection(SPACE.collection("issues"))
    with pytest.raises(VectorsUnavailable):
        await vectors.upsert("issues", SPACE, [point("y", UP)])
    await vectors.upsert("issues", SPACE, [point("y", UP)])
    assert await vectors.count("issues", SPACE, "default") == 1
    await vectors.close()


async def test_a_collection_on_a_server_is_named_for_its_embedder_and_indexed(protocol_server: ProtocolServer):
    vectors = ServerVectors(protocol_server.url, api_key="a-key")
    await vectors.upsert("best-practices", SPACE, [point("x", UP)])
    (alias,) = protocol_server.client.get_aliases().aliases
    assert (alias.alias_name, alias.collection_name) == ("best-practices", "best-practices__hashing-1_4")
    assert {field for _, field in protocol_server.indexes} == {"site", "entity", "ref", "us"}
    await vectors.close()
