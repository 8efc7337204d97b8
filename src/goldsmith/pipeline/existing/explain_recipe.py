"""Explain a recipe: its base's configuration with what the recipe writes on top, by the same code that writes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from goldsmith.base.base import Base
from goldsmith.base.hold import held
from goldsmith.base.sources.bootstrap import BootstrapSource
from goldsmith.cloudinit.explanation import Explanation
from goldsmith.cloudinit.files import gather
from goldsmith.cloudinit.shipped import Shipped, guessed_name, shipped_by
from goldsmith.customization.customization import Customization, Session
from goldsmith.customization.kinds.copy import Copy
from goldsmith.customization.kinds.datasource import Datasource
from goldsmith.customization.kinds.defaults import Defaults
from goldsmith.customization.kinds.delete import Delete
from goldsmith.customization.kinds.install import Install
from goldsmith.customization.kinds.write import Write
from goldsmith.disk.lease import lease
from goldsmith.errors import HostError, InputError
from goldsmith.events import Emit
from goldsmith.guest.engines.tree import open_tree
from goldsmith.guest.info import GuestInfo, PackageManager
from goldsmith.guest.open import choose_engine
from goldsmith.pipeline.existing.explain import Given, Ground, assumption, explained, ground_of, known_distro
from goldsmith.pipeline.existing.lint import Kind
from goldsmith.pipeline.steps.guest import opened
from goldsmith.recipe.model import Recipe
from goldsmith.rules.recipe.lint import lint
from goldsmith.settings import scratch_dir

CLOUD = "/etc/cloud"


def explain_recipe(
    recipe: Recipe, *, distro: str | None, engine: str | None, cmdline: str | None, given: Given, emit: Emit
) -> Explanation:
    """Of what a recipe makes. The base is used if it is in the cache or a file of this host; nothing is fetched.

    Without it the rest is what the distribution is known to ship: `distro`, or what the recipe's base speaks of. Raises
    InputError where that is not known, or where the recipe's configuration cannot be written on this base.
    """
    ground = _known(recipe, distro) if distro is not None else _of_base(recipe, engine, cmdline, emit)
    findings = tuple(lint(recipe))
    with lease(scratch_dir()) as scratch:
        written = _customized(recipe, ground, scratch / "tree")
    return explained(
        replace(
            ground,
            subject=str(recipe.path),
            kind=Kind.RECIPE,
            cmdline=cmdline if cmdline is not None else ground.cmdline,
            files=written,
            installed=_installed(recipe, ground.installed),
            findings=findings,
            notes=(*ground.notes, *_unforeseen(recipe)),
            assumed=frozenset(path for path in ground.assumed if written.get(path) == ground.files[path]),
        ),
        given,
    )


def _of_base(recipe: Recipe, engine: str | None, cmdline: str | None, emit: Emit) -> Ground:
    try:
        base: Base = recipe.base.resolve(folder=recipe.folder, arch=recipe.arch, offline=True, refresh=False, emit=emit)
    except HostError as error:
        return _known(recipe, None, error.message)
    chosen, why = choose_engine(engine, base.trust)
    with (
        held(base),
        lease(scratch_dir()) as scratch,
        opened(emit, base.disk, chosen, why, scratch=scratch, read_only=True) as guest,
    ):
        return ground_of(guest, base.origin, Kind.RECIPE, root=None, cmdline=cmdline, judged=False)


def _known(recipe: Recipe, distro: str | None, why: str = "as asked for") -> Ground:
    shipped = known_distro(distro) if distro is not None else _shipped(recipe)
    if shipped is None:
        raise InputError(
            f"the base is not at hand ({why}), and what it ships for cloud-init is not known",
            hint="run `goldsmith plan` once, which fetches the base, or name a distribution: --distro rocky/9",
        )
    name, _, release = shipped.name.partition("/")
    return Ground(
        subject=str(recipe.path),
        kind=Kind.RECIPE,
        files=shipped.files,
        version=shipped.version,
        arch=recipe.arch,
        info=_info(name, release, shipped.version),
        notes=(assumption(shipped, f"the base is not at hand ({why})" if distro is None else why),),
        assumed=frozenset(shipped.files),
    )


def _shipped(recipe: Recipe) -> Shipped | None:
    """What the base's own words lead to: `bootstrap: debian/12`, or the distribution in the name of a file."""
    if isinstance(recipe.base, BootstrapSource):
        return shipped_by(recipe.base.bootstrap)
    for word in recipe.base.model_dump().values():
        if isinstance(word, str) and (shipped := shipped_by(word) or shipped_by(guessed_name(word) or "")):
            return shipped
    return None


def _info(distro: str, release: str, version: str) -> GuestInfo:
    like = () if distro == "debian" else ("rhel",)
    manager = PackageManager.APT if distro == "debian" else PackageManager.DNF
    return GuestInfo(distro, release, f"{distro} {release}", like, "x86_64", manager, "systemd", version, None)


def _customized(recipe: Recipe, ground: Ground, root: Path) -> Mapping[str, bytes]:
    """The files after the steps that write configuration, performed on a copy of the files alone."""
    for path, content in {**NOBODY, **ground.files}.items():
        target = root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    info = ground.info or _info("linux", "", ground.version or "")
    with open_tree(root) as guest:
        session = Session(guest, info, recipe.folder, recipe.variables)
        for step in recipe.customizations:
            if _writes_configuration(step):
                step.perform(session)
        configuration = gather(guest).files
    kept = {path: content for path, content in ground.files.items() if not path.startswith(f"{CLOUD}/")}
    return {**kept, **configuration}


# Owners that steps name have to be there; what a base really has replaces this.
NOBODY = {"/etc/passwd": b"root:x:0:0:root:/root:/bin/bash\n", "/etc/group": b"root:x:0:\n"}


def _writes_configuration(step: Customization) -> bool:
    match step:
        case Defaults() | Datasource():
            return True
        case Write(path=path):
            return path.startswith(f"{CLOUD}/")
        case Copy(to=to):
            return f"{CLOUD}/".startswith(f"{to.rstrip('/')}/") or to.startswith(f"{CLOUD}/")
        case Delete(root=paths):
            return all(path.startswith(f"{CLOUD}/") for path in paths)
        case _:
            return False


def _installed(recipe: Recipe, of_base: frozenset[str] | None) -> frozenset[str] | None:
    """The packages that a clone has: those of the base, and what the recipe's steps install."""
    asked = [name for step in recipe.customize if isinstance(step, Install) for name in step.root]
    names = frozenset(name.partition("=")[0].partition(":")[0] for name in asked)
    return of_base | names if of_base is not None else None


def _unforeseen(recipe: Recipe) -> Iterator[str]:
    kinds = sorted({step.KEY for step in recipe.customize if step.RUNS_PROGRAMS})
    if kinds:
        yield f"what the steps {', '.join(kinds)} may change of cloud-init is not foreseen"
