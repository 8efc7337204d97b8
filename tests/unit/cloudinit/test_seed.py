from __future__ import annotations

import io
import json
from pathlib import Path

import pycdlib
import pytest

from goldsmith.cloudinit.seed import write_seed
from goldsmith.errors import BuildError, InputError


def read_seed(path: Path) -> tuple[str, dict[str, bytes], dict[str, bytes]]:
    """The label, and the files by their Rock Ridge and by their Joliet names."""
    iso = pycdlib.PyCdlib()
    iso.open(str(path))
    label = iso.pvd.volume_identifier.decode().strip()
    kinds: list[dict[str, bytes]] = []
    for kind in ("rr_path", "joliet_path"):
        files = {}
        for _, _, names in iso.walk(**{kind: "/"}):
            for name in names:
                content = io.BytesIO()
                iso.get_file_from_iso_fp(content, **{kind: f"/{name}"})
                files[name] = content.getvalue()
        kinds.append(files)
    iso.close()
    return label, kinds[0], kinds[1]


def test_an_empty_seed_has_an_identity_and_nothing_else(tmp_path: Path) -> None:
    seed = tmp_path / "seed.iso"
    write_seed(seed, instance_id="goldsmith-clone-1")
    files = {"meta-data": b'{"instance-id": "goldsmith-clone-1"}\n', "user-data": b"", "vendor-data": b""}
    assert read_seed(seed) == ("cidata", files, files)


def test_a_full_seed(tmp_path: Path) -> None:
    seed = tmp_path / "seed.iso"
    write_seed(
        seed,
        instance_id="iid-1",
        user_data=b"#cloud-config\n{}\n",
        local_hostname="web-1",
        network_config=b"version: 2\n",
    )
    _, files, _ = read_seed(seed)
    assert json.loads(files.pop("meta-data")) == {"instance-id": "iid-1", "local-hostname": "web-1"}
    assert files == {
        "user-data": b"#cloud-config\n{}\n",
        "network-config": b"version: 2\n",
        "vendor-data": b"",
    }


def test_the_label_is_where_ds_identify_looks(tmp_path: Path) -> None:
    seed = tmp_path / "seed.iso"
    write_seed(seed, instance_id="iid-1")
    descriptor = seed.read_bytes()[16 * 2048 : 17 * 2048]
    assert descriptor[1:6] == b"CD001"
    assert descriptor[40:72] == b"cidata".ljust(32)


@pytest.mark.parametrize("instance_id", ["", "../evil", "a b", "x" * 129, "a/b", "new\nline"])
def test_an_instance_id_names_a_folder_in_the_guest(tmp_path: Path, instance_id: str) -> None:
    with pytest.raises(InputError):
        write_seed(tmp_path / "seed.iso", instance_id=instance_id)


def test_a_seed_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="cannot write the seed"):
        write_seed(tmp_path / "missing" / "seed.iso", instance_id="iid-1")
