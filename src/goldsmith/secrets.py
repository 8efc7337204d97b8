"""Secrets of a build: where their values come from, and how nothing that goldsmith says, keeps or caches repeats them.

A value is read once, before any work. It is shown to the steps that name it, at /run/secrets/NAME in the guest, and
masked wherever else it turns up: as it is, encoded, and broken over lines. The image itself is searched for it.
"""

from __future__ import annotations

import base64
import hmac
import html
import json
import os
import re
import stat
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from secrets import token_bytes, token_hex
from typing import Any, TypeVar
from urllib.parse import quote, quote_plus

from goldsmith.errors import HostError, InputError
from goldsmith.events import Emit, Event
from goldsmith.findings import printable
from goldsmith.settings import state_dir

FOLDER = "secrets"
"""Below /run in the guest."""
MASK = b"***"
# What is shorter turns up by chance in any image of a gigabyte, and masking it would mask half of a log.
SHORTEST = 8
FEWEST_DIFFERENT = 4
LARGEST = 64 << 10
LINE_ENDS = b"\r\n"
LINE_END = re.compile(rb"[\r\n]")
KEY_BYTES = 32
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class SecretSource:
    """Where a value comes from: an environment variable of goldsmith's own, or a file of the host; exactly one."""

    env: str | None = None
    file: str | None = None

    def __str__(self) -> str:
        return f"the environment variable {self.env}" if self.env is not None else f"the file {self.file}"


@dataclass(frozen=True, slots=True)
class Secret:
    """One secret. `content` is what steps see, byte for byte; line ends at its end do not count as the secret."""

    name: str
    content: bytes = field(repr=False)

    @property
    def value(self) -> bytes:
        return self.content.rstrip(LINE_ENDS)

    def canaries(self) -> tuple[bytes, ...]:
        """What no byte of an image may spell: the value, and how it looks in Base64 (wherever in a longer text it
        begins) and URL-encoded.
        """
        return tuple(dict.fromkeys((self.value, *_base64_forms(self.value), *_url_forms(self.value))))

    def forms(self) -> tuple[bytes, ...]:
        """Everything that is masked: the canaries, how shells, JSON, HTML, XML and hex dumps spell the value, and its
        lines.
        """
        text = self.value.decode("utf-8", "surrogateescape")
        spelled = (
            text.replace("'", "'\\''"),
            text.replace("'", "'\"'\"'"),
            json.dumps(text)[1:-1],
            json.dumps(text, ensure_ascii=False)[1:-1],
            printable(text),
            *_html_forms(printable(text)),
            self.value.hex(),
            self.value.hex().upper(),
        )
        encoded = (each.encode("utf-8", "surrogateescape") for each in spelled)
        lines = (line.strip() for line in self.value.splitlines())
        found = dict.fromkeys(each.translate(None, LINE_ENDS) for each in (*self.canaries(), *encoded, *lines))
        return tuple(each for each in found if len(each) >= SHORTEST)


