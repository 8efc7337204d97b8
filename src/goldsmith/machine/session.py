"""A machine in a `with` block: started at its beginning, and never there after its end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

from goldsmith.errors import ProcessError
from goldsmith.machine.inside import Inside
from goldsmith.machine.ssh_config import Way


class KilledAtTheEnd(ABC):
    """What drivers build on: a start that fails leaves nothing behind either."""

    @abstractmethod
    def start(self) -> None: ...

    @abstractmethod
    def kill(self) -> None: ...

    def inside(self, within: float) -> AbstractContextManager[Inside]:
        """A driver without a way into its machines."""
        raise ProcessError("this driver starts no programs in its machines")

    def way_to_sshd(self) -> AbstractContextManager[Way]:
        """A driver whose machines have no port that leads into them."""
        raise ProcessError("machines of this driver are not reached by SSH: take the driver qemu, or rehearse")

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
