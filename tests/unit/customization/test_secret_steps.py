"""Steps that name secrets: what they see, and what of it is said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from goldsmith.customization.kinds.run import Run
from goldsmith.customization.kinds.services import Services
from goldsmith.customization.kinds.update import Update
from goldsmith.customization.kinds.write import Write
from goldsmith.errors import BuildError, InputError, ProcessError
from goldsmith.events import Note
from goldsmith.secrets import Secret, Secrets

TOKEN = "hunter2-and-more"


@pytest.fixture
def session(bench: Any) -> Any:
    return replace(bench.session, secrets=Secrets([Secret("token", TOKEN.encode()), Secret("other", b"another one")]))


def test_a_step_sees_the_secrets_that_it_names_and_no_others(bench: Any, session: Any) -> None:
    Run(shell="true", secrets=("token",)).perform(session)
    Run(command=("true",)).perform(session)
    named, unnamed = bench.guest.runs
    assert named.files == {"goldsmith-script": b"true", "secrets/token": TOKEN.encode()}
    assert unnamed.files == {}
    assert TOKEN not in repr((named.argv, named.env))


def test_what_any_program_prints_is_masked(bench: Any, session: Any) -> None:
    bench.guest.answer = lambda _: (0, f"+ curl -H {TOKEN}\n".encode())
    Run(shell="true").perform(session)
    assert bench.printed == [b"+ curl -H ***\n"]


def test_a_failing_step_shows_its_last_lines_without_secrets(bench: Any, session: Any) -> None:
    bench.guest.answer = lambda _: (1, f"one\n401 for {TOKEN[:5]}\n{TOKEN[5:]}\n".encode())
    with pytest.raises(ProcessError) as caught:
        Run(shell="true", secrets=("token",)).perform(session)
    assert caught.value.log_tail == ("one", "401 for ***")


def test_what_the_engine_reports_of_a_program_is_masked(bench: Any, session: Any) -> None:
    def hang(_: object) -> Any:
        raise BuildError("sh did not end within 600 s", hint=f"waiting with {TOKEN}")

    bench.guest.answer = hang
    with pytest.raises(BuildError) as caught:
        Run(shell="true", secrets=("token",)).perform(session)
    assert (caught.value.message, caught.value.hint) == (
        "run true: sh did not end within 600 s",
        "waiting with ***",
    )


def test_a_secret_that_the_session_lacks_is_refused_before_the_program_starts(bench: Any, session: Any) -> None:
    with pytest.raises(InputError, match="there is no secret absent"):
        Run(shell="true", secrets=("absent",)).perform(session)
    assert bench.guest.runs == []


def test_steps_that_write_to_the_disk_take_no_secrets() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        Write.model_validate({"path": "/etc/token", "text": "x", "secrets": ["token"]})


@pytest.mark.parametrize("name", ["../token", "a/b", "", "-x", "a b", ".hidden", "x" * 65])
def test_names_that_are_no_file_names_are_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="not the name of a secret"):
        Run.model_validate({"shell": "true", "secrets": [name]})


@pytest.mark.parametrize("value", [1, 1.0, 0, False, "true", None])
def test_update_is_true_and_nothing_else(value: object) -> None:
    with pytest.raises(ValidationError):
        Update.model_validate(value)
    assert Update.model_validate(True).root is True


def test_masking_a_unit_that_is_not_there_is_warned_of(bench: Any) -> None:
    units = bench / "usr/lib/systemd/system"
    units.mkdir(parents=True)
    for name in ("apt-daily.timer", "ssh.service", "getty@.service"):
        (units / name).touch()
    (bench / "etc/init.d").mkdir()
    (bench / "etc/init.d/old").touch()
    masked = ("apt-dayly.timer", "ssh", "getty@tty1", "old", "boot.mount", "zzz")
    Services(mask=masked).perform(bench.session)
    warning = "services: mask {}: the guest has no such unit{}"
    assert bench.events == [
        Note(warning.format("apt-dayly.timer", "; did you mean apt-daily.timer?"), warning=True),
        Note(warning.format("zzz", ""), warning=True),
    ]
    # It is masked all the same: a package may bring the unit later.
    assert bench.guest.runs[-1].argv[-6:] == masked
