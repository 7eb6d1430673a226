"""Settings of the `groundcrew` command."""

from pydantic import Field, SecretStr

from groundcrew.runtime.settings import Section, ServiceSettings


class CliSection(Section):
    url: str = Field("", max_length=500, description="address of the system to ask; empty: the one of this machine")
    mcp_url: str = Field(
        "", max_length=500, description="address of the MCP server that `groundcrew mcp` asks; empty: of this machine"
    )
    api_key: SecretStr = Field(SecretStr(""), description="API key to show it; empty: the one that `up` made")


class Settings(ServiceSettings):
    cli: CliSection = CliSection()
