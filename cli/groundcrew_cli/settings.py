"""Settings of the `groundcrew` command."""

from pydantic import Field, SecretStr

from groundcrew.runtime.settings import Section, ServiceSettings


class CliSection(Section):
    url: str = Field("", max_length=500, description="address of the system to ask; empty: the one of this machine")
    api_key: SecretStr = Field(SecretStr(""), description="API key to show it; empty: the one that `up` made")


class ModelsSection(Section):
    dir: str = Field("", max_length=500, description="folder of model files; empty: `models` in GROUNDCREW_HOME")
    trigger: str = Field("", description="catalogue name of trigger's model; empty: what is pulled, else the default")
    review: str = Field("", description="the same for review")
    meta: str = Field("", description="the same for meta")


class Settings(ServiceSettings):
    cli: CliSection = CliSection()
    models: ModelsSection = ModelsSection()
