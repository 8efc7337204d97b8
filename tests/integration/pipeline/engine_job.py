"""One policy through one engine, without packages: what was planned and the tree that came out, as JSON.

    engine_job.py ENGINE BASE OUTPUT

A program of its own, so that a plain user can run it while the test itself is root.
"""

from __future__ import annotations

import base64
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from goldsmith.customization.customization import Session
from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.disk.header import inspect
from goldsmith.disk.qemu_img import create_overlay
from goldsmith.generalization.generalize import generalize
from goldsmith.generalization.report import kept_as_json, plan_as_json
from goldsmith.generalization.select import select
from goldsmith.guest.guest import Guest
from goldsmith.guest.index import Entry, Index
from goldsmith.guest.info import INFO_ROOTS, read_info
from goldsmith.guest.open import open_guest
from goldsmith.recipe.load import load

RECIPE = """\
name: engines
version: "1.0"
base: {{file: "{base}"}}
disk: {{size: 4G}}
datasource: local
defaults:
  config: |
    system_info: {{default_user: {{name: admin}}}}
customize:
  - mkdir: {{path: /srv/data, mode: "2750"}}
  - write: {{path: /srv/data/hello, text: "{{{{ name }}}}\\n", mode: "0640"}}
  - link: {{path: /srv/now, target: data/hello}}
  - hostname: golden
  - timezone: Europe/Vienna
  - run: {{shell: "id -u > /srv/uid; touch /srv/made; chown 33:33 /srv/made"}}
  - services: {{mask: [apt-daily.timer], disable: [e2scrub_all.timer]}}
  - delete: [/etc/debian_version]
"""
# Contents are compared where the policy and the operations work, elsewhere type, mode, owner, size and links.
DIGESTS = ("/etc", "/srv", "/var/lib/dbus", "/var/lib/systemd", "/var/log")


def main(engine: str, base: Path, output: Path) -> None:
    with tempfile.TemporaryDirectory(dir=output.parent) as made:
        folder = Path(made)
        recipe_file = folder / "recipe.yaml"
        recipe_file.write_text(RECIPE.format(base=base))
        recipe = load(recipe_file)
        given = Disk(base, DiskFormat.QCOW2, inspect(base, DiskFormat.QCOW2))
        overlay = create_overlay(folder / "overlay.qcow2", given, recipe.disk.size)
        with open_guest(overlay, engine=engine, scratch=folder, grow=True) as guest:
            info = read_info(guest.index(INFO_ROOTS), guest.read)
            session = Session(guest=guest, info=info, folder=folder, variables=recipe.variables)
            for customization in recipe.customizations:
                customization.perform(session)
            done = generalize(guest, select("defaults"), declared=session.declared)
            tree = sorted(_tree(guest))
        said = {"plan": plan_as_json(done.applied), "kept": kept_as_json(done.applied.kept), "tree": tree}
        output.write_text(json.dumps(said))


def _tree(guest: Guest) -> Iterator[tuple[str, str]]:
    everything, digests = guest.index(("/",)), guest.index(DIGESTS, digests=True)
    for path, entry in everything.items():
        yield json.dumps(path), json.dumps(_told(entry, digests), sort_keys=True)


def _told(entry: Entry, digests: Index) -> dict[str, object]:
    known = digests.get(entry.path)
    return {
        "type": entry.type.value,
        "mode": f"{entry.mode:04o}",
        "owner": [entry.uid, entry.gid],
        "size": entry.size if entry.is_regular else None,
        "links": entry.links if entry.is_regular else None,
        "target": entry.target,
        "digest": known.digest if known is not None else None,
        "xattrs": {name: base64.b64encode(value).decode() for name, value in sorted(entry.xattrs.items())},
    }


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