class Secrets:
    """The secrets of one build, by name. Its text never holds a value."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._secrets = {each.name: each for each in secrets}
        self._forms = tuple(dict.fromkeys(form for each in self for form in each.forms()))

    def __iter__(self) -> Iterator[Secret]:
        return iter(self._secrets.values())

    def __len__(self) -> int:
        return len(self._secrets)

    def __repr__(self) -> str:
        return f"Secrets({', '.join(self._secrets)})"

    def files(self, names: Iterable[str]) -> dict[str, bytes]:
        """What `Guest.run` shows to a program that may see these. Raises InputError for an unknown name."""
        return {f"{FOLDER}/{name}": self._get(name).content for name in names}

    def fingerprint(self, name: str) -> str:
        """Changes with the content, and tells nothing about it to who lacks this host's key."""
        return hmac.new(host_key(), self._get(name).content, "sha256").hexdigest()

    def mask(self, data: bytes) -> bytes:
        """Bytes without the secrets: each stands as `***`, also where its spelling is broken over lines."""
        if not self._forms or not data:
            return data
        squeezed = data.translate(None, LINE_ENDS)
        spans = sorted(span for form in self._forms for span in _occurrences(squeezed, form))
        if not spans:
            return data
        # Line ends before a byte that is kept, by the byte's place among those that are kept.
        ends = [found.start() - number for number, found in enumerate(LINE_END.finditer(data))]
        pieces, position = [], 0
        for start, end in _merged(spans):
            first, last = start + bisect_right(ends, start), end - 1 + bisect_right(ends, end - 1)
            pieces += [data[position:first], MASK]
            position = last + 1
        return b"".join((*pieces, data[position:]))

    def mask_text(self, text: str) -> str:
        """The same for text."""
        if not self._forms:
            return text
        try:
            data = text.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            data = text.encode("utf-8", "backslashreplace")
        masked = self.mask(data)
        return text if masked == data else masked.decode("utf-8", "surrogateescape")

    def masking(self, emit: Emit) -> Emit:
        """An `Emit` that hands on events without the secrets."""

        def masked(event: Event) -> None:
            emit(self._masked(event))

        return masked if self._forms else emit

    @contextmanager
    def kept_out_of_errors(self) -> Iterator[None]:
        """Whatever the block raises, and what caused it, is raised without the secrets in its text; what cannot be
        told otherwise (some libraries' errors never change) is raised as a RuntimeError.
        """
        try:
            yield
        except BaseException as error:
            clean = self._clean(error, set()) if self._forms else error
            if clean is not error:
                raise clean from None
            raise

    def mask_folder(self, folder: Path) -> None:
        """Rewrite the regular files below a folder of ours that hold a secret."""
        for path in sorted(folder.rglob("*")) if self._forms else ():
            if path.is_file() and not path.is_symlink():
                content = path.read_bytes()
                masked = self.mask(content)
                if masked != content:
                    path.write_bytes(masked)

    def _get(self, name: str) -> Secret:
        found = self._secrets.get(name)
        if found is None:
            raise InputError(f"there is no secret {printable(name)}", hint="declare it under `secrets:` of the recipe")
        return found

    def _clean(self, error: BaseException, seen: set[int]) -> BaseException:
        """The error itself, changed, or another in its place."""
        if id(error) in seen:
            return error
        seen.add(id(error))
        error.args = self._masked(error.args)
        for name, value in getattr(error, "__dict__", {}).items():
            setattr(error, name, self._masked(value))
        if isinstance(error, OSError):
            error.strerror, error.filename = self._masked(error.strerror), self._masked(error.filename)
        suppressed = error.__suppress_context__
        for link in ("__cause__", "__context__"):
            below = getattr(error, link)
            if below is not None:
                setattr(error, link, self._clean(below, seen))
        error.__suppress_context__ = suppressed
        said = str(error)
        masked = self.mask_text(said)
        if masked != said or (isinstance(error, BaseExceptionGroup) and self.mask_text(repr(error)) != repr(error)):
            return RuntimeError(f"{type(error).__name__}: {masked}")
        return error

    def _masked(self, value: Value) -> Value:
        """A value with all text in it masked."""
        masked: Any = value
        match value:
            case str():
                masked = self.mask_text(value)
            case bytes():
                masked = self.mask(value)
            case tuple() | list():
                items = [self._masked(each) for each in value]
                masked = items if isinstance(value, list) else tuple(items)
            case dict():
                masked = {key: self._masked(each) for key, each in value.items()}
            case _ if is_dataclass(value) and not isinstance(value, type):
                parts = {each.name: getattr(value, each.name) for each in fields(value) if each.init}
                clean = {name: self._masked(part) for name, part in parts.items()}
                masked = replace(value, **clean) if clean != parts else value
        return masked  # type: ignore[no-any-return]


NO_SECRETS = Secrets()


