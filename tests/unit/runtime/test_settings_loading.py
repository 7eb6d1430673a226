"""Settings: what a person reads when something in the file or the environment is wrong."""

from pathlib import Path

import pytest
from pydantic import Field, SecretStr

from groundcrew.runtime.settings import Section, ServiceSettings, SettingsError, load, redacted


class TriggerSection(Section):
    packs: list[str] = Field(default_factory=lambda: ["linux"])
    quiet_s: float = Field(60, gt=0)
    api_token: SecretStr = SecretStr("")


class Settings(ServiceSettings):
    trigger: TriggerSection = TriggerSection()


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    return tmp_path / "groundcrew.toml"


def problems(toml: Path, environ: dict[str, str], text: str | None = None) -> list[str]:
    if text is not None:
        toml.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load(Settings, environ=environ, config_path=toml if text is not None else None)
    return [line.replace(str(toml), "FILE") for line in caught.value.lines]


def test_defaults_run_on_this_machine_without_a_file() -> None:
    settings = load(Settings, environ={"PATH": "/bin"})
    assert settings.nats.url == "nats://127.0.0.1:4222"
    assert settings.site.name == "default"


def test_environment_wins_over_the_file_and_overrides_win_over_both(toml: Path) -> None:
    toml.write_text('[nats]\nurl = "nats://file:1"\nuser = "file"\n[trigger]\nquiet_s = 5\n')
    environ = {"GROUNDCREW_NATS__URL": "nats://env:2", "GROUNDCREW_NATS__USER": "env"}
    settings = load(Settings, environ=environ, config_path=toml, overrides={"nats": {"user": "cli"}})
    assert (settings.nats.url, settings.nats.user, settings.trigger.quiet_s) == ("nats://env:2", "cli", 5)


def test_groundcrew_config_names_the_file(toml: Path) -> None:
    toml.write_text('[site]\nname = "attic"\n')
    assert load(Settings, environ={"GROUNDCREW_CONFIG": str(toml)}).site.name == "attic"


@pytest.mark.parametrize("text", ["a,b", ' ["a", "b"]', "a, b ,"])
def test_a_list_in_the_environment_is_json_or_words_with_commas(text: str) -> None:
    assert load(Settings, environ={"GROUNDCREW_TRIGGER__PACKS": text}).trigger.packs == ["a", "b"]


