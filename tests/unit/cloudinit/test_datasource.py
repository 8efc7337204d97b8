"""Whether cloud-init runs without a seed, for both generations of ds-identify, and the three choices.

The tables were compared with the scripts of 22.4.2 (Debian's) and 26.2 themselves; so were 600 random sets of files.
"""

from __future__ import annotations

import pytest

from goldsmith.cloudinit.datasource import (
    Choice,
    Seed,
    drop_ins,
    expected_datasource,
    with_seed,
    without_seed,
)
from goldsmith.cloudinit.effective import effective
from goldsmith.cloudinit.identify import glob_order, sorts_last
from goldsmith.cloudinit.version import parse_version
from goldsmith.errors import InputError

D = "/etc/cloud/cloud.cfg.d"
POLICY = "/etc/cloud/ds-identify.cfg"
OLD, NEW = "22.4.2", "26.2"
BOTH = (OLD, NEW)
LONG = b"datasource_list: [ NoCloud, ConfigDrive, Ec2, None ]\n"


def files(listing: bytes = b"", policy: bytes | None = None, **more: bytes) -> dict[str, bytes]:
    made = {"/etc/cloud/cloud.cfg": b"users: [default]\n", f"{D}/50.cfg": listing}
    if policy is not None:
        made[POLICY] = policy
    return {**made, **{f"{D}/{name}.cfg": content for name, content in more.items()}}


@pytest.mark.parametrize("version", BOTH)
@pytest.mark.parametrize(
    ("made", "enabled"),
    [
        (files(), False),
        (files(b"datasource_list:\n  - NoCloud\n  - None\n"), False),
        (files(LONG), False),
        (files(b"datasource_list: [NoCloud, None]\n"), True),
        (files(b"datasource_list: ['NoCloud', \"None\"]\n"), True),
        (files(b"  datasource_list: [None]\n"), True),
        (files(b"datasource_list: [NoCloud]\n"), True),
        (files(b"# datasource_list: [None]\n"), False),
        (files(LONG, b"policy: search,found=all,maybe=none,notfound=enabled\n"), True),
        (files(LONG, b"policy: enabled\n"), True),
        (files(LONG, b"policy: report\n"), True),
        (files(LONG, b"policy: 'enabled'\n"), True),
        (files(LONG, b"policy: enabled"), False),
        (files(LONG, b"# policy: enabled\n"), False),
        (files(LONG, b"policy: wrong,notfound=perhaps\n"), False),
        (files(LONG, b"datasource: None\n"), True),
        (files(b"datasource_list: [None]\n", b"policy: disabled\n"), False),
        (files(LONG, zz=b"datasource_list: [None]\n"), True),
        (files(b"datasource_list: [None]\n", zz=LONG), False),
    ],
    ids=repr,
)
def test_a_machine_without_a_seed(made: dict[str, bytes], version: str, *, enabled: bool) -> None:
    decision = without_seed(made, version=version)
    assert decision.enabled is enabled, decision.why


@pytest.mark.parametrize(
    ("listing", "old", "new"),
    [
        (b"datasource_list: [NoCloud, None]", False, True),  # no newline at the end of the file
        (b"datasource_list : [None]\n", False, True),
        (b"datasource_list: [NoCloud, None]  # a comment behind it\n", False, True),
        (b'"datasource_list": [None]\n', False, True),
        (b"datasource_list: [NoCloud, None]\r\n", False, True),
        (b"my_datasource_list: [None]\n", False, True),
        (b"datasource_list: [None]\ndatasource_list:\n", False, False),
    ],
    ids=repr,
)
def test_where_the_two_generations_differ(listing: bytes, *, old: bool, new: bool) -> None:
    assert without_seed(files(listing), version=OLD).enabled is old
    assert without_seed(files(listing), version=NEW).enabled is new
    # Of an image whose version is not known both have to agree.
    assert without_seed(files(listing)).enabled is (old and new)


