"""copy: a file or a folder of the host."""

from __future__ import annotations

import posixpath
from pathlib import Path

from pydantic import ConfigDict, Field

from goldsmith.customization import hostfiles
from goldsmith.customization.customization import Customization, Session, register
from goldsmith.customization.fields import Account, AnyPath, HostPath, Mode
from goldsmith.customization.owners import group_id, user_id
from goldsmith.customization.placing import Placing, placing
from goldsmith.errors import InputError


@register
class Copy(Customization):
    """Copy a file, or the content of a folder, from the host.

    A folder's content goes into `to`, which is made if need be. Links are copied as links, word for word. Of a host
    file's mode only "executable" survives, so that a checkout's umask does not reach the image; everything new belongs
    to root. What the guest has at a path keeps the mode and owner that the step does not give.
    """

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)
    KEY = "copy"
    EXAMPLE = "- copy: {from: files/app.conf, to: /etc/app/}"
    source: HostPath = Field(
        alias="from", description="A file or folder of the host; relative paths start at the recipe's folder."
    )
    to: AnyPath = Field(
        description="Absolute path in the guest. For a file, a / at the end means: in that directory, by its own name."
    )
    mode: Mode | None = Field(
        default=None,
        description='Octal digits in quotes, for every file; new files get "0644", "0755" if executable on the host. '
        "New directories always get 0755.",
    )
    owner: Account | None = Field(default=None, description="User of the guest by name or number; new files get root.")
    group: Account | None = Field(default=None, description="Group of the guest by name or number; new files get root.")

    def host_files(self, folder: Path | None = None) -> tuple[str, ...]:
        return hostfiles.below(folder, self.source) if folder is not None else (self.source,)

    def check(self, folder: Path) -> None:
        step, source = f"{self.KEY} {self.source}", folder / self.source
        try:
            found = [source, *hostfiles.walk(source)] if source.is_dir() else [source]
            for path in found:
                if not path.is_symlink() or path == source:
                    _refuse_special(path, step)
        except OSError as error:
            raise hostfiles.unreadable(source, error, step=step) from error

    def perform(self, session: Session) -> str:
        self.check(session.folder)
        step, source = f"{self.KEY} {self.to}", session.folder / self.source
        owner = user_id(session.guest, self.owner, step=step), group_id(session.guest, self.group, step=step)
        if not source.is_dir():
            to = posixpath.join(self.to, Path(self.source).name) if self.to.endswith("/") or self.to == "/" else self.to
            place = placing(session, step, [to])
            self._file(place, session.folder, self.source, to, owner)
            place.done()
            return to
        names = [str(found.relative_to(source)) for found in hostfiles.walk(source)]
        place = placing(session, step, [self.to, *(posixpath.join(self.to, name) for name in names)])
        place.directory(self.to)
        files = 0
        for name in names:
            path, to = source / name, posixpath.join(self.to, name)
            target = hostfiles.link_target(path)
            if target is not None:
                place.link(to, target, replace=True)
            elif path.is_dir():
                place.directory(to)
            else:
                self._file(place, source, name, to, owner)
            files += target is not None or not path.is_dir()
        place.done()
        return f"{files} file{'s' if files != 1 else ''} to {self.to}"

    def _file(self, place: Placing, folder: Path, name: str, to: str, owner: tuple[int | None, int | None]) -> None:
        content = hostfiles.read(folder, name, step=f"{self.KEY} {self.source}")
        new_mode = 0o755 if hostfiles.is_executable(folder / name) else 0o644
        place.file(to, content, self.mode, *owner, new_mode=new_mode)


def _refuse_special(path: Path, step: str) -> None:
    path.stat()
    if not path.is_file() and not path.is_dir():
        raise InputError(f"{step}: {path} is neither a file, a folder nor a link")
