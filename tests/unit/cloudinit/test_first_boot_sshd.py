"""sshd's settings after a first boot: its own files, and what ssh_pwauth writes."""

from __future__ import annotations

import pytest

from goldsmith.cloudinit.first_boot_sshd import Sshd, sshd_settings, with_password_authentication

INCLUDING = b"Include /etc/ssh/sshd_config.d/*.conf\n"


def settings(main: bytes, **drop_ins: bytes) -> Sshd:
    found = sshd_settings(files(main, **drop_ins))
    assert found is not None
    return found


def files(main: bytes, **drop_ins: bytes) -> dict[str, bytes]:
    below = {f"/etc/ssh/sshd_config.d/{name.removeprefix('_')}.conf": content for name, content in drop_ins.items()}
    return {"/etc/ssh/sshd_config": main, **below}


def test_without_its_file_there_is_no_sshd() -> None:
    assert sshd_settings({}) is None


def test_an_empty_file_leaves_the_defaults() -> None:
    assert settings(b"# nothing\n\n") == Sshd()


@pytest.mark.parametrize(
    ("main", "passwords"),
    [
        (b"PasswordAuthentication no\nPasswordAuthentication yes\n", False),
        (b"passwordauthentication=no\n", False),
        (b'  PasswordAuthentication \t"no" # why\n', False),
        (b"Match User joe\nPasswordAuthentication no\n", True),
        (b"Match User joe\nPasswordAuthentication no\nMatch all\nPasswordAuthentication no\n", False),
        (b"#PasswordAuthentication no\n", True),
        (b"PasswordAuthentication\n", True),
    ],
    ids=repr,
)
def test_the_first_value_counts(main: bytes, *, passwords: bool) -> None:
    assert settings(main).passwords is passwords


def test_drop_ins_are_read_in_lexical_order_at_their_place() -> None:
    off, on = b"PasswordAuthentication no\n", b"PasswordAuthentication yes\n"
    assert settings(INCLUDING + on, _50=off).passwords is False
    assert settings(on + INCLUDING, _50=off).passwords is True
    undone = settings(INCLUDING, _10=on, _50=off)
    assert (undone.passwords, undone.said_by) == (True, "/etc/ssh/sshd_config.d/10.conf")
    assert settings(b"PermitRootLogin no\n", _50=off).passwords is True


def test_a_file_that_includes_itself_ends() -> None:
    assert settings(b"Include /etc/ssh/sshd_config\nPermitRootLogin no\n").root == "no"


def test_who_is_let_in() -> None:
    some = settings(b"AllowUsers admin@10.* joe\nDenyUsers joe\nAllowGroups ssh*\n")
    assert some.admits("admin", ("ssh-users",))
    assert not some.admits("admin", ("adm",))
    assert not some.admits("joe", ("ssh-users",))
    assert not some.admits("eve", ("ssh-users",))
    assert settings(b"DenyGroups sudo\n").admits("eve", ("adm",))


def test_passwords_are_also_asked_over_the_keyboard_interactive_way() -> None:
    assert settings(b"PasswordAuthentication no\nUsePAM yes\n").asks_passwords
    assert not settings(b"PasswordAuthentication no\nUsePAM yes\nChallengeResponseAuthentication no\n").asks_passwords


@pytest.mark.parametrize("allowed", [True, False])
def test_ssh_pwauth_gets_a_file_of_its_own_where_the_folder_is_included(*, allowed: bool) -> None:
    after = with_password_authentication(files(INCLUDING), allowed=allowed)
    said = f"PasswordAuthentication {'yes' if allowed else 'no'}\n".encode()
    assert after == {**files(INCLUDING), "/etc/ssh/sshd_config.d/50-cloud-init.conf": said}
    found = sshd_settings(after)
    assert found is not None
    assert found.passwords is allowed


def test_ssh_pwauth_rewrites_the_main_file_where_it_does_not() -> None:
    before = files(b"PermitRootLogin no\nPasswordAuthentication yes\n")
    assert with_password_authentication(before, allowed=False) == files(
        b"PermitRootLogin no\nPasswordAuthentication no\n"
    )
    assert with_password_authentication(files(b""), allowed=False) == files(b"PasswordAuthentication no\n")
    assert with_password_authentication({}, allowed=False) == {}
