"""The cloud-config in user-data, as far as it can be known before a boot."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping
from typing import Any

from goldsmith.cloudinit.document import parse
from goldsmith.cloudinit.merging import fold

MAX_BYTES = 1 << 20
WHERE = "user-data"
_SCRIPTS = ("#!", "#cloud-boothook", "#upstart-job", "#part-handler", "#include", "Content-Type:", "MIME-Version:")


def read_user_data(content: bytes) -> tuple[dict[Any, Any], tuple[str, ...]]:
    """Its configuration, {} where it has none, and one line for each thing that was not understood."""
    if content.startswith(b"\x1f\x8b"):
        try:
            content = zlib.decompressobj(wbits=31).decompress(content, MAX_BYTES)
        except (zlib.error, gzip.BadGzipFile):
            return {}, (f"{WHERE} is damaged: it cannot be unpacked",)
    text = content.decode("utf-8", "replace").lstrip()
    if not text:
        return {}, ()
    if text.startswith(_SCRIPTS):
        return {}, (f"{WHERE} is no cloud-config: what its parts do is not predicted",)
    if not text.startswith(("#cloud-config", "## template: jinja")):
        return {}, (f"Unhandled non-multipart (text/x-not-multipart) userdata: {WHERE} has no known first line",)
    config, problems = parse(WHERE, content)
    for key in ("merge_how", "merge_type"):
        config.pop(key, None)
    return config, tuple(f"{problem}" for problem in problems)


def with_user_data(system: Mapping[Any, Any], user_data: bytes) -> tuple[dict[Any, Any], tuple[str, ...]]:
    """The configuration that modules see over the image's own, and one line for each thing that was not understood.

    User-data is stronger, but for system_info: the distribution's object is made before user-data is known.
    """
    given, notes = read_user_data(user_data)
    if not given:
        return dict(system), notes
    config = fold([given, dict(system)])
    config.pop("system_info", None)
    if "system_info" in system:
        config["system_info"] = system["system_info"]
    return config, notes
