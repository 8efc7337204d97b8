"""The recipe that `goldsmith init` writes: commented, and buildable as it is."""

from __future__ import annotations

from pathlib import Path

from goldsmith.errors import InputError
from goldsmith.recipe.model import NAME
from goldsmith.recipe.schema import SCHEMA_FILE

SUFFIXES = (".yaml", ".yml")
_TEXT = """\
# yaml-language-server: $schema={schema}
#
# A golden image: what it starts from, what is baked in, and how it is proven.
#
#   goldsmith lint {file}     look at the recipe alone
#   goldsmith plan {file}     show what a build would do
#   goldsmith build {file}    build, verify on booted clones, admit to the pool

name: {name}
version: "1.0"                       # in quotes: YAML makes a number of 1.0. The image: {name}-v1.0.qcow2

# Where it starts: one of
#   bootstrap: debian/12             made from the distribution's packages; needs only a package mirror
#   file: vendor.qcow2               an image beside this recipe
#   url: https://example.org/vendor.qcow2
#   sha256: 0123…                    with url: the digest, or `checksum:` with the URL of the vendor's checksum file
base:
  bootstrap: debian/12
disk:
  size: 10G                          # the file system grows into it

# What a clone does that is given no user-data: without this most images leave cloud-init disabled.
#   local     a NoCloud seed or none; the defaults below always apply
#   clouds    look for every cloud first (a clone without one waits for minutes)
#   as-base   whatever the base does
datasource: local

# cloud-init's configuration of every clone, written word for word. They are defaults: user-data is stronger.
defaults:
  name: 99-custom-defaults           # -> /etc/cloud/cloud.cfg.d/99-custom-defaults.cfg
  config: |
    system_info:
      default_user:
        name: admin                  # no password and no keys: those come from each clone's own user-data
        sudo: ["ALL=(ALL) NOPASSWD:ALL"]
        shell: /bin/bash
    ssh_pwauth: false
  # disable_modules: [runcmd]        # cloud-init modules that do not run, exactly these

# What is baked in, in order. Also: uninstall, update, copy, delete, mkdir, link, hostname, timezone.
customize:
  - install: [htop]                  # now; `packages:` in the defaults would download on every clone's first boot
  - write:
      path: /etc/motd
      text: |
        {{{{ name }}}} {{{{ version }}}}
  # - services: {{enable: [nginx], disable: [apt-daily.timer]}}
  # - run: {{script: setup.sh, network: true, secrets: [token]}}   # finds /run/secrets/token, for itself alone

# What steps may see and nothing may repeat: masked in all that is said, searched for in every byte of the image.
# secrets: {{token: {{env: REGISTRY_TOKEN}}}}                # or {{file: ~/token}}

# What is removed so that clones differ and nothing of the build stays.
generalize:
  operations: defaults               # or for example: defaults,-logfiles
  # keep: [{{path: /etc/lab.conf, reason: every clone belongs to the lab}}]
  # with: virt-sysprep               # the real one does it; goldsmith names what it left, or takes it out after it:
  #                                  # [virt-sysprep, goldsmith]

# How it is packed: qcow2 with zstd, unless you say otherwise.
# seal: {{format: qcow2, compression: zlib}}

# How it is proven: clones boot with no seed, an empty one, and user-data that adds a user; they are read when they are
# off, and one of them is started twice.
verify:
  # seeds: [none, empty]             # fewer, or more clones of each: clones: 6
  # second_boot: false
  # rehearse: false                  # all as machines; else, where those are emulated, some only in containers
  # firmware: [bios, uefi]
  # machine: {{memory: 2G, cpus: 2, tpm: true, bus: scsi}}
  expect:
    users: {{present: [admin], absent: [debian]}}
    packages: [htop]
    # files: [{{path: /etc/motd, contains: welcome}}]                             # read from each clone's disk
    # commands: [{{run: systemctl is-active ssh, stdout: {{equals: active}}}}]      # run inside each clone
"""


def starter(file: str, name: str) -> str:
    """The recipe's text; `file` is what its comments call it."""
    return _TEXT.format(schema=SCHEMA_FILE.as_uri(), file=file, name=name)


def write_starter(path: Path) -> Path:
    """Write the starter recipe, named after its file. Raises InputError where it cannot or something is there."""
    if path.suffix not in SUFFIXES:
        raise InputError(f"{path} is no name of a recipe", hint=f"recipes end in .yaml: {path.name or 'recipe'}.yaml")
    name = path.stem if NAME.fullmatch(path.stem) else "base"
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(starter(path.name, name))
    except FileExistsError as error:
        raise InputError(
            f"{path} is there already", hint="choose another name: a recipe is never overwritten"
        ) from error
    except FileNotFoundError as error:
        raise InputError(f"there is no folder {path.parent}", hint="make it first") from error
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error
    return path
