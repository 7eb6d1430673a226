"""Serves simulated BMCs over HTTPS: HTTP/1.1 with connections that stay open, on the running event loop."""

import asyncio
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass

from .bmc import STREAM, Answer, RedfishBmc

HANG_S = 3_600
_STATUS = {200: "OK", 201: "Created", 204: "No Content", 304: "Not Modified", 401: "Unauthorized", 404: "Not Found"}


@dataclass
class Served:
    """A BMC and where it listens."""

    bmc: RedfishBmc
    port: int


@asynccontextmanager
async def serving(bmc: RedfishBmc, context: ssl.SSLContext) -> AsyncIterator[Served]:
    """One BMC on a free port of 127.0.0.1."""
    async with listening(lambda _address: bmc, context, "127.0.0.1") as port:
        yield Served(bmc, port)


@contextmanager
def threaded(bmc: RedfishBmc, context: ssl.SSLContext) -> Iterator[Served]:
    """The same on an event loop of its own, for tests that block theirs or watch another process."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    running = serving(bmc, context)
    try:
        yield asyncio.run_coroutine_threadsafe(running.__aenter__(), loop).result(10)
    finally:
        asyncio.run_coroutine_threadsafe(running.__aexit__(None, None, None), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@asynccontextmanager
async def listening(
    whose: Callable[[str], RedfishBmc], context: ssl.SSLContext, host: str, port: int = 0
) -> AsyncIterator[int]:
    """`whose` tells the BMC by the address that a connection came to, so that one socket serves a fleet."""
    open_now: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_now.add(task)
        bmc = whose(writer.get_extra_info("sockname")[0])
        bmc.connections += 1
        bmc.most_connections = max(bmc.most_connections, bmc.connections)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, asyncio.CancelledError):
                await _conversation(bmc, reader, writer)
        finally:
            bmc.connections -= 1
            open_now.discard(task)
            writer.close()

    server = await asyncio.start_server(connected, host, port, ssl=context, backlog=1_024)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(open_now):
            task.cancel()
        await asyncio.gather(*open_now, return_exceptions=True)


async def _conversation(bmc: RedfishBmc, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while head := await reader.readuntil(b"\r\n\r\n"):
        lines = head.decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ", 2)
        headers = {}
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if colon:
                headers[name.strip().lower()] = value.strip()
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        if bmc.hangs:
            await asyncio.sleep(HANG_S)
        await asyncio.sleep(bmc.slow_s)
        if bmc.streams and method == "GET" and target.partition("?")[0] == STREAM and bmc.knows(headers):
            await _stream(bmc, reader, writer)
            return
        answer = bmc.answer(method, target, headers, body)
        await _say(bmc, writer, answer)


async def _say(bmc: RedfishBmc, writer: asyncio.StreamWriter, answer: Answer) -> None:
    head = [f"HTTP/1.1 {answer.status} {_STATUS.get(answer.status, 'Error')}", f"Content-Length: {len(answer.body)}"]
    if answer.status == 304:
        head.pop()
    said = "\r\n".join([*head, *(f"{name}: {value}" for name, value in answer.headers.items()), "", ""]).encode()
    said += answer.body
    if bmc.drips:
        for byte in said:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.2)
        return
    writer.write(said)
    await writer.drain()


async def _stream(bmc: RedfishBmc, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Events of entries as they are added, with what can be wrong with such a stream."""
    loop, news = asyncio.get_running_loop(), asyncio.Event()
    key = object()
    bmc.listening[key] = lambda: loop.call_soon_threadsafe(news.set)
    bmc.streams_opened += 1
    bmc.streams_open += 1
    bmc.most_streams = max(bmc.most_streams, bmc.streams_open)
    left = asyncio.ensure_future(reader.read())
    left.add_done_callback(lambda _: news.set())
    try:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        await _chunk(writer, b": stream keep-alive\n\n")
        while True:
            await news.wait()
            news.clear()
            if left.done():
                return
            match bmc.stream_fault:
                case "silent":
                    continue
                case "drops":
                    return
                case "half":
                    await _chunk(writer, bmc.event()[:40])
                    return
                case "garbage":
                    await _chunk(writer, b"data: {\xff\xfe\n\n" * 50)
                case "floods":
                    for _ in range(200):
                        await _chunk(writer, b'data: {"Events": []}\n\n' * 1_000)
                case _:
                    await _chunk(writer, bmc.event())
    finally:
        left.cancel()
        await asyncio.gather(left, return_exceptions=True)
        bmc.streams_open -= 1
        del bmc.listening[key]


async def _chunk(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
    await writer.drain()
