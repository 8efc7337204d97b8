"""datasource: whether a clone without any seed runs cloud-init, and where its data may come from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, RootModel

from goldsmith.cloudinit.datasource import Choice, drop_ins, without_seed
from goldsmith.cloudinit.files import read_configuration
from goldsmith.customization.cloudconfig import put, require_cloud_init
from goldsmith.customization.customization import Customization, Session, register
from goldsmith.errors import BuildError


@register
class Datasource(Customization, RootModel[Literal["local", "clouds", "as-base"]]):
    """Where clones get their data from, and whether the defaults apply to one that is given none.

    `local`: a NoCloud seed, or none: the defaults always apply, and no cloud is looked for. `clouds`: every cloud, and
    the defaults where none is found (which takes minutes). `as-base`: as the base has it.
    """

    model_config = ConfigDict(extra=None)
    KEY = "datasource"
    TOP_LEVEL = True
    EXAMPLE = "datasource: local"
    root: Annotated[
        Literal["local", "clouds", "as-base"],
        Field(description="local (NoCloud or none), clouds (all, then none) or as-base (unchanged)."),
    ]

    @property
    def choice(self) -> Choice:
        """The choice as `cloudinit` has it."""
        return Choice(self.root)

    def perform(self, session: Session) -> str:
        if self.choice is Choice.AS_BASE:
            return "as the base has it"
        files = read_configuration(session.guest)
        require_cloud_init(files, self.KEY)
        made = drop_ins(self.choice, files)
        for each in made:
            put(session, self.KEY, each.path, each.content)
        decision = without_seed(read_configuration(session.guest), version=session.info.cloud_init_version)
        if not decision.enabled:
            raise BuildError(f"{self.KEY}: {self.root} was written, and still cloud-init would not run: {decision.why}")
        return f"{self.root}: {decision.why}"
