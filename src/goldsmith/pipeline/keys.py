"""Step keys: a digest chained over everything that decides what a step leaves behind.

Each step's key covers the key before it, the step's own inputs and the version of the code, so an equal key means an
equal result, and layers can be cached by it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from goldsmith import __version__
from goldsmith.customization import hostfiles
from goldsmith.customization.customization import Customization
from goldsmith.errors import InputError
from goldsmith.recipe.checks import read_testinfra
from goldsmith.recipe.model import Recipe
from goldsmith.secrets import NO_SECRETS, Secrets

# A template without these names no variable.
TEMPLATE_MARKS = ("{{", "{%")


@dataclass(frozen=True, slots=True)
class StepKey:
    """One step as `plan` shows it: `key` is None while the base's digest is not known."""

    name: str
    key: str | None
    cached: bool = False

    def as_json(self) -> dict[str, object]:
        return {"name": self.name, "key": self.key, "cached": self.cached, "changed_inputs": []}


def chain(recipe: Recipe, base_digest: str | None, secrets: Secrets = NO_SECRETS) -> tuple[StepKey, ...]:
    """The key of every step that shapes the image, in order; the last one is the build key.

    A secret takes part by a fingerprint that only this host can make. Raises InputError where a file of the host that a
    step names cannot be read, or a secret that it names is not among `secrets`.
    """
    previous = _digest({"base": base_digest}) if base_digest is not None else None
    keys = [StepKey("base", previous, cached=base_digest is not None)]
    for name, inputs in _steps(recipe, secrets):
        if previous is not None:
            previous = _digest({"previous": previous, "step": name, "inputs": inputs, "version": __version__})
        keys.append(StepKey(name, previous))
    return tuple(keys)


def build_key(recipe: Recipe, base_digest: str, secrets: Secrets = NO_SECRETS) -> str:
    """The key of everything together: the same key means the same image."""
    key = chain(recipe, base_digest, secrets)[-1].key
    assert key is not None
    return key


def _steps(recipe: Recipe, secrets: Secrets) -> Iterator[tuple[str, Mapping[str, object]]]:
    yield "disk", {"size": recipe.disk.size, "arch": recipe.arch}
    for number, customization in enumerate(recipe.customizations, start=1):
        yield f"customize {number}: {customization.KEY}", _inputs(recipe, customization, secrets)
    scripts = {name: _file_digest(recipe.folder / name) for name in recipe.generalize.scripts}
    yield "generalize", {**recipe.generalize.model_dump(mode="json"), "files": scripts}
    yield "seal", {"packing": recipe.seal.packing}
    if recipe.audit.waive:
        yield "audit", recipe.audit.model_dump(mode="json")
    yield "verify", {**recipe.verify.model_dump(mode="json"), **_files_of_checks(recipe)}


def _files_of_checks(recipe: Recipe) -> Mapping[str, object]:
    expect = recipe.verify.expect
    files = {expect.goss: _file_digest(recipe.folder / expect.goss)} if expect.goss is not None else {}
    if expect.testinfra is not None:
        files[expect.testinfra] = read_testinfra(recipe.folder, expect.testinfra).sha256
    return {"files": files} if files else {}


def _inputs(recipe: Recipe, customization: Customization, secrets: Secrets) -> dict[str, object]:
    """What decides one customization: its words, its files and secrets, and the variables if it is a template."""
    said = customization.model_dump(mode="json")
    files = {name: _file_digest(recipe.folder / name) for name in customization.host_files()}
    template = any(mark in json.dumps(said) for mark in TEMPLATE_MARKS)
    named = {name: secrets.fingerprint(name) for name in customization.named_secrets()}
    variables = dict(recipe.variables) if template else {}
    return {"said": said, "files": files, "variables": variables, **({"secrets": named} if named else {})}


def _file_digest(path: Path) -> str:
    """Content and mode of a file, links to it followed, or all that lies below a folder: its links word for word."""
    try:
        if path.is_dir():
            return _digest({str(each.relative_to(path)): _entry_digest(each) for each in hostfiles.walk(path)})
        return _digest({"mode": path.stat().st_mode, "sha256": sha256(path.read_bytes()).hexdigest()})
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error


def _entry_digest(path: Path) -> str:
    target = hostfiles.link_target(path)
    if target is not None:
        return _digest({"link": target})
    return _digest("folder") if path.is_dir() else _file_digest(path)


def _digest(value: object) -> str:
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return f"sha256:{sha256(canonical.encode('ascii')).hexdigest()}"
