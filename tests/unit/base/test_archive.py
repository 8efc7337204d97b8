"""Which mirrors a bootstrap takes from the host's apt sources, and what the guest gets to see of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldsmith.base.bootstrap.archive import (
    Suite,
    credentials,
    find_suites,
    guest_sources,
    mirror_lines,
    without_credentials,
)
from goldsmith.base.distro import known

TRIXIE, BOOKWORM = known()["debian/13"], known()["debian/12"]
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
DEB822 = f"""\
# comment
Types: deb deb-src
URIs: http://mirror.example.org/debian
Suites: bookworm bookworm-updates
# a comment in between
Components: main
 contrib
Signed-By: {KEYRING}

Types: deb
URIs: https://mirror.example.org/debian-security
Suites: bookworm-security
Components: main
Signed-By: {KEYRING}
"""


def test_the_hosts_mirrors_serve_another_release() -> None:
    assert find_suites(TRIXIE, {"debian.sources": DEB822}) == (
        Suite("http://mirror.example.org/debian", "trixie"),
        Suite("http://mirror.example.org/debian", "trixie-updates"),
        Suite("https://mirror.example.org/debian-security", "trixie-security"),
    )


def test_an_old_style_list() -> None:
    text = f"""
deb-src http://mirror.example.org/debian bookworm main
deb [arch=amd64 signed-by={KEYRING}] http://mirror.example.org/debian/ bookworm main contrib # comment
#deb http://off.example.org/debian bookworm main
deb [signed-by={KEYRING}] http://mirror.example.org/debian-security bookworm-security main
"""
    assert find_suites(BOOKWORM, {"sources.list": text}) == (
        Suite("http://mirror.example.org/debian/", "bookworm"),
        Suite("http://mirror.example.org/debian-security", "bookworm-security"),
    )


def test_without_signed_by_the_folders_name_decides() -> None:
    text = "deb http://mirror.example.org/debian bookworm main\ndeb http://vendor.example.org/linux bookworm main\n"
    assert find_suites(BOOKWORM, {"sources.list": text}) == (Suite("http://mirror.example.org/debian", "bookworm"),)


@pytest.mark.parametrize(
    "line",
    [
        "deb [signed-by=/usr/share/keyrings/vendor.gpg] http://vendor.example.org/debian bookworm main",
        "deb http://vendor.example.org/linux/debian bookworm stable",
        "deb http://vendor.example.org/apt bookworm main",
        "deb [trusted=yes] http://vendor.example.org/repository ./",
        f"deb [signed-by={KEYRING}] file:/srv/debian bookworm main",
        f"deb [signed-by={KEYRING}] cdrom:[disc]/ bookworm main",
        f"deb [signed-by={KEYRING}] mirror+file:/etc/apt/mirrors bookworm main",
        "deb [signed-by=debian-archive-keyring.gpg] http://vendor.example.org/x bookworm main",
        "debian",
        "deb [ http://x",
        "deb http://[x/debian bookworm main",
        "",
    ],
)
def test_what_does_not_count(line: str) -> None:
    assert find_suites(BOOKWORM, {"vendor.list": line}) == ()


def test_a_source_that_is_switched_off() -> None:
    assert find_suites(BOOKWORM, {"debian.sources": f"Enabled: no\n{DEB822.partition(chr(10) * 2)[0]}"}) == ()


def test_third_parties_beside_it_change_nothing() -> None:
    vendor = DEB822.replace("mirror.example.org", "vendor.example.org").replace(KEYRING, "/usr/share/keyrings/v.gpg")
    alone = find_suites(BOOKWORM, {"debian.sources": DEB822})
    assert find_suites(BOOKWORM, {"a-vendor.sources": vendor, "debian.sources": DEB822}) == alone


def test_backports_are_not_taken_for_the_release() -> None:
    text = f"deb [signed-by={KEYRING}] http://mirror.example.org/debian bookworm-backports main\n"
    assert find_suites(BOOKWORM, {"b.list": text}) == ()


def test_only_the_archives_key_is_accepted() -> None:
    suites = (Suite("http://mirror.example.org/debian", "bookworm"),)
    assert mirror_lines(suites, Path(KEYRING)) == [
        f"deb [signed-by={KEYRING}] http://mirror.example.org/debian bookworm main"
    ]


def test_no_mirror_of_its_own_leaves_the_default_to_mmdebstrap() -> None:
    assert mirror_lines((), Path(KEYRING)) == []


def test_the_guest_sees_no_credentials() -> None:
    suites = (
        Suite("https://user:secret@mirror.example.org/debian", "bookworm"),
        Suite("https://user:secret@mirror.example.org/debian", "bookworm-updates"),
        Suite("https://mirror.example.org/debian-security", "bookworm-security"),
    )
    assert guest_sources(suites, Path(KEYRING)) == (
        "Types: deb\nURIs: https://mirror.example.org/debian\nSuites: bookworm bookworm-updates\n"
        f"Components: main\nSigned-By: {KEYRING}\n\n"
        "Types: deb\nURIs: https://mirror.example.org/debian-security\nSuites: bookworm-security\n"
        f"Components: main\nSigned-By: {KEYRING}\n"
    )
    assert credentials(suites) == ("user:secret",)


def test_an_address_without_credentials_stays_as_it_is() -> None:
    assert without_credentials("http://mirror.example.org:8080/debian/") == "http://mirror.example.org:8080/debian/"


@given(
    st.lists(st.sampled_from([*DEB822.splitlines(keepends=True), "deb http://[x y main\n", "\n", " :\n", "deb [ ] \n"]))
)
def test_no_text_stops_the_reader(lines: list[str]) -> None:
    for name in ("a.list", "a.sources"):
        assert all(suite.name.startswith("bookworm") for suite in find_suites(BOOKWORM, {name: "".join(lines)}))
