"""defaults: the image's own cloud-init configuration, as a drop-in file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from goldsmith.cloudinit import document, modules
from goldsmith.cloudinit.effective import CLOUD_CFG, CLOUD_CFG_D, effective
from goldsmith.cloudinit.files import LIMIT, read_configuration
from goldsmith.customization import hostfiles
from goldsmith.customization.cloudconfig import put, require_cloud_init
from goldsmith.customization.customization import Customization, Session, register
from goldsmith.customization.fields import HostPath
from goldsmith.errors import BuildError, InputError

# ds-identify's shell glob does not see hidden files; cloud-init's Python does.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
# They change how *other* files lie under this one, and a wrong value ends every stage of cloud-init.
MERGERS = ("merge_how", "merge_type")


def _file_name(name: str) -> str:
    if not _NAME.fullmatch(name) or len(name) > 200:
        raise ValueError(f"a name has letters, digits, dots, hyphens and underscores and is not hidden: {name!r}")
    return name.removesuffix(".cfg") + ".cfg"


def _configuration(text: str) -> str:
    said = faults("config", text.encode())
    if said:
        raise ValueError("; ".join(said))
    return text


@register
class Defaults(Customization):
    """Write cloud-init defaults to /etc/cloud/cloud.cfg.d, word for word: comments and order stay, nothing is
    templated.

    They are defaults, no policy: a clone's user-data is stronger. Later file names are stronger than earlier ones.
    """

    KEY = "defaults"
    TOP_LEVEL = True
    EXAMPLE = """\
defaults:
  name: 99-custom-defaults
  config: |
    system_info:
      default_user: {name: admin}   # comments stay
    ssh_pwauth: false
  disable_modules: [runcmd]
"""
    name: Annotated[str, AfterValidator(_file_name)] = Field(
        default="99-custom-defaults",
        validate_default=True,
        description="Name of the file in /etc/cloud/cloud.cfg.d; .cfg is added.",
    )
    config: Annotated[str, AfterValidator(_configuration)] | None = Field(
        default=None,
        description="The content: cloud-config YAML with a mapping at its top (write it after `config: |`).",
    )
    file: HostPath | None = Field(
        default=None, description="Instead of config: a file of the host, relative to the recipe's folder."
    )
    disable_modules: tuple[str, ...] = Field(
        default=(),
        description="cloud-init modules that do not run, exactly these: their stage's list is written without them.",
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.config is not None and self.file is not None:
            raise ValueError("give config or file, not both")
        if self.config is None and self.file is None and not self.disable_modules:
            raise ValueError("give config, file or disable_modules")
        return self

    @property
    def path(self) -> str:
        """The file's path in the guest."""
        return f"{CLOUD_CFG_D}/{self.name}"

    def host_files(self, folder: Path | None = None) -> tuple[str, ...]:
        return (self.file,) if self.file is not None else ()

    def check(self, folder: Path) -> None:
        self.content(folder)

    def content(self, folder: Path) -> bytes:
        """What is written, but for the module lists. Raises InputError where cloud-init would not read it as meant."""
        if self.file is None:
            return (self.config or "").encode()
        content = hostfiles.read(folder, self.file, step=self.KEY, limit=LIMIT)
        said = faults(self.file, content)
        if said:
            raise InputError(f"{self.KEY}: {said[0]}", hint="cloud-init would not read the file as it is meant")
        return content

    def perform(self, session: Session) -> str:
        files = read_configuration(session.guest)
        require_cloud_init(files, self.KEY)
        others = {path: content for path, content in files.items() if path != self.path}
        written = without_modules(self.content(session.folder), self.disable_modules, others)
        after = effective({**others, self.path: written})
        if self.path not in after.sources:
            raise BuildError(
                f"{self.KEY}: cloud-init would not read {self.path}: conf_d in {CLOUD_CFG} names another folder",
                hint=f"add a step that removes conf_d from {CLOUD_CFG}",
            )
        for module in self.disable_modules:
            if after.runs(module):
                raise BuildError(
                    f"{self.KEY}: {module} would still run: a file that is stronger than {self.name} sets the list",
                    hint=f"the files by strength: {', '.join(after.sources)}; give name: a later one",
                )
        put(session, self.KEY, self.path, written)
        return self.path


def without_modules(content: bytes, names: tuple[str, ...], files: Mapping[str, bytes]) -> bytes:
    """The content and, below it, the lists of the image's configuration without the named modules.

    Raises InputError where the content sets one of these lists itself, or where nothing can be put below it.
    """
    if not names:
        return content
    lists = modules.without(effective(files), names)
    wanted, _ = document.parse("disable_modules", lists.encode())
    own, _ = document.parse("config", content)
    for key in wanted:
        if key in own:
            raise InputError(
                f"defaults: config sets {key} itself, so disable_modules cannot",
                hint=f"leave the module out of {key} in config",
            )
    text = content if not content or content.endswith(b"\n") else content + b"\n"
    whole = text + f"# without {', '.join(names)}\n{lists}".encode()
    merged, _ = document.parse("config", whole)
    if merged != {**own, **wanted}:
        raise InputError(
            "defaults: the module lists cannot be put below config",
            hint="write config as a block mapping (key: value lines), not in braces and without an end mark",
        )
    return whole


def faults(name: str, content: bytes) -> list[str]:
    """What is wrong with a configuration file: all that cloud-init would drop, die of, or hardly read as meant."""
    config, problems = document.parse(name, content)
    said = [str(problem) for problem in problems]
    if not said and not config:
        said.append(f"{name}: it holds no setting")
    said.extend(f"{name}: {key} changes how other files are merged; leave it out" for key in MERGERS if key in config)
    return said
