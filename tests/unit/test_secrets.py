"""Secrets: where they come from, what is masked and how it may be spelled, and the key that fingerprints need."""

from __future__ import annotations

import base64
import json
import os
import shlex
import stat
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from goldsmith.errors import BuildError, HostError, InputError, ProcessError, RecipeError
from goldsmith.events import Event, Note, Progress, StepFinished
from goldsmith.findings import Finding, GuestPlace, Severity
from goldsmith.secrets import Secret, Secrets, SecretSource, host_key, read_secret

TOKEN = "s3cr3t/t0ken+with=signs & 'quotes'"
TOO_SHORT = "the shortest that can be masked and searched for has 8"
EVERYWHERE = "every image would seem to contain it"
SECRETS = Secrets([Secret("token", TOKEN.encode())])


def test_the_value_comes_from_the_environment(tmp_path: Path) -> None:
    secret = read_secret("token", SecretSource(env="TOKEN"), folder=tmp_path, environ={"TOKEN": TOKEN})
    assert secret.content == TOKEN.encode()


def test_a_file_is_shown_byte_for_byte_but_its_last_line_ends_are_not_the_secret(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"line one\nline two\r\n\n")
    secret = read_secret("key", SecretSource(file="key"), folder=tmp_path)
    assert secret.content == b"line one\nline two\r\n\n"
    assert secret.value == b"line one\nline two"


def test_a_home_folder_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "token").write_text(TOKEN)
    assert read_secret("token", SecretSource(file="~/token"), folder=Path("/nowhere")).content == TOKEN.encode()


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        (SecretSource(env="ABSENT"), "secret token: the environment variable ABSENT is not set"),
        (SecretSource(env="EMPTY"), "secret token: the environment variable EMPTY is empty"),
        (SecretSource(env="SHORT"), f"secret token: the environment variable SHORT holds 7 bytes; {TOO_SHORT}"),
        (
            SecretSource(env="SIMPLE"),
            f"secret token: the environment variable SIMPLE holds hardly any different characters: {EVERYWHERE}",
        ),
        (SecretSource(file="absent"), "secret token: cannot read absent: no such file or directory"),
        (SecretSource(file="a\0b"), "secret token: cannot read a\0b: embedded null byte"),
        (SecretSource(file="."), "secret token: {folder} is not a regular file"),
        (SecretSource(file="fifo"), "secret token: {folder}/fifo is not a regular file"),
        (SecretSource(file="large"), "secret token: {folder}/large is larger than 65536 bytes"),
        (SecretSource(file="newline"), f"secret token: the file newline holds nothing; {TOO_SHORT}"),
    ],
    ids=lambda value: "" if isinstance(value, str) else str(value).split()[-1].replace("\0", "NUL"),
)
def test_what_cannot_be_a_secret_is_refused(tmp_path: Path, source: SecretSource, complaint: str) -> None:
    (tmp_path / "large").write_bytes(os.urandom(65537))
    (tmp_path / "newline").write_text("\n")
    os.mkfifo(tmp_path / "fifo")
    environ = {"EMPTY": "", "SHORT": "1234567", "SIMPLE": "abcabcabcabc"}
    with pytest.raises(InputError) as caught:
        read_secret("token", source, folder=tmp_path, environ=environ)
    assert caught.value.message == complaint.format(folder=tmp_path)


SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 behind one byte": lambda text: base64.b64encode(b":" + text.encode()).decode(),
    "base64 of user and token": lambda text: base64.b64encode(b"root:" + text.encode() + b"\n").decode(),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "a URL's part": lambda text: quote(text, safe=""),
    "a URL's path": quote,
    "a form's field": quote_plus,
    "lower case": lambda text: quote(text, safe="").replace("%2F", "%2f").replace("%3D", "%3d").replace("%2B", "%2b"),
    "JSON": lambda text: json.dumps({"token": text}),
    "hex": lambda text: text.encode().hex(),
    "a quoted word": shlex.quote,
    "a shell's trace": lambda text: "+ curl '" + text.replace("'", "'\\''") + "'",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_is_masked(spelling: str) -> None:
    spelled = SPELLINGS[spelling](TOKEN)
    masked = SECRETS.mask_text(f"before {spelled} after")
    assert "***" in masked
    assert masked.startswith("before ")
    assert masked.endswith(" after")
    core = max(spelled.split(), key=len)
    assert core[6:-6] not in masked


