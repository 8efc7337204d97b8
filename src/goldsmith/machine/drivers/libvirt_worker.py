"""The process that holds the connection to libvirtd: its death ends the machine, because libvirtd destroys it then.

Messages to it: `open` (a URI), `start` (domain XML), `power`, `screenshot`, `destroy`; the answers carry the request's
name. By itself it tells of events: `reset`, `ended`, `lost` (the connection), and once a second `used`, the domain's
processor time and block requests, which is also the sign that libvirtd still answers.
"""

from __future__ import annotations

import os
import socket
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from goldsmith.errors import GoldsmithError
from goldsmith.guest.worker import wire
from goldsmith.machine.drivers.libvirt_agent import AgentError, serve_agent
from goldsmith.machine.drivers.libvirt_owner import NAMESPACE, Owner
from goldsmith.machine.drivers.libvirt_picture import as_png

SAMPLE_SECONDS = 1.0
# After so many unanswered questions in a row the connection counts as lost.
KEEPALIVE_SECONDS, KEEPALIVE_COUNT = 5, 4
# The guest's programs are only started by a question, and asked for again.
AGENT_SECONDS = 55
# 3840 by 2160 pixels have 24 MiB.
PICTURE_LIMIT = 64 << 20
NO_BINDING = "no-binding"


def serve(channel: socket.socket, port: socket.socket) -> int:
    """Answer requests, and questions to the guest agent, until goldsmith is gone; the exit code of the process."""
    try:
        import libvirt  # noqa: PLC0415
        import libvirt_qemu  # noqa: PLC0415
    except ImportError:
        wire.send(channel, {"answer": "open", "error": "python3-libvirt is not installed", "kind": NO_BINDING})
        return 1
    libvirt.registerErrorHandler(lambda _context, _error: None, None)
    libvirt.virEventRegisterDefaultImpl()
    connection = _Connection(channel, port, libvirt, libvirt_qemu)
    threading.Thread(target=_run_events, args=(libvirt,), daemon=True).start()
    while (request := _request(channel)) is not None:
        what = str(request["do"])
        try:
            answer = getattr(connection, what)(request)
        except libvirt.libvirtError as error:
            answer = {"error": error.get_error_message() or str(error)}
        connection.say({"answer": what, **answer})
    os._exit(0)  # threads of the library may wait for a libvirtd that hangs


def wake(uri: str) -> int:
    """Start this user's libvirtd, as every program does that connects to it."""
    import libvirt  # noqa: PLC0415

    libvirt.open(uri).close()
    return 0


def _request(channel: socket.socket) -> wire.Message | None:
    try:
        return wire.receive(channel)
    except (OSError, GoldsmithError):
        return None


def _run_events(libvirt: Any) -> None:
    while True:
        libvirt.virEventRunDefaultImpl()


