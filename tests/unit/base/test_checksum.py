"""Checksum files as vendors write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldsmith.base.checksum import Digest, digest_for
from goldsmith.errors import TrustError

A, B = "a" * 64, "b" * 64
LONG = "c" * 128
WHERE = "https://example.org/SHA256SUMS"


def digest(text: str, name: str = "disk.qcow2") -> Digest:
    return digest_for(text, name, where=WHERE)


@pytest.mark.parametrize(
    "line",
    [
        f"{A}  disk.qcow2",
        f"{A} *disk.qcow2",
        f"{A}\tdisk.qcow2",
        f"{A}  ./disk.qcow2",
        f"{A}  images/x86_64/disk.qcow2",
        f"{A.upper()}  disk.qcow2",
        f"SHA256 (disk.qcow2) = {A}",
        f"SHA2-256(disk.qcow2)= {A}",
        f"\ufeff{A}  disk.qcow2",
        f"{A}  disk.qcow2\r",
    ],
)
def test_one_file_in_every_style(line: str) -> None:
    assert digest(f"{line}\n") == Digest("sha256", A)


def test_the_file_among_others() -> None:
    assert digest(f"{B}  disk.qcow2.old\n{A}  disk.qcow2\n{B}  other-disk.qcow2\n") == Digest("sha256", A)


def test_a_vendor_file_with_comments_and_a_signature() -> None:
    text = f"""-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA256

# disk.qcow2: 565182464 bytes
SHA256 (disk.qcow2) = {A}
# other.raw.xz: 12 bytes
SHA256 (other.raw.xz) = {B}
-----BEGIN PGP SIGNATURE-----

iQIzBAEBCAAdFiEE
-----END PGP SIGNATURE-----
"""
    assert digest(text) == Digest("sha256", A)


def test_the_strongest_of_several_digests() -> None:
    assert digest(f"SHA256 (disk.qcow2) = {A}\nSHA512 (disk.qcow2) = {LONG}\n") == Digest("sha512", LONG)


def test_a_digest_alone_is_of_the_file_beside_it() -> None:
    assert digest(f"{A}\n") == Digest("sha256", A)


def test_two_digests_alone_are_of_nothing() -> None:
    with pytest.raises(TrustError, match="has no SHA-256"):
        digest(f"{A}\n{B}\n")


def test_the_same_line_twice_is_one() -> None:
    assert digest(f"{A}  disk.qcow2\n{A} *./disk.qcow2\n") == Digest("sha256", A)


def test_two_different_digests_are_refused() -> None:
    with pytest.raises(TrustError, match=r"2 different sha256 digests for disk.qcow2"):
        digest(f"{A}  disk.qcow2\n{B}  old/disk.qcow2\n")


def test_a_missing_name_says_what_is_listed() -> None:
    with pytest.raises(TrustError, match=r"has no SHA-256, SHA-384 or SHA-512 digest for disk.qcow2") as raised:
        digest(f"{A}  one.raw\n{A}  two.raw\n")
    assert raised.value.hint == "it lists one.raw, two.raw"
    assert raised.value.exit_code == 4


def test_an_old_digest_is_not_enough() -> None:
    with pytest.raises(TrustError) as raised:
        digest(f"MD5 (disk.qcow2) = {'d' * 32}\n{'e' * 40}  disk.qcow2\n")
    assert raised.value.hint is not None
    assert "MD5" in raised.value.hint


def test_a_page_is_no_checksum_file() -> None:
    with pytest.raises(TrustError) as raised:
        digest("<html><body><h1>404</h1></body></html>\n")
    assert raised.value.hint == "is it a checksum file? Name its own address, not that of a page about it"


def test_an_escaped_name() -> None:
    assert digest_for(f"\\{A}  a\\\\b\\nc\n", "a\\b\nc", where=WHERE) == Digest("sha256", A)


def test_hostile_names_are_shown_harmless() -> None:
    with pytest.raises(TrustError) as raised:
        digest(f"{A}  \x1b[2Jevil\n{A}  {'x' * 5000}\n")
    assert raised.value.hint is not None
    assert "\x1b" not in raised.value.hint
    assert len(raised.value.hint) < 300


@pytest.mark.parametrize("name", ["disk.qcow2 ", "DISK.QCOW2", "disk.qcow2.asc", "adisk.qcow2"])
def test_a_name_like_it_is_another(name: str) -> None:
    with pytest.raises(TrustError):
        digest(f"SHA256 ({name}) = {A}\n")


@given(st.text(), st.text(min_size=1).filter(lambda name: name.splitlines() == [name] and name.strip() == name))
def test_a_listed_file_is_found_whatever_stands_around_it(noise: str, name: str) -> None:
    around = "".join(character for character in noise if character not in "0123456789abcdefABCDEF")
    if "/" in name or name.startswith("*"):
        return
    assert digest_for(f"{around}\nSHA256 ({name}) = {A}\n{around}\n", name, where=WHERE) == Digest("sha256", A)