def test_a_secret_comes_from_a_file_without_its_last_newline(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text(" pass word \n")
    settings = load(Settings, environ={"GROUNDCREW_NATS__PASSWORD_FILE": str(secret)})
    assert settings.nats.password.get_secret_value() == " pass word "


def test_names_without_section_and_test_names_are_let_through() -> None:
    names = ("HOME", "CONFIG", "DATA", "SCENARIOS", "TEST_POSTGRES")
    load(Settings, environ={f"GROUNDCREW_{name}": "" for name in names})


def test_a_section_of_another_service_is_left_to_that_service(toml: Path) -> None:
    toml.write_text("[review]\nanything = 1\n")
    load(Settings, environ={"GROUNDCREW_GATEWAY__WHATEVER": "1"}, config_path=toml)


@pytest.mark.parametrize(
    ("environ", "line"),
    [
        (
            {"GROUNDCREW_NATS__ULR": "x"},
            "GROUNDCREW_NATS__ULR: unknown key nats.ulr; did you mean 'url'?",
        ),
        (
            {"GROUNDCREW_NATZ__URL": "x"},
            "GROUNDCREW_NATZ__URL: unknown section 'natz'; did you mean 'nats'?",
        ),
        (
            {"GROUNDCREW_HTTP__PORT": "70000"},
            "GROUNDCREW_HTTP__PORT: http.port = '70000': expected a number less than or equal to 65535",
        ),
        (
            {"GROUNDCREW_HTTP__PORT": "http"},
            "GROUNDCREW_HTTP__PORT: http.port = 'http': expected a valid integer, unable to parse string as an integer",
        ),
        (
            {"GROUNDCREW_SITE__NAME": "My Site"},
            (
                "GROUNDCREW_SITE__NAME: site.name = 'My Site': site 'My Site': expected 1 to 63 characters of a-z, 0-9 "
                "and '-', not starting with '-'"
            ),
        ),
        (
            {"GROUNDCREW_NATS__PASSWORD_FILE": "/nowhere/secret"},
            (
                "GROUNDCREW_NATS__PASSWORD_FILE: cannot read '/nowhere/secret': No such file or directory; "
                "expected a file holding nats.password"
            ),
        ),
        (
            {"GROUNDCREW_NATS__PASSWORD_FILE": "/nowhere", "GROUNDCREW_NATS__PASSWORD": "x"},
            "GROUNDCREW_NATS__PASSWORD_FILE: GROUNDCREW_NATS__PASSWORD is set as well; expected only one of the two",
        ),
        (
            {"GROUNDCREW_NATS__URL_FILE": "/tmp/x"},
            (
                "GROUNDCREW_NATS__URL_FILE: unknown key nats.url_file; "
                "expected one of password, replicas, url, user, wait_s"
            ),
        ),
        (
            {"GROUNDCREW_CONFIG": "/nowhere/groundcrew.toml"},
            "/nowhere/groundcrew.toml: no such file; GROUNDCREW_CONFIG names the configuration file",
        ),
    ],
)
def test_one_line_says_what_is_wrong_in_the_environment(toml: Path, environ: dict[str, str], line: str) -> None:
    assert problems(toml, environ) == [line]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[nats]\nwait_s = 0\n", "FILE: nats.wait_s = 0: expected a number greater than 0"),
        ("[nats]\nwait = 1\n", "FILE: unknown key nats.wait; did you mean 'wait_s'?"),
        ("[trigger]\npacks = 3\n", "FILE: trigger.packs = 3: expected a valid list"),
        ("[trigger]\npacks = [3]\n", "FILE: trigger.packs.0 = 3: expected a valid string"),
        ("[natz]\n", "FILE: unknown section [natz]; did you mean 'nats'?"),
        ("nats = 3\n", "FILE: nats: expected a table [nats], found int"),
        ("[log]\nlevel = 'loud'\n", "FILE: log.level = 'loud': expected 'debug', 'info', 'warning' or 'error'"),
        ("[nats\n", "FILE: not valid TOML: Expected ']' at the end of a table declaration (at line 1, column 6)"),
    ],
)
def test_one_line_says_what_is_wrong_in_the_file(toml: Path, text: str, line: str) -> None:
    assert problems(toml, {}, text) == [line]


def test_an_unknown_name_without_section_lists_what_there_is(toml: Path) -> None:
    [line] = problems(toml, {"GROUNDCREW_HOEM": "/tmp"})
    assert line.startswith("GROUNDCREW_HOEM: unknown name; expected GROUNDCREW_<SECTION>__<KEY>")
    assert "GROUNDCREW_HOME" in line


def test_every_problem_is_told_at_once(toml: Path) -> None:
    found = problems(toml, {"GROUNDCREW_HTTP__PORT": "x", "GROUNDCREW_FOO": "1"}, "[nats]\nwait_s = 0\n")
    assert len(found) == 3


def test_the_value_of_a_secret_is_never_shown(toml: Path) -> None:
    text = '[nats]\npassword = ["hunter2"]\npasword = "hunter2"\nurl = 3\n[trigger]\napi_token = 77\n'
    found = problems(toml, {}, text)
    assert len(found) == 4
    assert not any("hunter2" in line or "77" in line for line in found)


def test_config_show_hides_secrets_and_says_where_there_is_none() -> None:
    environ = {"GROUNDCREW_TRIGGER__API_TOKEN": "hunter2", "GROUNDCREW_NATS__URL": "nats://me:hunter2@hub:4222"}
    shown = redacted(load(Settings, environ=environ))
    assert shown["trigger"]["api_token"] == "********"
    assert shown["nats"]["password"] == ""
    assert shown["nats"]["url"] == "nats://********@hub:4222"
    assert "hunter2" not in str(shown)