def test_a_single_name_loses_the_fallback_since_24_2() -> None:
    single = files(b"datasource_list: [NoCloud]\n")
    assert without_seed(single, version="24.1").datasources == ("NoCloud", "None")
    assert without_seed(single, version="24.2").datasources == ("NoCloud",)
    assert not without_seed(single, version="24.2").fallback


def test_a_machine_without_dmi_was_kept_enabled_until_25_1() -> None:
    assert without_seed(files(LONG), version=OLD, arch="aarch64").enabled
    assert not without_seed(files(LONG), version="25.2", arch="aarch64").enabled


def test_the_marker_file_and_the_command_line_disable() -> None:
    good = files(b"datasource_list: [NoCloud, None]\n")
    assert not without_seed({**good, "/etc/cloud/cloud-init.disabled": b""}, version=OLD).enabled
    assert not without_seed(good, version=OLD, cmdline="ro cloud-init=disabled quiet").enabled
    assert without_seed(files(LONG), version=OLD, cmdline="ro ci.ds=None").enabled
    assert without_seed(files(LONG), version=OLD, cmdline="ci.di.policy=enabled").enabled


def test_a_seed_folder_in_the_image_is_found() -> None:
    seed = "/var/lib/cloud/seed/nocloud"
    baked = {**files(LONG), f"{seed}/meta-data": b"", f"{seed}/user-data": b""}
    assert without_seed(baked, version=OLD).datasources == ("NoCloud", "None")
    assert not without_seed({**files(LONG), f"{seed}/meta-data": b""}, version=OLD).enabled


@pytest.mark.parametrize("version", BOTH)
@pytest.mark.parametrize(
    ("made", "without", "empty"),
    [
        (files(b"datasource_list: [NoCloud, None]\n"), "DataSourceNone", "DataSourceNoCloud"),
        (files(b"datasource_list: [None]\n"), "DataSourceNone", "DataSourceNone"),
        (files(LONG), None, "DataSourceNoCloud"),
        (files(), None, "DataSourceNoCloud"),
        (files(LONG, b"policy: enabled\n"), "DataSourceNone", "DataSourceNoCloud"),
        (files(b"datasource_list: [Ec2, ConfigDrive]\n", b"policy: enabled\n"), None, None),
    ],
    ids=repr,
)
def test_which_datasource_a_first_boot_ends_with(
    made: dict[str, bytes], version: str, without: str | None, empty: str | None
) -> None:
    expected = {Seed.NONE: without, Seed.EMPTY_NOCLOUD: empty}
    assert {seed: expected_datasource(with_seed(made, seed, version=version), seed) for seed in expected} == expected


def test_the_decision_says_why() -> None:
    assert without_seed(files(LONG), version=OLD).why == (
        "ds-identify finds no datasource ([NoCloud, ConfigDrive, Ec2, None]) and the policy is notfound=disabled"
    )


@pytest.mark.parametrize(
    "made", [files(), files(LONG), files(b"datasource_list:\n- Ec2\n"), files(LONG, b"policy: disabled\n")]
)
def test_local_is_one_line_that_both_readings_see(made: dict[str, bytes]) -> None:
    written = {each.path: each.content for each in drop_ins(Choice.LOCAL, made)}
    assert f"{D}/zzzz-goldsmith-datasource.cfg" in written
    after = {**made, **written}
    assert effective(after).config["datasource_list"] == ["NoCloud", "None"]
    for version in BOTH:
        assert without_seed(after, version=version).datasources == ("NoCloud", "None")


def test_local_leaves_ds_identify_alone_where_it_says_nothing() -> None:
    assert [each.path for each in drop_ins(Choice.LOCAL, files(LONG))] == [f"{D}/zzzz-goldsmith-datasource.cfg"]


