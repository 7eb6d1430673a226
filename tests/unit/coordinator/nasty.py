"""Servers that do to a client whatever a server can do wrong. Each runs on loopback until its test ends."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter, str], Awaitable[None]]
"""What is done once a request's path is known."""

MODELS = b'{"object": "list", "data": [{"id": "nasty", "object": "model"}]}'
SPOKEN = b'{"choices": [{"message": {"content": "%s"}, "finish_reason": "stop"}], "model": "nasty", "usage": %s}'


def reply(body: bytes, *, status: str = "200 OK", kind: str = "application/json", extra: str = "") -> bytes:
    head = (
        f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n{extra}\r\n"
    )
    return head.encode() + body


def unending(kind: str) -> bytes:
    return f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n".encode()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


class Nasty:
    """Lists its model as it should and counts what else it is asked; then `talk` begins."""

    def __init__(self, talk: Talk, *, lists: bool = True) -> None:
        self._talk = talk
        self._lists = lists
        self.connections = 0
        self.questions = 0
        self.bodies: list[bytes] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(b" ")[1].decode()
            if path.endswith("/models") and self._lists:
                writer.write(reply(MODELS))
            else:
                length = next(
                    (int(h.split(b":")[1]) for h in head.lower().split(b"\r\n") if h.startswith(b"content-length")), 0
                )
                self.bodies.append(await reader.readexactly(length))
                self.questions += path.endswith("/chat/completions")
                await self._talk(reader, writer, path)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def running(talk: Talk, *, lists: bool = True) -> AsyncIterator[Nasty]:
    nasty = Nasty(talk, lists=lists)
    tasks: set[asyncio.Task[None]] = set()

    def began(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(nasty.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(began, "127.0.0.1", 0)
    nasty.port = server.sockets[0].getsockname()[1]
    try:
        yield nasty
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def hang(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter, _path: str) -> None:
    await asyncio.sleep(3_600)


def say(payload: bytes) -> Talk:
    """One payload, and the end."""

    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _path: str) -> None:
        writer.write(payload)

    return talk


def say_then_hang(payload: bytes) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str) -> None:
        writer.write(payload)
        await writer.drain()
        await hang(reader, writer, path)

    return talk


def repeat(head: bytes, payload: bytes) -> Talk:
    """Without an end, as fast as it is taken."""

    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _path: str) -> None:
        writer.write(head)
        while True:
            writer.write(payload)
            await writer.drain()

    return talk


def answering(text: str = "yes", usage: str = '{"prompt_tokens": 5, "completion_tokens": 3}') -> Talk:
    """Not nasty at all."""
    return say(reply(SPOKEN % (text.encode(), usage.encode())))
