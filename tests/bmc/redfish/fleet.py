"""A fleet of simulated BMCs in one process: `python -m tests.bmc.redfish.fleet COUNT HANGING LONG FOLDER`.

BMC n is at 127.n.n.n on one port, so that one socket serves them all. HANGING of them take a connection and say
nothing, LONG have 1,200 entries. Prints its port as JSON, then at the end of its standard input what it saw: the times
of looks at each BMC that works, sessions that are still open, the most that were ever open at one BMC.
"""

import asyncio
import json
import resource
import sys
from pathlib import Path

import uvloop

from .bmc import RedfishBmc
from .certificates import certified
from .server import listening

GROWS_EVERY_S = 6.0
LONG_LOG = 1_200
SHORT_LOG = 40


def address(number: int) -> str:
    return f"127.{1 + number // 62_500}.{number // 250 % 250}.{1 + number % 250}"


def fleet(count: int, hanging: int, long: int) -> dict[str, RedfishBmc]:
    bmcs = {}
    for number in range(count):
        bmc = RedfishBmc(name=f"b{number}", still=True, streams=True, hangs=number < hanging, uuid=f"{number:032x}")
        bmc.add(LONG_LOG if hanging <= number < hanging + long else SHORT_LOG)
        bmcs[address(number)] = bmc
    return bmcs


async def serve(count: int, hanging: int, long: int, folder: Path) -> None:
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    bmcs = fleet(count, hanging, long)
    made = certified(folder)
    async with listening(bmcs.__getitem__, made.context, "0.0.0.0") as port:
        print(json.dumps({"port": port, "fingerprint": made.fingerprint}), flush=True)
        ended = asyncio.ensure_future(asyncio.to_thread(sys.stdin.read))
        turn = at_once = 0
        while not ended.done():
            for bmc in list(bmcs.values())[turn % 10 :: 10]:
                bmc.add(1)
            turn += 1
            at_once = max(at_once, sum(bmc.streams_open for bmc in bmcs.values()))
            await asyncio.wait([ended], timeout=GROWS_EVERY_S)
        works = [bmc for bmc in bmcs.values() if not bmc.hangs]
        print(
            json.dumps(
                {
                    "looks": [bmc.looks for bmc in works],
                    "entries": sum(len(bmc.entries) for bmc in works),
                    "leaked": sum(len(bmc.sessions) for bmc in bmcs.values()),
                    "most_sessions": max(bmc.most_open for bmc in bmcs.values()),
                    "streams": at_once,
                    "streams_left": sum(bmc.streams_open for bmc in works),
                    "most_streams": max(bmc.most_streams for bmc in works),
                    "logins": sum(bmc.opened for bmc in bmcs.values()),
                }
            ),
            flush=True,
        )


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])))
