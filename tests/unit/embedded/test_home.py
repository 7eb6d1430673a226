"""The home folder: private, locked by one system, with ports and secrets that stay."""

import os
import socket
import stat
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from groundcrew_embedded.account import Account, Program, reachable, server_account
from groundcrew_embedded.home import Home, HomeError, default_home
from groundcrew_embedded.ports import claim


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.create()
    return made


def test_the_environment_names_the_home() -> None:
    assert default_home({"GROUNDCREW_HOME": "/srv/gc"}) == Path("/srv/gc")


def test_without_a_name_the_home_is_the_users_own_or_for_root_where_daemons_live() -> None:
    expected = Path("/var/lib/groundcrew") if os.geteuid() == 0 else Path("/home/me/.local/share/groundcrew")
    assert default_home({"HOME": "/home/me"}) == expected


def test_nobody_else_can_list_the_home_or_read_what_is_in_it(home: Home) -> None:
    assert stat.S_IMODE(home.path.stat().st_mode) & 0o066 == 0
    assert all(stat.S_IMODE(folder.stat().st_mode) == 0o700 for folder in home.path.iterdir())


def test_a_secret_is_made_once_and_private(home: Home) -> None:
    first = home.secret("nats-trigger")
    assert home.secret("nats-trigger") == first
    assert home.secret("nats-context") != first
    assert stat.S_IMODE((home.secrets / "nats-trigger").stat().st_mode) == 0o600


def test_one_system_per_home(home: Home) -> None:
    with (
        home.locked(),
        pytest.raises(HomeError, match=f"in use by process {os.getpid()}; `groundcrew down` stops it"),
        home.locked(),
    ):
        pass
    assert home.holder() is None
    with home.locked():
        assert home.holder() == os.getpid()
    assert home.holder() is None


def test_asking_who_holds_a_home_turns_no_system_away(home: Home) -> None:
    asked = threading.Event()

    def ask() -> None:
        while not asked.is_set():
            home.holder()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(ask)
        try:
            for _ in range(2000):
                with home.locked():
                    pass
        finally:
            asked.set()


def test_a_home_that_cannot_be_made_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HomeError, match=r"file.*set GROUNDCREW_HOME to a folder you may write to"):
        Home(tmp_path / "file" / "home").create()


def test_ports_stay_unless_somebody_took_them(tmp_path: Path) -> None:
    names, book = ["nats", "postgres"], tmp_path / "ports.json"
    first = claim(names, book)
    assert claim(names, book) == first
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", first["nats"]))
        taken.listen()
        second = claim(names, book)
    assert second["nats"] != first["nats"]
    assert second["postgres"] == first["postgres"]


def test_two_names_never_share_a_port(tmp_path: Path) -> None:
    names = [f"server-{number}" for number in range(20)]
    assert len(set(claim(names, tmp_path / "ports.json").values())) == 20


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes to another account")
def test_a_program_in_a_closed_folder_is_copied_where_the_servers_account_reaches_it(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    source = tmp_path / "site-packages"  # pytest's folders are closed to others, as /root is
    (source / "package" / "bin").mkdir(parents=True)
    (source / "package.libs").mkdir()
    (source / "package" / "bin" / "server").write_text("#!/bin/sh\ncat $(dirname $0)/../../package.libs/words\n")
    (source / "package" / "bin" / "server").chmod(0o700)
    (source / "package.libs" / "words").write_text("hello")
    (source / "package.libs" / "words").chmod(0o600)
    account = server_account()
    program = Program("pytest", source, ("package/bin", "package.libs"), "package/bin/server")
    copies = Path("/tmp") / f"gc-copies-{os.getpid()}"
    try:
        path = reachable(account, program, copies)
        said = subprocess.run([path], capture_output=True, text=True, check=True, **account.identity())
        assert said.stdout == "hello"
        assert reachable(account, program, copies) == path
    finally:
        subprocess.run(["/bin/rm", "-rf", copies], check=True)


def test_without_root_programs_run_where_they_are(tmp_path: Path) -> None:
    account = Account(os.geteuid(), os.getegid(), "me", drops=False)
    (tmp_path / "server").write_text("")
    assert reachable(account, Program("x", tmp_path, ("server",), "server"), tmp_path / "c") == tmp_path / "server"