class _Connection:
    """One connection and its one domain."""

    def __init__(self, channel: socket.socket, port: socket.socket, libvirt: Any, libvirt_qemu: Any) -> None:
        self._channel = channel
        self._port = port
        self._lock = threading.Lock()
        self._libvirt = libvirt
        self._libvirt_qemu = libvirt_qemu
        self._connection: Any = None
        self._domain: Any = None
        self._uuid = ""
        self._by_host = False

    def say(self, message: wire.Message) -> None:
        try:
            with self._lock:
                wire.send(self._channel, message)
        except OSError:
            os._exit(1)

    def open(self, request: wire.Message) -> wire.Message:
        connection = self._libvirt.open(request["uri"] or None)
        connection.registerCloseCallback(self._closed, None)
        connection.setKeepAlive(KEEPALIVE_SECONDS, KEEPALIVE_COUNT)
        self._connection = connection
        self._end_what_dead_runs_left()
        models = ET.fromstring(connection.getCapabilities()).iterfind("host/secmodel/model")  # noqa: S314 (libvirtd's own)
        return {"uri": connection.getURI(), "security": [model.text for model in models]}

    def start(self, request: wire.Message) -> wire.Message:
        libvirt, connection = self._libvirt, self._connection
        self._uuid = request["uuid"]
        handlers = {
            libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE: self._lifecycle,
            libvirt.VIR_DOMAIN_EVENT_ID_REBOOT: self._rebooted,
            libvirt.VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON: self._io_error,
        }
        for number, handler in handlers.items():
            connection.domainEventRegisterAny(None, number, handler, None)
        self._domain = connection.createXML(request["xml"], libvirt.VIR_DOMAIN_START_AUTODESTROY)
        threading.Thread(target=self._sample, daemon=True).start()
        threading.Thread(target=serve_agent, args=(self._port, self._ask_agent), daemon=True).start()
        return {}

    def _ask_agent(self, question: str) -> str:
        try:
            answer: str = self._libvirt_qemu.qemuAgentCommand(self._domain, question, AGENT_SECONDS, 0)
        except self._libvirt.libvirtError as error:
            raise AgentError(error.get_error_message()) from error
        return answer

    def _end_what_dead_runs_left(self) -> None:
        for domain in self._connection.listAllDomains():
            with suppress(self._libvirt.libvirtError, ET.ParseError):
                text = domain.metadata(self._libvirt.VIR_DOMAIN_METADATA_ELEMENT, NAMESPACE)
                owner = Owner.parse(ET.fromstring(text).text or "")  # noqa: S314 (a few words, by libvirtd)
                if owner is not None and owner.is_dead():
                    domain.destroy()

    def power(self, _request: wire.Message) -> wire.Message:
        self._domain.shutdownFlags(self._libvirt.VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN)
        return {}

    def screenshot(self, request: wire.Message) -> wire.Message:
        """Whether there is a picture of its first screen at `path` now."""
        stream, picture = self._connection.newStream(0), bytearray()
        self._domain.screenshot(stream, 0, 0)
        while len(picture) <= PICTURE_LIMIT and (block := stream.recv(1 << 16)):
            picture += block
        stream.abort() if len(picture) > PICTURE_LIMIT else stream.finish()
        png = as_png(bytes(picture))
        if png is not None:
            Path(request["path"]).write_bytes(png)
        return {"taken": png is not None}

    def destroy(self, _request: wire.Message) -> wire.Message:
        """End it, and forget a definition that somebody may have made of it meanwhile, whose disk goes now."""
        libvirt = self._libvirt
        everything = libvirt.VIR_DOMAIN_UNDEFINE_NVRAM | getattr(libvirt, "VIR_DOMAIN_UNDEFINE_TPM", 0)
        if self._domain is not None:
            with suppress(libvirt.libvirtError):
                self._domain.destroy()
            with suppress(libvirt.libvirtError):
                self._domain.undefineFlags(everything)
        return {}

    def _sample(self) -> None:
        libvirt = self._libvirt
        kinds = libvirt.VIR_DOMAIN_STATS_VCPU | libvirt.VIR_DOMAIN_STATS_BLOCK
        pause = threading.Event()
        while not pause.wait(SAMPLE_SECONDS):
            try:
                ((_, stats),) = self._connection.domainListGetStats([self._domain], kinds)
            except (libvirt.libvirtError, ValueError):
                return
            cpus = [
                [stats.get(f"vcpu.{number}.time", 0) / 1e9, stats.get(f"vcpu.{number}.delay", 0) / 1e9]
                for number in range(stats.get("vcpu.current", 0))
            ]
            names = [
                f"block.{n}.{what}.reqs" for n in range(stats.get("block.count", 0)) for what in ("rd", "wr", "fl")
            ]
            self.say({"event": "used", "cpus": cpus, "blocks": sum(stats.get(name, 0) for name in names)})

    def _lifecycle(self, _connection: Any, domain: Any, event: int, detail: int, _opaque: object) -> None:
        libvirt = self._libvirt
        if domain.UUIDString() != self._uuid:
            return
        if event == libvirt.VIR_DOMAIN_EVENT_SHUTDOWN:
            self._by_host = detail == libvirt.VIR_DOMAIN_EVENT_SHUTDOWN_HOST
        if event != libvirt.VIR_DOMAIN_EVENT_STOPPED:
            return
        why = {
            libvirt.VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN: "ended by a signal" if self._by_host else "shutdown",
            libvirt.VIR_DOMAIN_EVENT_STOPPED_DESTROYED: "destroyed",
            libvirt.VIR_DOMAIN_EVENT_STOPPED_CRASHED: "crashed",
            libvirt.VIR_DOMAIN_EVENT_STOPPED_FAILED: "failed",
        }.get(detail, "other")
        self.say({"event": "ended", "why": why})

    def _rebooted(self, _connection: Any, domain: Any, _opaque: object) -> None:
        if domain.UUIDString() == self._uuid:
            self.say({"event": "reset"})

    def _io_error(
        self, _connection: Any, domain: Any, _path: str, _alias: str, action: int, reason: str, _opaque: object
    ) -> None:
        if domain.UUIDString() == self._uuid and action == self._libvirt.VIR_DOMAIN_EVENT_IO_ERROR_PAUSE:
            self.say({"event": "stopped", "why": reason})

    def _closed(self, _connection: Any, _reason: int, _opaque: object) -> None:
        self.say({"event": "lost"})
