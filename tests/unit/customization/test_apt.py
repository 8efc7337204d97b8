"""The guest's apt: whole argument lists, what it says, and what a step makes of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from goldsmith.customization.kinds.install import Install
from goldsmith.customization.kinds.uninstall import Uninstall
from goldsmith.customization.kinds.update import Update
from goldsmith.customization.packagers import apt
from goldsmith.errors import InputError, ProcessError
from goldsmith.events import Note
from goldsmith.guest.guest import Features
from goldsmith.guest.info import PackageManager

COMMON = (
    "apt-get",
    "--yes",
    "--quiet=2",
    "-oDpkg::Options::=--force-confdef",
    "-oDpkg::Options::=--force-confold",
    "-oDpkg::Use-Pty=0",
    "-oDPkg::Lock::Timeout=60",
    "-oAcquire::Retries=3",
    "-oAPT::Get::AllowUnauthenticated=false",
)
UPDATE = (*COMMON, "-oAPT::Update::Error-Mode=any", "update")


def paragraph(name: str, version: str = "1", state: str = "install ok installed", arch: str = "amd64") -> str:
    return (
        f"Package: {name}\nStatus: {state}\nArchitecture: {arch}\nVersion: {version}\nDescription: x\n Status: no\n\n"
    )


class Repository:
    """Plays apt-get: what is installed grows and shrinks, the lists appear."""

    def __init__(self, bench: Any, dependencies: dict[str, list[str]] | None = None) -> None:
        self.bench, self.dependencies = bench, dependencies or {}
        self.there = {"base-files": "1"}
        self.save()
        bench.guest.answer = self.answer

    def save(self) -> None:
        status = self.bench / "var/lib/dpkg/status"
        status.write_text("".join(paragraph(name, version) for name, version in self.there.items()))

    def answer(self, argv: tuple[str, ...]) -> tuple[int, bytes]:
        names = argv[argv.index("--") + 1 :] if "--" in argv else ()
        if "update" in argv:
            lists = self.bench / "var/lib/apt/lists"
            lists.mkdir(parents=True, exist_ok=True)
            (lists / "example_dists_stable_main_binary-amd64_Packages").write_text("x")
        elif "install" in argv:
            for name in names:
                self.there |= dict.fromkeys((name, *self.dependencies.get(name, [])), "1")
        elif "purge" in argv:
            for name in names:
                del self.there[name]
        elif "upgrade" in argv:
            self.there = dict.fromkeys(self.there, "2") | {"new-kernel": "2"}
        self.save()
        return 0, b"Setting up\n"


def install(*names: str) -> Install:
    return Install.model_validate(list(names))


def test_install_runs_apt_get_with_these_arguments_and_no_others(bench: Any) -> None:
    Repository(bench)
    install("htop", "vim=2:9.0.1378-2").perform(bench.session)
    assert [(run.argv, run.network) for run in bench.guest.runs] == [
        (UPDATE, True),
        ((*COMMON, "install", "--", "htop", "vim=2:9.0.1378-2"), True),
    ]
    assert bench.guest.runs[1].env == {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/root",
        "LC_ALL": "C.UTF-8",
        "LANG": "C.UTF-8",
        "TERM": "dumb",
        "DEBIAN_FRONTEND": "noninteractive",
        "DEBCONF_NONINTERACTIVE_SEEN": "true",
        "APT_LISTCHANGES_FRONTEND": "none",
        "NEEDRESTART_SUSPEND": "1",
        "UCF_FORCE_CONFFOLD": "1",
    }


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "ftp_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_install_counts_what_was_asked_for_and_what_came_along(bench: Any) -> None:
    Repository(bench, {"htop": ["libncursesw6", "libnl-3-200"]})
    assert install("htop", "tree").perform(bench.session) == "2 packages (+2)"
    assert install("htop").perform(bench.session) == "already there"


def test_the_lists_are_refreshed_once_in_a_session(bench: Any) -> None:
    Repository(bench)
    install("htop").perform(bench.session)
    install("tree").perform(bench.session)
    assert [run.argv[-1] for run in bench.guest.runs] == ["update", "htop", "tree"]


@pytest.mark.parametrize(
    "path", ["etc/apt/sources.list.d/own.sources", "etc/apt/preferences", "usr/share/keyrings/own.gpg"]
)
def test_new_package_sources_make_the_lists_stale(bench: Any, path: str) -> None:
    Repository(bench)
    install("htop").perform(bench.session)
    (bench / path).parent.mkdir(parents=True, exist_ok=True)
    (bench / path).write_text("x")
    install("tree").perform(bench.session)
    assert [run.argv[-1] for run in bench.guest.runs] == ["update", "htop", "update", "tree"]


def test_a_changed_package_source_makes_the_lists_stale(bench: Any) -> None:
    Repository(bench)
    source = bench / "etc/apt/sources.list"
    source.parent.mkdir()
    for name, content in (("htop", "one"), ("tree", "one"), ("vim", "two")):
        source.write_text(content)
        install(name).perform(bench.session)
    assert [run.argv[-1] for run in bench.guest.runs] == ["update", "htop", "tree", "update", "vim"]


def test_lists_that_a_step_threw_away_are_refreshed(bench: Any) -> None:
    Repository(bench)
    install("htop").perform(bench.session)
    for path in (bench / "var/lib/apt/lists").iterdir():
        path.unlink()
    install("tree").perform(bench.session)
    assert [run.argv[-1] for run in bench.guest.runs] == ["update", "htop", "update", "tree"]


def test_proxies_of_the_host_reach_apt_and_their_password_no_log(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    Repository(bench)
    monkeypatch.setenv("http_proxy", "http://me:s3cret@proxy.example.org:3128")
    bench.guest.answer = lambda _: (100, b"E: Failed to fetch x by http://me:s3cret@proxy.example.org:3128/\n")
    with pytest.raises(ProcessError) as caught:
        install("htop").perform(bench.session)
    assert bench.guest.runs[0].env["http_proxy"] == "http://me:s3cret@proxy.example.org:3128"
    assert "s3cret" not in repr((caught.value.message, caught.value.log_tail, bench.printed))
    assert caught.value.log_tail == ("E: Failed to fetch x by http://me:***@proxy.example.org:3128/",)


def test_a_failure_shows_the_last_lines_and_what_they_mean(bench: Any) -> None:
    Repository(bench)
    said = b"Reading...\rDone\nE: Unable to locate package htpo\x1b[0m\n"
    bench.guest.answer = lambda argv: (100, said) if "install" in argv else (0, b"")
    with pytest.raises(ProcessError) as caught:
        install("htpo").perform(bench.session)
    assert caught.value.message.startswith("install: installing htpo: package htpo")
    assert caught.value.message.endswith("is not known to the guest's package sources")
    assert caught.value.log_tail == ("Done", "E: Unable to locate package htpo\\x1b[0m")


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("E: Unable to locate package nope\n", "package nope is not known to the guest's package sources"),
        ("E: Package 'mta' has no installation candidate\n", "package mta is not known to the guest's package sources"),
        (
            "E: Version '9' for 'vim' was not found\n",
            "version 9 of package vim is not known to the guest's package sources",
        ),
        ("E: You don't have enough free space in /var/cache/apt/archives/.\n", "the guest's file system is full"),
        ("dpkg: error: write: No space left on device\n", "the guest's file system is full"),
        (
            "W: Failed to fetch http://example.org/x  Temporary failure resolving 'example.org'\n",
            (
                "the guest's package sources cannot be reached: "
                "Failed to fetch http://example.org/x  Temporary failure resolving 'example.org'"
            ),
        ),
        (
            "W: GPG error: http://example.org x: the following signatures: NO_PUBKEY 12\nE: is not signed.\n",
            (
                "a package source's signature does not hold: "
                "GPG error: http://example.org x: the following signatures: NO_PUBKEY 12"
            ),
        ),
        (
            "The following packages have unmet dependencies:\n a : Depends: b\n",
            "the packages cannot be installed together",
        ),
    ],
)
def test_what_apt_says_is_explained(output: str, message: str) -> None:
    said = apt.explain(output)
    assert said is not None
    assert said.message == message


def test_what_speaks_for_itself_is_not_explained(bench: Any) -> None:
    assert apt.explain("E: Sub-process /usr/bin/dpkg returned an error code (1)\n") is None
    bench.guest.answer = lambda argv: (100, b"E: Sub-process") if "install" in argv else (0, b"")
    with pytest.raises(ProcessError, match="install: installing htop: apt-get ended with exit code 100"):
        install("htop").perform(bench.session)


def test_uninstall_purges_what_is_there_and_warns_about_the_rest(bench: Any) -> None:
    repository = Repository(bench)
    repository.there["snapd"] = "2"
    repository.save()
    assert Uninstall.model_validate(["snapd", "ghost"]).perform(bench.session) == "1 package removed"
    assert [(run.argv, run.network) for run in bench.guest.runs] == [((*COMMON, "purge", "--", "snapd"), False)]
    assert bench.events == [Note("uninstall: ghost is not installed", warning=True)]
    assert Uninstall.model_validate(["ghost"]).perform(bench.session) == "nothing to remove"


def test_update_upgrades_all_and_counts(bench: Any) -> None:
    Repository(bench)
    assert Update.model_validate(True).perform(bench.session) == "1 package upgraded (+1)"
    assert bench.guest.runs[1].argv == (*COMMON, "--with-new-pkgs", "upgrade")
    bench.guest.answer = lambda _: (0, b"")
    assert Update.model_validate(True).perform(bench.session) == "all up to date"


@pytest.mark.parametrize(
    "name",
    ["-y", "--force-yes", "htop-", "ht op", "./x.deb", "/x.deb", "vim/stable", "lib*", "^vim$", "", "a;b", "a\n"],
)
def test_names_that_apt_would_take_for_something_else_are_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="name of a package"):
        install(name)


@pytest.mark.parametrize(
    "name", ["htop", "g++", "libstdc++6", "vim-enhanced", "libc6:i386", "nginx=1.22.1-9+deb12u1", "2to3"]
)
def test_names_of_packages_pass(name: str) -> None:
    assert install(name).root == (name,)


def test_an_empty_list_is_refused() -> None:
    with pytest.raises(ValidationError):
        install()


def test_other_package_managers_are_not_yet_supported(bench: Any) -> None:
    info = replace(bench.session.info, pretty_name="Rocky Linux 10", package_manager=PackageManager.DNF)
    with pytest.raises(
        InputError, match=r"install: packages are not yet supported for Rocky Linux 10 \(dnf\)"
    ) as caught:
        install("htop").perform(replace(bench.session, info=info))
    assert caught.value.hint == "works for guests with apt; elsewhere use a `run` step with network: true"


def test_an_engine_that_runs_nothing_is_named_before_anything_happens(bench: Any) -> None:
    bench.guest.features = Features(can_run=False, can_trim=False)
    with pytest.raises(InputError, match="install: the engine scripted cannot run programs of the guest"):
        install("htop").perform(bench.session)
    assert bench.guest.runs == []