def test_a_spelling_broken_over_lines_is_masked() -> None:
    encoded = base64.encodebytes(os.urandom(3) + TOKEN.encode() * 3)
    assert b"\n" in encoded.strip()
    secrets = Secrets([Secret("token", base64.decodebytes(encoded))])
    assert secrets.mask(b"key:\n" + encoded + b"end\n").replace(b"=", b"") == b"key:\n***\nend\n"
    assert secrets.mask(b"a\r\nb\r\n") == b"a\r\nb\r\n"


def test_each_line_of_a_longer_secret_is_masked() -> None:
    secrets = Secrets([Secret("key", b"-----BEGIN KEY-----\nfirst-line-of-it\nshort\nsecond-line-of-it\n")])
    assert secrets.mask(b"x first-line-of-it y\nshort z\n") == b"x *** y\nshort z\n"
    # But the image is not searched for single lines: the head of a key stands in many programs.
    assert b"first-line" not in Secret("key", b"-----BEGIN\nfirst-line").canaries()


def test_overlapping_and_adjacent_occurrences() -> None:
    secrets = Secrets([Secret("a", b"abcdefgh"), Secret("b", b"efghijkl")])
    assert secrets.mask(b"-abcdefghijkl-abcdefghabcdefgh-") == b"-***-******-"


def test_what_holds_no_secret_is_the_very_same() -> None:
    text = "nothing\r\nto see\udcff"
    assert SECRETS.mask_text(text) is text
    assert Secrets().mask(b"x") == b"x"
    assert SECRETS.mask_text("\ud800 " + TOKEN) == "\\ud800 ***"


@given(
    value=st.binary(min_size=8, max_size=40).filter(lambda value: len(set(value)) > 3),
    around=st.tuples(st.binary(max_size=30), st.binary(max_size=30)),
    width=st.integers(1, 20),
)
def test_no_value_survives_wherever_it_stands(value: bytes, around: tuple[bytes, bytes], width: int) -> None:
    secrets = Secrets([Secret("any", value)])
    core = Secret("any", value).value.translate(None, b"\r\n")
    if len(core) < 8:
        return
    before, after = around
    folded = b"\n".join(value[at : at + width] for at in range(0, len(value), width))
    for text in (before + value + after, before + folded + after):
        assert core not in secrets.mask(text).translate(None, b"\r\n")


@given(value=st.binary(min_size=8, max_size=40), before=st.binary(max_size=9), after=st.binary(max_size=9))
def test_base64_of_any_text_around_holds_a_canary(value: bytes, before: bytes, after: bytes) -> None:
    secret = Secret("any", value)
    encoded = base64.b64encode(before + secret.value + after)
    if len(secret.value) >= 8:
        assert any(canary in encoded for canary in secret.canaries())


def test_nothing_that_holds_secrets_shows_them() -> None:
    assert repr(Secret("token", TOKEN.encode())) == "Secret(name='token')"
    assert repr(SECRETS) == "Secrets(token)"


def test_events_are_handed_on_without_secrets() -> None:
    events: list[Event] = []
    emit = SECRETS.masking(events.append)
    emit(Note(f"fetched with {TOKEN}"))
    emit(StepFinished("customize", 1.0, f"{TOKEN}!"))
    emit(Progress("x", 1, 2))
    assert events == [Note("fetched with ***"), StepFinished("customize", 1.0, "***!"), Progress("x", 1, 2)]


def failing() -> None:
    try:
        raise FileNotFoundError(2, f"no {TOKEN}", f"/tmp/{TOKEN}")
    except OSError as error:
        raise ProcessError(f"curl {TOKEN}", log_tail=["one", f"-H {TOKEN}"], hint=f"try {TOKEN}") from error


