from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from deploy.local.config import default_cache, default_home
from deploy.local.home import Home, disk_usage
from schemas.errors import LocalError


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"EARSHOT_HOME": "/a", "XDG_DATA_HOME": "/b"}, Path("/a")),
        ({"XDG_DATA_HOME": "/b"}, Path("/b/earshot")),
        ({"XDG_DATA_HOME": "relative"}, Path.home() / ".local/share/earshot"),
        ({}, Path.home() / ".local/share/earshot"),
    ],
)
def test_the_home_folder_follows_the_environment(environ: dict[str, str], expected: Path) -> None:
    assert default_home(environ) == expected


def test_the_cache_is_a_folder_of_its_own() -> None:
    assert default_cache({}) == Path.home() / ".cache/earshot"
    assert default_cache({"XDG_CACHE_HOME": "/c"}) == Path("/c/earshot")
    assert default_cache({"EARSHOT_CACHE": "/d"}) == Path("/d")


def test_a_password_is_made_once_and_only_the_owner_reads_it(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert home.password() is None
    first = home.keep_password()
    assert len(first) >= 24
    assert home.keep_password() == first == home.password()
    assert stat.S_IMODE(home.password_file.stat().st_mode) == 0o600
    assert Home(tmp_path / "..").keep_password() != first


def test_a_chosen_password_replaces_the_kept_one(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.keep_password()
    assert home.keep_password("chosen") == "chosen" == home.password()
    assert stat.S_IMODE(home.password_file.stat().st_mode) == 0o600


def test_strangers_cannot_look_into_a_home(tmp_path: Path) -> None:
    home = Home(tmp_path / "new")
    home.prepare()
    for folder in (home.path, home.kafka, home.clickhouse, home.logs, home.run):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_home_that_cannot_be_is_told_with_its_cure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalError, match="EARSHOT_HOME"):
        Home(tmp_path / "file" / "home").prepare()


def test_two_at_once_are_told_apart(tmp_path: Path) -> None:
    with (
        Home(tmp_path).locked(),
        pytest.raises(LocalError, match="try again"),
        Home(tmp_path).locked(),
    ):
        pytest.fail("the lock was given twice")
    with Home(tmp_path).locked():
        assert (tmp_path / "run").is_dir()


def test_a_lock_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "run" / "lock").mkdir(parents=True)
    with pytest.raises(LocalError, match="EARSHOT_HOME"), Home(tmp_path).locked():
        pytest.fail("locked a folder")


def test_holes_in_files_take_no_space(tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        os.truncate(file.fileno(), 50_000_000)
    (tmp_path / "full").write_bytes(os.urandom(100_000))
    assert 100_000 <= disk_usage(tmp_path) < 1_000_000
    assert disk_usage(tmp_path / "none") == 0
