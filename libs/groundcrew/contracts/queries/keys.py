"""A question to gateway: what an API key opens."""

from pydantic import Field

from groundcrew.contracts.envelope import Record
from groundcrew.contracts.identity import Site


class CheckKey(Record):
    """mcp was shown an API key, and asks what it opens."""

    key: str = Field(max_length=400, repr=False)
    address: str = Field("", max_length=100, description="of the client: refused credentials are counted by it")


class KeyStanding(Record):
    """`name` is empty where the key opens nothing."""

    name: str
    role: str = Field(description="viewer, operator or admin")
    sites: list[Site]
    wait_s: float = Field(0, description="above 0: too many keys of this address were refused; seconds to wait")
