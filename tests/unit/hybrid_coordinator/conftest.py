"""Sites with a memory, stopped again."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from .remembering import Site

MakeSite = Callable[..., Awaitable[Site]]


@pytest.fixture
async def make_site() -> AsyncIterator[MakeSite]:
    made: list[Site] = []

    async def make(name: str = "default", **more: Any) -> Site:
        section = more.pop("section", None)
        one = Site(name, **more)
        made.append(one)
        await one.start(section)
        return one

    yield make
    for one in made:
        await one.stack.aclose()


@pytest.fixture
async def site(make_site: MakeSite) -> Site:
    return await make_site()
