"""GS604: no key is on its way out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from goldsmith.cloudinit.version import NEWEST, OLDEST, parse_version
from goldsmith.findings import Severity, TextEdit, printable
from goldsmith.rules.cloudconfig.configfile import ConfigFile, Loc, Word
from goldsmith.rules.cloudconfig.fault import Fault, configuration_rule
from goldsmith.rules.cloudconfig.schema_deprecations import marked
from goldsmith.rules.cloudconfig.subject import CloudConfig, dotted, edit


@dataclass(frozen=True, slots=True)
class Deprecation:
    """A key, or one with a value but not `unless`, that a version of cloud-init deprecated; what takes its place."""

    loc: tuple[str, ...]
    since: str
    instead: str
    value: object = None
    rename: str | None = None
    unless: str | None = None


ANY = "*"
DEPRECATIONS = (
    Deprecation(("apt_update",), "22.2", "package_update", rename="package_update"),
    Deprecation(("apt_upgrade",), "22.2", "package_upgrade", rename="package_upgrade"),
    Deprecation(("apt_reboot_if_required",), "22.2", "package_reboot_if_required", rename="package_reboot_if_required"),
    Deprecation(("user",), "22.2", "system_info.default_user.name in the image, `users` in user-data", value=str),
    Deprecation(("users",), "22.2", "a list", value=str),
    Deprecation(("users",), "22.2", "a list", value=dict),
    Deprecation(("ssh_pwauth",), "22.3", "true or false", value=str),
    Deprecation(("chpasswd", "list"), "22.2", "chpasswd.users"),
    Deprecation(("manage_etc_hosts",), "22.3", "`true`", value="template", rename="true"),
    Deprecation(("grub-dpkg",), "22.2", "grub_dpkg", rename="grub_dpkg"),
    Deprecation(("ca-certs",), "22.3", "ca_certs", rename="ca_certs"),
    Deprecation(("ca_certs", "remove-defaults"), "22.3", "remove_defaults", rename="remove_defaults"),
    Deprecation(("ca-certs", "remove-defaults"), "22.3", "remove_defaults", rename="remove_defaults"),
    Deprecation(("ubuntu_advantage",), "24.1", "ubuntu_pro", rename="ubuntu_pro"),
    Deprecation(("vendor_data", "enabled"), "22.3", "true or false", value=str),
    Deprecation(("rh_subscription", "org"), "24.2", "a text", value=int),
    Deprecation(("power_state", "delay"), "22.3", "a number of minutes, or now", value=str, unless="now"),
    Deprecation(("growpart", "mode"), "22.3", "'off' in quotes", value=False, rename="'off'"),
    Deprecation(("users", ANY, "uid"), "22.3", "a number", value=str),
    Deprecation(("users", ANY, "groups"), "23.1", "a list", value=dict),
    Deprecation(("apt_pipelining",), "22.4", "os", value="none", rename="os"),
    Deprecation(("apt_pipelining",), "22.4", "os", value="unchanged", rename="os"),
    Deprecation(("ansible", "pull"), "25.2", "a list", value=dict),
    Deprecation(("ansible", "pull", "playbook_name"), "25.2", "playbook_names"),
    Deprecation(("ansible", "pull", ANY, "playbook_name"), "25.2", "playbook_names"),
    *(
        Deprecation((key, "grub-pc/install_devices_empty"), "22.3", "true or false", value=str)
        for key in ("grub_dpkg", "grub-dpkg")
    ),
    *(
        Deprecation(("rh_subscription", old), "25.3", old.replace("-", "_"), rename=old.replace("-", "_"))
        for old in (
            "activation-key", "auto-attach", "service-level", "add-pool", "enable-repo", "disable-repo",
            "rhsm-baseurl", "server-hostname",
        )
    ),
    Deprecation(("users", ANY, "sudo"), "22.2", "null, or leave it out", value=False),
    *(
        Deprecation(("users", ANY, old), since, old.replace("-", "_"), rename=old.replace("-", "_"))
        for old, since in (
            ("ssh-authorized-keys", "18.3"), ("lock-passwd", "22.3"), ("ssh-import-id", "24.2"),
            ("primary-group", "24.2"), ("no-create-home", "24.2"), ("no-log-init", "24.2"), ("no-user-group", "24.2"),
            ("hashed-passwd", "24.2"), ("plain-text-passwd", "24.2"), ("create-groups", "24.2"),
            ("selinux-user", "24.2"), ("ssh-redirect-user", "24.2"),
        )
    ),
)  # fmt: skip
_BY_LAST_PART: dict[Loc, list[Deprecation]] = {
    last: [each for each in DEPRECATIONS if each.loc[-1:] == last] for last in {d.loc[-1:] for d in DEPRECATIONS}
}


@configuration_rule(
    "GS604",
    "no key is deprecated",
    why="A deprecated key works until a later cloud-init of the same distribution takes it away; from 23.4 its mere "
    "use makes the status `degraded`, and `cloud-init status` end with 2.",
    since="as each finding says",
    wrong="manage_etc_hosts: template\n",
    right="manage_etc_hosts: true\n",
)
def deprecated(subject: CloudConfig) -> Iterator[Fault]:
    told: set[tuple[str, Loc]] = set()
    for file, word in subject.words():
        for each in _BY_LAST_PART.get(word.loc[-1:], ()):
            if is_deprecated(each, word):
                told.add((file.path, word.loc))
                yield Fault(
                    Severity.WARNING,
                    file.at(*word.key),
                    f"`{dotted(word.loc)}`{_shown(each)} is deprecated since cloud-init {each.since}",
                    f"use {each.instead}",
                    _repair(each, subject, file, word),
                )
    # What the table does not know: of a newer version, or of a distribution's own.
    for file in subject.own if subject.schema is not None else ():
        for mark in marked(subject.schema or {}, file):
            if not any((file.path, mark.loc[:length]) in told for length in range(1, len(mark.loc) + 1)):
                told.add((file.path, mark.loc))
                since = f"since cloud-init {printable(mark.since)}" if mark.since else "in the image's cloud-init"
                yield Fault(
                    Severity.WARNING,
                    file.place(*mark.loc),
                    f"`{dotted(mark.loc)}` is deprecated {since}, as it stands here",
                    mark.instead or "write it as the schema of the image's cloud-init wants it",
                )


def is_deprecated(each: Deprecation, word: Word) -> bool:
    """Whether a value of a file is such a one."""
    if len(word.loc) != len(each.loc):
        return False
    if any(want not in (ANY, part) for want, part in zip(each.loc, word.loc, strict=True)):
        return False
    match each.value:
        case None:
            return True
        case type() as kind:
            return {str: "str", dict: "map", int: "int"}.get(kind) == word.tag and bool(
                (word.written or kind is dict) and word.written != each.unless
            )
        case False:
            return word.tag == "bool" and word.written.lower() in {"false", "no", "off"}
        case wanted:
            return word.written == wanted


def _shown(each: Deprecation) -> str:
    match each.value:
        case None:
            return ""
        case type() as kind:
            return {str: " as text", dict: " as a mapping", int: " as a number"}.get(kind, "")
        case wanted:
            return f": {str(wanted).lower()}"


def _repair(each: Deprecation, subject: CloudConfig, file: ConfigFile, word: Word) -> TextEdit | None:
    """Only where the image's cloud-init knows the new word, and where no other file says anything under it: cloud-init
    has its own way with an old and a new key side by side.
    """
    if each.rename is None or (parse_version(each.since) or NEWEST) > (subject.version or OLDEST):
        return None
    if each.value is not None:
        return edit(file, word.value, word.written, each.rename)
    if subject.setter(*word.loc[:-1], each.rename) is not None:
        return None
    if any(below.vendor and below.find(*word.loc) is not None for below in subject.files):
        return None
    return edit(file, word.key, str(word.loc[-1]), each.rename)