def read_secret(name: str, source: SecretSource, *, folder: Path, environ: Mapping[str, str] | None = None) -> Secret:
    """Read one secret; a relative path starts at `folder`.

    Raises InputError where it is not there, too large, or too simple to be told from other text.
    """
    if source.env is not None:
        content = _of_environment(name, source.env, os.environ if environ is None else environ)
    else:
        content = _of_file(name, str(source.file), folder)
    secret = Secret(name, content)
    if len(secret.value) < SHORTEST:
        size = f"{len(secret.value)} bytes" if secret.value else "nothing"
        raise InputError(
            f"secret {name}: {source} holds {size}; the shortest that can be masked and searched for has {SHORTEST}",
            hint="take a longer one",
        )
    if len(set(secret.value)) < FEWEST_DIFFERENT:
        raise InputError(
            f"secret {name}: {source} holds hardly any different characters: every image would seem to contain it",
            hint="take one that nobody guesses",
        )
    return secret


def host_key(folder: Path | None = None) -> bytes:
    """This host's own random key, made at first use, for its user only.

    Raises HostError where it cannot be made, or others could have read or made it.
    """
    path = (state_dir() if folder is None else folder) / "secrets.key"
    try:
        if not path.exists():
            _make_key(path)
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(file.fileno())
            key = file.read(KEY_BYTES + 1)
    except OSError as error:
        raise HostError(
            f"the key {path} cannot be read or made: {(error.strerror or str(error)).lower()}",
            hint="secrets take part in the keys of steps by it; make its folder writable for you",
        ) from error
    private = stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o077
    if not private or len(key) != KEY_BYTES:
        raise HostError(
            f"the key {path} is not a private file of {KEY_BYTES} bytes",
            hint="remove it: a new one is made, and steps with secrets get new keys",
        )
    return key


def _make_key(path: Path) -> None:
    """A whole key or none: the link cannot replace one that another run made meanwhile."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(f".{path.name}-{os.getpid()}-{token_hex(4)}")
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(made)
        except FileExistsError:
            return
    finally:
        made.unlink()


def _of_environment(name: str, variable: str, environ: Mapping[str, str]) -> bytes:
    value = environ.get(variable)
    if not value:
        state = "is not set" if value is None else "is empty"
        raise InputError(f"secret {name}: the environment variable {variable} {state}", hint=f"export {variable}=…")
    return os.fsencode(value)


def _of_file(name: str, file_name: str, folder: Path) -> bytes:
    try:
        path = folder / Path(file_name).expanduser()
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise InputError(f"secret {name}: {path} is not a regular file")
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except (OSError, ValueError, RuntimeError) as error:
        # RuntimeError: `~nobody` where there is no such user; ValueError: a NUL in the name.
        why = (getattr(error, "strerror", None) or str(error)).lower()
        raise InputError(
            f"secret {name}: cannot read {file_name}: {why}", hint="relative paths start at the recipe's folder"
        ) from error
    if len(content) > LARGEST:
        raise InputError(f"secret {name}: {path} is larger than {LARGEST} bytes", hint="secrets are keys and tokens")
    return content


def _html_forms(text: str) -> Iterator[str]:
    """In attributes and between tags, as templates and XML writers spell it."""
    yield html.escape(text)
    yield html.escape(text, quote=False)
    yield html.escape(text).replace("&quot;", "&#34;").replace("&#x27;", "&#39;")


def _base64_forms(value: bytes) -> Iterator[bytes]:
    """Base64 of the value at each of the three places where it can begin in a longer text, less the characters that
    its neighbors decide; in both alphabets.
    """
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + value).rstrip(b"=")
        cut = 1 if (shift + len(value)) % 3 else 0
        kept = encoded[(0, 2, 3)[shift] : len(encoded) - cut]
        yield kept
        yield kept.translate(bytes.maketrans(b"+/", b"-_"))


def _url_forms(value: bytes) -> Iterator[bytes]:
    for text in (quote(value, safe=""), quote(value), quote_plus(value)):
        yield text.encode("ascii")
        yield re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), text).encode("ascii")


def _occurrences(data: bytes, form: bytes) -> Iterator[tuple[int, int]]:
    position = data.find(form)
    while position >= 0:
        yield position, position + len(form)
        position = data.find(form, position + 1)


def _merged(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Sorted spans, those that overlap made one."""
    start, end = -1, -1
    for first, last in spans:
        if first >= end >= 0:
            yield start, end
        if first >= end:
            start = first
        end = max(end, last)
    if end >= 0:
        yield start, end
