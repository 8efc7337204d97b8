"""write, copy, mkdir, link, delete: what they leave in a guest's tree."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from goldsmith.customization.kinds.copy import Copy
from goldsmith.customization.kinds.delete import Delete
from goldsmith.customization.kinds.link import Link
from goldsmith.customization.kinds.mkdir import MakeDirectory
from goldsmith.customization.kinds.write import Write
from goldsmith.errors import BuildError, InputError

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="gives files to other users")


def mode(path: Path) -> int:
    return path.lstat().st_mode & 0o7777


def write(**fields: Any) -> Write:
    return Write.model_validate(fields)


def test_write_makes_a_file_0644_and_its_parents_0755(bench: Any) -> None:
    assert write(path="/srv/a/b/motd", text="hello\n").perform(bench.session) == "/srv/a/b/motd"
    assert (bench / "srv/a/b/motd").read_text() == "hello\n"
    assert [mode(bench / path) for path in ("srv", "srv/a/b", "srv/a/b/motd")] == [0o755, 0o755, 0o644]


def test_write_renders_its_text_and_keeps_its_last_newlines(bench: Any) -> None:
    write(path="/etc/motd", text="{{ name }} {{ version }}\n\n").perform(bench.session)
    assert (bench / "etc/motd").read_bytes() == b"web 1.0\n\n"


def test_write_names_a_variable_that_is_not_defined(bench: Any) -> None:
    with pytest.raises(InputError, match="write /etc/motd: text: 'nam' is undefined") as caught:
        write(path="/etc/motd", text="{{ nam }}").perform(bench.session)
    assert caught.value.hint == "the variables are name, version; add others under vars:"
    assert not (bench / "etc/motd").exists()


def test_write_says_which_variables_it_needs() -> None:
    assert write(path="/etc/x", text="{{ a }}{% if b %}{{ name }}{% endif %}").template_variables() == {
        "a",
        "b",
        "name",
    }


@pytest.mark.parametrize(
    "text", ["{{ name", "{% if %}", "{{ ''.__class__.__mro__ }}", "{{ name.x.y }}", "{{ 1 // 0 }}"]
)
def test_a_template_that_cannot_be_rendered_is_one_clear_error(bench: Any, text: str) -> None:
    with pytest.raises((InputError, ValidationError)):
        write(path="/etc/motd", text=text).perform(bench.session)


def test_write_leaves_mode_of_a_file_that_is_there_and_its_inode(bench: Any) -> None:
    there = bench / "etc/shadow"
    there.write_text("old")
    there.chmod(0o640)
    inode = there.stat().st_ino
    write(path="/etc/shadow", text="new").perform(bench.session)
    assert (there.read_text(), mode(there), there.stat().st_ino) == ("new", 0o640, inode)


def test_write_sets_the_mode_it_is_given(bench: Any) -> None:
    (bench / "etc/key").write_text("old")
    write(path="/etc/key", text="new", mode="0600").perform(bench.session)
    assert mode(bench / "etc/key") == 0o600


@as_root
def test_owners_are_looked_up_in_the_guest(bench: Any) -> None:
    write(path="/var/www/index.html", text="x", owner="web", group="www").perform(bench.session)
    made = (bench / "var/www/index.html").stat()
    assert (made.st_uid, made.st_gid) == (33, 44)


@as_root
def test_owners_may_be_numbers(bench: Any) -> None:
    write(path="/var/www/index.html", text="x", owner=1234).perform(bench.session)
    made = (bench / "var/www/index.html").stat()
    assert (made.st_uid, made.st_gid) == (1234, 0)


def test_a_user_that_the_guest_lacks_is_named(bench: Any) -> None:
    with pytest.raises(BuildError, match="write /x: the guest has no user nobody"):
        write(path="/x", text="x", owner="nobody").perform(bench.session)


def test_write_follows_links_inside_the_guest(bench: Any) -> None:
    (bench / "escape").symlink_to("/etc")
    (bench / "up").symlink_to("../../../../../etc")
    write(path="/bin/tool", text="a").perform(bench.session)
    write(path="/escape/one", text="b").perform(bench.session)
    write(path="/up/two", text="c").perform(bench.session)
    assert [(bench / path).read_text() for path in ("usr/bin/tool", "etc/one", "etc/two")] == ["a", "b", "c"]
    assert not Path("/etc/one").exists()
    assert {"/usr/bin/tool", "/etc/one", "/etc/two"} <= bench.session.declared


def test_write_through_a_link_to_a_file_keeps_the_link(bench: Any) -> None:
    (bench / "etc/real").write_text("old")
    (bench / "etc/alias").symlink_to("real")
    write(path="/etc/alias", text="new").perform(bench.session)
    assert (bench / "etc/real").read_text() == "new"
    assert (bench / "etc/alias").is_symlink()


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (
            "../run/systemd/resolve/stub-resolv.conf",
            "leads to /run/systemd/resolve/stub-resolv.conf, which is not on the disk",
        ),
        ("/nowhere/file", "leads over the link /etc/resolv.conf to nothing"),
        ("resolv.conf", "is a link without an end"),
    ],
)
def test_write_through_a_link_to_nothing_is_refused(bench: Any, target: str, said: str) -> None:
    (bench / "etc/resolv.conf").symlink_to(target)
    with pytest.raises(BuildError, match=said):
        write(path="/etc/resolv.conf", text="x").perform(bench.session)


def test_write_below_a_file_is_refused(bench: Any) -> None:
    with pytest.raises(BuildError, match="/etc/passwd is no directory"):
        write(path="/etc/passwd/x", text="x").perform(bench.session)


def test_write_onto_a_directory_is_refused(bench: Any) -> None:
    with pytest.raises(BuildError, match="/etc is there and is a directory"):
        write(path="/etc", text="x").perform(bench.session)


@pytest.mark.parametrize("path", ["etc/x", "/etc/../x", "/etc/x/", "/run/x", "/proc", "/etc/a\nb", "/etc/\0", "/"])
def test_paths_that_no_file_can_have_are_refused(path: str) -> None:
    with pytest.raises(ValidationError):
        write(path=path, text="x")


@pytest.mark.parametrize("bad", [0o644, 644, "rw-r--r--", "8644", "64", "064444", True])
def test_modes_are_octal_digits_in_quotes(bad: object) -> None:
    with pytest.raises(ValidationError, match="mode"):
        write(path="/x", text="x", mode=bad)


def mkdir(**fields: Any) -> MakeDirectory:
    return MakeDirectory.model_validate(fields)


def test_mkdir_makes_parents_and_gives_only_the_last_the_mode(bench: Any) -> None:
    mkdir(path="/srv/data/private", mode="0700").perform(bench.session)
    assert [mode(bench / path) for path in ("srv/data", "srv/data/private")] == [0o755, 0o700]
    assert "/srv/data/private" in bench.session.declared


def test_mkdir_of_a_directory_that_is_there_only_sets_what_is_given(bench: Any) -> None:
    (bench / "var/www").chmod(0o750)
    mkdir(path="/var/www").perform(bench.session)
    assert mode(bench / "var/www") == 0o750
    mkdir(path="/var/www/", mode="0711").perform(bench.session)
    assert mode(bench / "var/www") == 0o711


def test_mkdir_onto_a_file_is_refused(bench: Any) -> None:
    with pytest.raises(BuildError, match="mkdir /etc/passwd: /etc/passwd is there and is no directory"):
        mkdir(path="/etc/passwd").perform(bench.session)


def test_link_is_made_and_pointed_elsewhere(bench: Any) -> None:
    Link(path="/opt/tool/current", target="v1").perform(bench.session)
    assert (bench / "opt/tool/current").readlink() == Path("v1")
    Link(path="/opt/tool/current", target="/opt/v2").perform(bench.session)
    assert (bench / "opt/tool/current").readlink() == Path("/opt/v2")


def test_link_that_is_right_changes_nothing(bench: Any) -> None:
    Link(path="/bin", target="usr/bin").perform(bench.session)
    assert [list(plan) for plan in bench.guest.applied] == []
    assert "/bin" in bench.session.declared


def test_link_does_not_replace_a_file(bench: Any) -> None:
    with pytest.raises(BuildError, match="/etc/passwd is there and is a regular") as caught:
        Link(path="/etc/passwd", target="x").perform(bench.session)
    assert caught.value.hint == "delete it first: - delete: [/etc/passwd]"


def copy(source: str, to: str, **fields: Any) -> Copy:
    return Copy.model_validate({"from": source, "to": to, **fields})


def test_copy_of_a_file_keeps_executable_and_nothing_else_of_its_mode(bench: Any) -> None:
    for name, before in (("tool", 0o700), ("conf", 0o600)):
        (bench.folder / name).write_text(name)
        (bench.folder / name).chmod(before)
        copy(name, "/opt/").perform(bench.session)
    assert [((bench / path).read_text(), mode(bench / path)) for path in ("opt/tool", "opt/conf")] == [
        ("tool", 0o755),
        ("conf", 0o644),
    ]


def test_copy_of_a_folder_merges_its_content(bench: Any) -> None:
    tree = bench.folder / "files"
    (tree / "etc/app").mkdir(parents=True)
    (tree / "etc/app/a.conf").write_text("a")
    (tree / "etc/passwd").write_text("new")
    (tree / "etc/app/b.conf").symlink_to("../elsewhere")
    (tree / "empty").mkdir()
    (bench / "etc/passwd").chmod(0o600)
    assert copy("files", "/").perform(bench.session) == "3 files to /"
    assert (bench / "etc/app/a.conf").read_text() == "a"
    assert (bench / "etc/app/b.conf").readlink() == Path("../elsewhere")
    assert (bench / "empty").is_dir()
    assert ((bench / "etc/passwd").read_text(), mode(bench / "etc/passwd")) == ("new", 0o600)
    assert bench.session.declared == {"/etc/app", "/etc/app/a.conf", "/etc/app/b.conf", "/empty", "/etc/passwd"}


def test_copy_of_much_is_handed_over_in_parts(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("goldsmith.customization.placing.BATCH", 10)
    (bench.folder / "files/sub").mkdir(parents=True)
    for name in ("a", "b", "sub/c", "sub/d"):
        (bench.folder / "files" / name).write_text("12345")
    assert copy("files", "/srv").perform(bench.session) == "4 files to /srv"
    assert [len(plan) for plan in bench.guest.applied] == [4, 2]
    assert sorted(path.name for path in (bench / "srv/sub").iterdir()) == ["c", "d"]


def test_copy_into_a_new_folder_through_a_link(bench: Any) -> None:
    (bench.folder / "files/sub").mkdir(parents=True)
    (bench.folder / "files/sub/x").write_text("x")
    copy("files", "/bin/app", mode="0600").perform(bench.session)
    assert mode(bench / "usr/bin/app/sub/x") == 0o600
    assert mode(bench / "usr/bin/app/sub") == 0o755


def test_copy_names_all_files_of_a_folder_sorted(bench: Any) -> None:
    (bench.folder / "files/b").mkdir(parents=True)
    (bench.folder / "files/b/x").write_text("")
    (bench.folder / "files/a").symlink_to("nowhere")
    assert copy("files", "/x").host_files(bench.folder) == ("files/a", "files/b/x")
    assert copy("files/b/x", "/x").host_files(bench.folder) == ("files/b/x",)
    assert copy("missing", "/x").host_files(bench.folder) == ("missing",)
    assert copy("files", "/x").host_files() == ("files",)


def test_copy_of_what_is_missing_or_special_is_an_input_error(bench: Any) -> None:
    os.mkfifo(bench.folder / "pipe")
    for source, said in (("missing", "no such file"), ("pipe", "neither a file, a folder nor a link")):
        with pytest.raises(InputError, match=said):
            copy(source, "/x").perform(bench.session)
        with pytest.raises(InputError, match=said):
            copy(source, "/x").check(bench.folder)


def test_copy_of_a_folder_onto_a_file_is_refused(bench: Any) -> None:
    (bench.folder / "files").mkdir()
    with pytest.raises(BuildError, match="/etc/passwd is there and is no directory"):
        copy("files", "/etc/passwd").perform(bench.session)


def delete(*paths: str) -> Delete:
    return Delete.model_validate(list(paths))


def test_delete_takes_files_links_and_whole_directories(bench: Any) -> None:
    (bench / "var/www/deep/er").mkdir(parents=True)
    (bench / "var/www/deep/er/file").write_text("x")
    (bench / "etc/alias").symlink_to("/var/www")
    assert delete("/etc/alias", "/var/www/deep", "/etc/group").perform(bench.session) == "5 paths"
    assert sorted(path.name for path in (bench / "var/www").iterdir()) == []
    assert not (bench / "etc/alias").is_symlink()
    assert (bench / "var/www").is_dir()


def test_delete_follows_links_in_parents(bench: Any) -> None:
    (bench / "usr/bin/tool").write_text("x")
    delete("/bin/tool").perform(bench.session)
    assert not (bench / "usr/bin/tool").exists()


def test_delete_by_pattern_may_match_nothing(bench: Any) -> None:
    (bench / "usr/bin/a1").write_text("x")
    (bench / "usr/bin/b1").write_text("x")
    assert delete("/bin/a*", "/etc/*.none").perform(bench.session) == "1 path"
    assert [path.name for path in (bench / "usr/bin").iterdir()] == ["b1"]


def test_delete_of_a_plain_path_that_is_missing_fails_before_anything_goes(bench: Any) -> None:
    with pytest.raises(BuildError, match="delete: there is no /etc/mot in the guest"):
        delete("/etc/group", "/etc/mot").perform(bench.session)
    assert (bench / "etc/group").exists()


def test_delete_of_nested_paths_removes_each_once(bench: Any) -> None:
    assert delete("/usr/share", "/usr/share/zoneinfo/Europe").perform(bench.session) == "4 paths"


def test_what_is_deleted_is_no_longer_declared(bench: Any) -> None:
    write(path="/etc/motd", text="x").perform(bench.session)
    delete("/etc/motd").perform(bench.session)
    assert bench.session.declared == set()


@pytest.mark.parametrize("path", ["/", "/*", "/**", "etc", "/etc/**/x", "/etc/../"])
def test_delete_refuses_what_cannot_be_meant(path: str) -> None:
    with pytest.raises(ValidationError):
        delete(path)
