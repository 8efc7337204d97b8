"""Labels are planned, applied and planned again; guests without a policy are left alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from goldsmith.errors import BuildError
from goldsmith.events import Event, Note, StepFinished, StepStarted
from goldsmith.generalization.sparing import Keep
from goldsmith.guest.change import ABSENT, Change, Plan, Remove, SetAttributes, Write
from goldsmith.guest.guest import Features, GuestProgram
from goldsmith.guest.index import Entry, FileType, Index
from goldsmith.guest.labels.plan import ATTRIBUTE, AUTORELABEL, label_of
from goldsmith.pipeline.steps.labels import Spared, foresee_labels, label_guest, list_labeled

CONFIG = "/etc/selinux/config"
CONTEXTS = "/etc/selinux/targeted/contexts/files/file_contexts"
FILES = {
    CONFIG: b"SELINUX=enforcing\nSELINUXTYPE=targeted\n",
    CONTEXTS: b"/.* u:r:default_t:s0\n/etc(/.*)? u:r:etc_t:s0\n",
    "/etc/fstab": b"UUID=1 / xfs\nUUID=2 /boot/efi vfat\n",
    "/etc/hostname": b"localhost\n",
    "/boot/efi/grub.cfg": b"x",
}


class Listed:
    """A guest that is a table of files; a deaf one takes changes and does nothing."""

    features = Features(can_run=False, can_trim=False)

    def __init__(self, files: Mapping[str, bytes], *, engine: str = "mount", deaf: bool = False) -> None:
        self.engine = engine
        self.files = dict(files)
        self.entries = {path: Entry(path, FileType.REGULAR, 0o644, 0, 0, 1, 0, 1, 1) for path in files}
        self.deaf = deaf
        self.synced = False

    def index(self, roots: Sequence[str] = ("/",), *, digests: bool = False) -> Index:
        return Index(self.entries.values())

    def read(self, path: str, limit: int = 1 << 20) -> bytes:
        if path not in self.files:
            raise FileNotFoundError(path)
        return self.files[path]

    def apply(self, plan: Plan) -> None:
        for change in () if self.deaf else plan:
            match change:
                case SetAttributes(label=bytes(label)):
                    self.entries[change.path] = replace(self.entries[change.path], xattrs={ATTRIBUTE: label})
                case Remove():
                    del self.entries[change.path]

    def run(self, argv: Sequence[str], **_: object) -> GuestProgram:
        raise AssertionError(argv)

    def sync(self) -> None:
        self.synced = True

    def trim(self) -> None: ...

    def close(self) -> None: ...


def paths(plan: Plan | list[Change]) -> list[str]:
    return [change.path for change in plan]


def test_every_file_that_can_have_a_label_gets_one_and_the_step_tells() -> None:
    guest, events = Listed(FILES), list[Event]()
    plan = label_guest(events.append, guest)
    assert paths(plan) == sorted(set(FILES) - {"/boot/efi/grub.cfg"})
    assert label_of(guest.entries["/etc/hostname"]) == "u:r:etc_t:s0"
    assert guest.synced
    started, finished = events
    assert (started, type(finished)) == (StepStarted("labels"), StepFinished)
    assert isinstance(finished, StepFinished)
    assert finished.summary == "4 changes by the guest's policy targeted, second plan empty"
    assert label_guest(events.append, guest) == Plan()


def test_what_takes_no_label_is_an_error() -> None:
    with pytest.raises(BuildError, match=f"labels are still missing after one pass: .*{CONFIG}"):
        label_guest(list[Event]().append, Listed(FILES, deaf=True))


def test_a_guest_without_a_policy_is_no_step() -> None:
    events: list[Event] = []
    guest = Listed({CONFIG: b"SELINUX=disabled\n"})
    assert (label_guest(events.append, guest), list_labeled(guest), foresee_labels(guest, Plan())) == (
        Plan(),
        None,
        Plan(),
    )
    assert events == []


def test_a_plain_user_is_told_that_a_directory_stays_unlabeled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    events: list[Event] = []
    assert label_guest(events.append, Listed(FILES, engine="tree")) == Plan()
    assert events == [Note("only root can set SELinux labels in a directory: new files have none", warning=True)]


def test_lines_that_cannot_be_read_are_told_and_so_are_the_paths_that_need_them() -> None:
    events: list[Event] = []
    guest = Listed(FILES | {CONTEXTS: FILES[CONTEXTS] + b"/etc/host(?=name)name u:r:host_t:s0\n"})
    assert "/etc/hostname" not in paths(label_guest(events.append, guest))
    notes = [event.text for event in events if isinstance(event, Note)]
    assert notes == [
        "1 lines of the guest's file_contexts cannot be read",
        "1 paths keep no SELinux label, as /etc/hostname",
    ]


def test_a_flag_for_relabeling_goes_only_when_all_is_labeled() -> None:
    flagged = FILES | {AUTORELABEL: b""}
    assert paths(label_guest(list[Event]().append, Listed(flagged)))[-1] == AUTORELABEL
    odd = flagged | {CONTEXTS: FILES[CONTEXTS] + b"/etc/host(?=name)name u:r:host_t:s0\n"}
    guest = Listed(odd)
    label_guest(list[Event]().append, guest)
    assert AUTORELABEL in guest.entries


@pytest.mark.parametrize("spared", [Spared(keep=(Keep("/.auto*", "wanted"),)), Spared(declared={AUTORELABEL})])
def test_a_flag_that_somebody_wants_stays(spared: Spared) -> None:
    guest = Listed(FILES | {AUTORELABEL: b""})
    label_guest(list[Event]().append, guest, spared=spared)
    assert AUTORELABEL in guest.entries


def test_a_dry_run_foresees_the_labels_of_what_will_be_made_and_changes_nothing() -> None:
    guest = Listed(FILES)
    made = Write(path="/etc/new", seen=ABSENT, operation="o", reason="r", content=b"")
    assert "/etc/new" in paths(foresee_labels(guest, Plan((made,))))
    assert not guest.entries["/etc/hostname"].xattrs