def test_errors_and_their_causes_are_raised_without_secrets() -> None:
    with pytest.raises(ProcessError) as caught, SECRETS.kept_out_of_errors():
        failing()
    error = caught.value
    assert (error.message, error.hint, error.log_tail, str(error)) == (
        "curl ***",
        "try ***",
        ("one", "-H ***"),
        "curl ***",
    )
    assert isinstance(error.__cause__, OSError)
    assert str(error.__cause__) == "[Errno 2] no ***: '/tmp/***'"


def test_findings_of_errors_are_masked_too() -> None:
    finding = Finding("GS1", Severity.ERROR, f"it says {TOKEN}", GuestPlace(f"/etc/{TOKEN}"), f"not {TOKEN}")
    with pytest.raises(RecipeError) as caught, SECRETS.kept_out_of_errors():
        raise RecipeError([finding])
    (masked,) = caught.value.findings
    assert (masked.message, masked.place, masked.hint) == ("it says ***", GuestPlace("/etc/***"), "not ***")


class Count(BaseModel):
    count: int


def group() -> None:
    raise ExceptionGroup("several", [ValueError(TOKEN)])


def validation() -> None:
    Count.model_validate({"count": TOKEN})


def caused() -> None:
    try:
        validation()
    except ValueError as error:
        raise BuildError("broken") from error


@pytest.mark.parametrize(
    "fail", [group, validation, caused, lambda: b"\xff".decode(TOKEN), lambda: yaml.safe_load(f"a: [{TOKEN}")]
)
def test_not_even_a_traceback_holds_a_secret(fail: Callable[[], object]) -> None:
    with pytest.raises(Exception, match=r".*") as caught, SECRETS.kept_out_of_errors():
        fail()
    assert not [form for form in (TOKEN, TOKEN[:10]) if form in "".join(traceback.format_exception(caught.value))]


def test_a_failure_without_secrets_is_the_same_error() -> None:
    error = BuildError("broken", hint="mend it")
    with pytest.raises(BuildError) as caught, SECRETS.kept_out_of_errors():
        raise error
    assert caught.value is error
    assert (error.message, error.hint) == ("broken", "mend it")


def test_files_that_hold_a_secret_are_rewritten(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/log").write_bytes(b"\xff" + TOKEN.encode())
    (tmp_path / "other").write_bytes(b"\xff nothing")
    (tmp_path / "link").symlink_to("other")
    SECRETS.mask_folder(tmp_path)
    assert (tmp_path / "deep/log").read_bytes() == b"\xff***"
    assert (tmp_path / "other").read_bytes() == b"\xff nothing"


def test_an_unknown_secret_is_refused() -> None:
    with pytest.raises(InputError, match="there is no secret other"):
        SECRETS.files(["other"])
    assert SECRETS.files(["token"]) == {"secrets/token": TOKEN.encode()}


def test_fingerprints_differ_by_content_and_by_host(own_folders: Path) -> None:
    one, other = Secrets([Secret("a", b"content1")]), Secrets([Secret("a", b"content2")])
    assert one.fingerprint("a") == Secrets([Secret("b", b"content1")]).fingerprint("b")
    assert one.fingerprint("a") != other.fingerprint("a")
    before = one.fingerprint("a")
    key = own_folders / "state_home/goldsmith/secrets.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert key.stat().st_size == 32
    key.unlink()
    assert one.fingerprint("a") != before


def test_many_runs_that_make_the_key_at_once_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: host_key(tmp_path), range(32)))
    assert len(set(keys)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secrets.key"]


def test_a_key_that_others_can_read_or_that_is_cut_is_refused(tmp_path: Path) -> None:
    host_key(tmp_path)
    key = tmp_path / "secrets.key"
    key.chmod(0o640)
    with pytest.raises(HostError, match="not a private file of 32 bytes"):
        host_key(tmp_path)
    key.chmod(0o600)
    key.write_bytes(b"short")
    with pytest.raises(HostError, match="not a private file of 32 bytes"):
        host_key(tmp_path)
    key.unlink()
    key.symlink_to("/dev/zero")
    with pytest.raises(HostError, match="cannot be read or made"):
        host_key(tmp_path)