def test_clouds_keeps_the_long_list_and_never_disables() -> None:
    (policy,) = drop_ins(Choice.CLOUDS, files(LONG))
    assert policy.path == POLICY
    assert b"\npolicy: search,found=all,maybe=none,notfound=enabled\n" in policy.content
    after = {**files(LONG), policy.path: policy.content}
    for version in BOTH:
        decision = without_seed(after, version=version)
        assert (decision.enabled, decision.fallback) == (True, True)
        assert decision.datasources == ("NoCloud", "ConfigDrive", "Ec2", "None")


def test_clouds_adds_none_to_a_list_that_lacks_it() -> None:
    made = files(b"datasource_list: [NoCloud, Ec2]\n")
    after = {**made, **{each.path: each.content for each in drop_ins(Choice.CLOUDS, made)}}
    assert effective(after).config["datasource_list"] == ["NoCloud", "Ec2", "None"]


def test_clouds_widens_a_local_list() -> None:
    made = files(b"datasource_list: [NoCloud, None]\n")
    after = {**made, **{each.path: each.content for each in drop_ins(Choice.CLOUDS, made)}}
    names = effective(after).config["datasource_list"]
    assert "Ec2" in names
    assert names[-1] == "None"


def test_as_base_writes_nothing() -> None:
    assert drop_ins(Choice.AS_BASE, files()) == ()


def test_making_a_choice_twice_writes_the_same() -> None:
    for choice in (Choice.LOCAL, Choice.CLOUDS):
        made = files(LONG)
        once = {**made, **{each.path: each.content for each in drop_ins(choice, made)}}
        again = {**once, **{each.path: each.content for each in drop_ins(choice, once)}}
        assert again == once


def test_a_name_that_would_beat_ours_makes_ours_longer() -> None:
    made = files(zzzzz=LONG)
    (listing,) = drop_ins(Choice.LOCAL, made)
    assert listing.path == f"{D}/zzzzzz-goldsmith-datasource.cfg"


def test_a_name_that_nothing_beats_is_told() -> None:
    made = {**files(), f"{D}/~last.cfg": LONG}
    with pytest.raises(InputError, match="sorts behind ours") as caught:
        drop_ins(Choice.LOCAL, made)
    assert caught.value.hint is not None
    assert "~last.cfg" in caught.value.hint


def test_the_marker_file_is_told() -> None:
    with pytest.raises(InputError, match=r"cloud-init\.disabled is in the image") as caught:
        drop_ins(Choice.LOCAL, {**files(), "/etc/cloud/cloud-init.disabled": b""})
    assert caught.value.hint == "add the step `- delete: [/etc/cloud/cloud-init.disabled]`"


@pytest.mark.parametrize(
    ("name", "other", "last"),
    [
        ("zzzz-a.cfg", "99-z.cfg", True),
        ("zzzz-a.cfg", "curtin.cfg", True),
        ("zzzz-a.cfg", "ZZZZ-b.cfg", False),  # a shell in en_US: letters before case
        ("zzzz-a.cfg", "zzz_z.cfg", True),
        ("zzzz-a.cfg", "zzzz-b.cfg", False),
        ("zzzz-a.cfg", "{x}.cfg", False),  # by code point
        ("zzzz-a.cfg", "é.cfg", False),
        ("zzzz-a.cfg", "zzzzz.txt", True),
        ("zzzz-a.cfg", ".zzzzz.cfg", False),
    ],
)
def test_what_sorts_last_everywhere(name: str, other: str, *, last: bool) -> None:
    assert sorts_last(name, [name, other]) is last


def test_the_shell_does_not_see_hidden_files() -> None:
    assert glob_order(["b.cfg", ".z.cfg", "a.cfg", "README"]) == ("a.cfg", "b.cfg")


@pytest.mark.parametrize(
    ("text", "version"),
    [("22.4.2-1+deb12u4", (22, 4)), ("26.2", (26, 2)), ("1:23.1.1", (23, 1)), (None, None), ("unknown", None)],
)
def test_versions(text: str | None, version: tuple[int, int] | None) -> None:
    assert parse_version(text) == version
