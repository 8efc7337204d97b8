"""Names, versions and references of images."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldsmith.disk.disk import DiskFormat
from goldsmith.errors import InputError
from goldsmith.pool.naming import NAME, VERSION, ImageName, parse_file, parse_reference, version_order


def test_files_of_an_image() -> None:
    name = ImageName("rocky10-base", "1.0")
    assert (str(name), name.stem) == ("rocky10-base:1.0", "rocky10-base-v1.0")
    assert name.file(DiskFormat.QCOW2) == "rocky10-base-v1.0.qcow2"
    assert name.file(DiskFormat.RAW) == "rocky10-base-v1.0.raw"
    assert name.manifest == "rocky10-base-v1.0.json"


@given(
    st.from_regex(NAME, fullmatch=True),
    st.from_regex(VERSION, fullmatch=True).filter(lambda text: "-v" not in text),
    st.sampled_from(list(DiskFormat)),
)
def test_file_names_are_read_back(name: str, version: str, stated: DiskFormat) -> None:
    image = ImageName(name, version)
    assert parse_file(image.file(stated)) == (image, stated)


@pytest.mark.parametrize("name", ["", "a/b", "../x", ".hidden", "-x", "a b", "ä", "a:b", "a\nb", "x" * 200])
def test_unsafe_names_are_refused(name: str) -> None:
    with pytest.raises(InputError):
        ImageName(name, "1.0")


@pytest.mark.parametrize("version", ["", "1/0", "..", "1 0", "1:0", "1-v2", "\x1b[2J"])
def test_unsafe_versions_are_refused(version: str) -> None:
    with pytest.raises(InputError) as caught:
        ImageName("base", version)
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("file", ["x.qcow2", "x-v1.0", "x-v1.0.json", "-v1.qcow2", "x-v.qcow2", ".goldsmith-1-ab"])
def test_other_files_are_none_of_ours(file: str) -> None:
    assert parse_file(file) is None


def test_references() -> None:
    assert parse_reference("base") == ("base", None)
    assert parse_reference("base:latest") == ("base", None)
    assert parse_reference("base:1.0") == ("base", "1.0")
    for wrong in ("", ":1.0", "base:", "a/b", "base:1:2"):
        with pytest.raises(InputError):
            parse_reference(wrong)


def test_versions_in_order() -> None:
    ordered = ["0.9", "1.0~rc1", "1.0~rc2", "1.0", "1.0a", "1.0-1", "1.0.1", "1.9", "1.10", "2", "10", "20260905"]
    assert sorted(sorted(ordered, reverse=True), key=version_order) == ordered
