"""timezone: the zone of local time."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field, RootModel

from goldsmith.customization.customization import Customization, Session, register
from goldsmith.customization.fields import ZoneName
from goldsmith.customization.placing import follow, placing
from goldsmith.errors import BuildError

ZONES, LOCALTIME, NAME = "/usr/share/zoneinfo", "/etc/localtime", "/etc/timezone"


@register
class Timezone(Customization, RootModel[ZoneName]):
    """Set the time zone: the link /etc/localtime and, where the guest has it, Debian's /etc/timezone."""

    model_config = ConfigDict(extra=None)
    KEY = "timezone"
    EXAMPLE = "- timezone: Europe/Berlin"
    root: Annotated[ZoneName, Field(description="A zone that the guest knows, as Europe/Berlin or Etc/UTC.")]

    def perform(self, session: Session) -> str:
        zone = f"{ZONES}/{self.root}"
        place = placing(session, self.KEY, [zone, LOCALTIME, NAME])
        found = follow(place.index, zone, last=True).entry
        if found is None or not found.is_regular:
            raise BuildError(
                f"{self.KEY}: the guest does not know the time zone {self.root}",
                hint="check the spelling; if the guest has no zones at all, install tzdata in an earlier step",
            )
        # Relative, as timedatectl writes it: right in a mounted tree too.
        place.link(LOCALTIME, f"..{zone}", replace=True)
        if follow(place.index, NAME, last=True).entry is not None:
            place.file(NAME, f"{self.root}\n".encode(), None, None, None)
        place.done()
        return self.root
