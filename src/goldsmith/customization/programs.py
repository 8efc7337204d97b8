"""Guest programs of recipe steps: their environment, their output, and the error when one fails."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from goldsmith.customization.customization import Session
from goldsmith.errors import BuildError, InputError, ProcessError
from goldsmith.findings import printable
from goldsmith.guest.guest import GuestProgram

ENVIRONMENT: Mapping[str, str] = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LC_ALL": "C.UTF-8",
    "LANG": "C.UTF-8",
    "TERM": "dumb",
}
PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "no_proxy")
TAIL_LINES = 20


def proxies(environ: Mapping[str, str]) -> dict[str, str]:
    """The host's proxies, for one program's environment; they are never written into the guest."""
    names = (*PROXIES, *(name.upper() for name in PROXIES))
    return {name: environ[name] for name in names if environ.get(name)}


def run(
    session: Session,
    step: str,
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    network: bool = False,
    files: Mapping[str, bytes] | None = None,
    secrets: Sequence[str] = (),
    timeout: float,
) -> GuestProgram:
    """Run a program of the guest; with `network` it is told the host's proxies. It sees the `secrets` that are named,
    and all of the session's are masked in what it printed.

    Raises InputError where the engine cannot run programs, BuildError where one does not end in time or the worker
    fails. A program that fails is returned, not raised.
    """
    require_programs(session, step)
    told = proxies(os.environ) if network else {}
    environment = {**ENVIRONMENT, **told, **env}
    shown = {**(files or {}), **session.secrets.files(secrets)}
    with session.secrets.kept_out_of_errors():
        try:
            program = session.guest.run(argv, network=network, env=environment, files=shown, timeout=timeout)
        except ProcessError as error:
            raise ProcessError(f"{step}: {error.message}", log_tail=error.log_tail, hint=error.hint) from error
        except BuildError as error:
            raise BuildError(f"{step}: {error.message}", hint=error.hint) from error
    output = session.secrets.mask(masked(program.output, told))
    session.output(output)
    return GuestProgram(program.argv, program.returncode, output)


def require_programs(session: Session, step: str) -> None:
    """Raises InputError where the engine cannot run programs of the guest."""
    if not session.guest.features.can_run:
        raise InputError(
            f"{step}: the engine {session.guest.engine} cannot run programs of the guest",
            hint="use an engine that can: --engine mount (as root) or --engine guestfs",
        )


def masked(output: bytes, told: Mapping[str, str]) -> bytes:
    """What a program printed, without the passwords of the proxies that it was told."""
    for proxy in told.values():
        try:
            password = urlsplit(proxy).password
        except ValueError:
            password = None
        if password:
            output = output.replace(password.encode(), b"***")
    return output


def tail(output: bytes, lines: int = TAIL_LINES) -> list[str]:
    """The last lines that a program printed, safe for a terminal; of a line that was redrawn, the last state."""
    text = output.decode("utf-8", "surrogateescape").replace("\r\n", "\n")
    shown = [line.rsplit("\r", 1)[-1].rstrip() for line in text.split("\n")]
    return [printable(line.replace("\t", "    ")) for line in shown if line][-lines:]


def failure(message: str, program: GuestProgram, *, hint: str | None = None) -> ProcessError:
    """The error for a program that failed, with the last lines that it printed."""
    return ProcessError(message, log_tail=tail(program.output), hint=hint)


def ended(program: GuestProgram) -> str:
    """How a program ended, in words."""
    code = program.returncode
    return f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
