"""A NoCloud seed: the disk that hands a machine its identity and, if wanted, its user-data.

ds-identify accepts exactly the labels `cidata` and `CIDATA`; cloud-init also wants iso9660 or vfat, and both
`user-data` and `meta-data`, which may be empty. Without an instance-id in `meta-data` every such machine would be the
same instance, `nocloud`, and nothing of first boot would run on a clone of a clone.
"""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pycdlib
from pycdlib.pycdlibexception import PyCdlibException

from goldsmith.errors import BuildError, InputError

LABEL = "cidata"
_INSTANCE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


def write_seed(
    path: Path,
    *,
    instance_id: str,
    user_data: bytes = b"",
    local_hostname: str | None = None,
    network_config: bytes | None = None,
) -> None:
    """Write a seed as an ISO 9660 image with Joliet and Rock Ridge names. Empty user-data means no user-data.

    Raises InputError for an instance-id that could not name a folder, BuildError where the image cannot be written.
    """
    files = seed_files(
        instance_id=instance_id, user_data=user_data, local_hostname=local_hostname, network_config=network_config
    )
    try:
        iso = pycdlib.PyCdlib()
        iso.new(interchange_level=3, joliet=3, rock_ridge="1.09", vol_ident=LABEL)
        for name, content in files.items():
            iso.add_fp(
                io.BytesIO(content),
                len(content),
                iso_path=f"/{name.upper().replace('-', '_')}.;1",
                rr_name=name,
                joliet_path=f"/{name}",
            )
        with path.open("wb") as file:
            iso.write_fp(file)
        iso.close()
    except (OSError, PyCdlibException) as error:
        raise BuildError(f"cannot write the seed {path}: {error}") from error


def seed_files(
    *, instance_id: str, user_data: bytes = b"", local_hostname: str | None = None, network_config: bytes | None = None
) -> dict[str, bytes]:
    """What a seed holds: name to content. An empty vendor-data keeps cloud-init from warning that there is none."""
    if not _INSTANCE_ID.fullmatch(instance_id):
        raise InputError(
            f"instance-id {instance_id!r} cannot name a folder",
            hint="letters, digits, dots, dashes and underscores, at most 128",
        )
    meta_data = {"instance-id": instance_id}
    if local_hostname is not None:
        meta_data["local-hostname"] = local_hostname
    files = {"meta-data": json.dumps(meta_data).encode() + b"\n", "user-data": user_data, "vendor-data": b""}
    if network_config is not None:
        files["network-config"] = network_config
    return files
