"""The verbs of goldsmith as functions: the library's public face. The command line is one caller of it.

Every function raises only errors of `goldsmith.errors`; long ones report through `emit`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from goldsmith.cloudinit.explanation import Explanation
from goldsmith.disk.disk import DiskFormat
from goldsmith.errors import InputError
from goldsmith.events import Emit, ignore
from goldsmith.findings import Finding
from goldsmith.generalization.operation import Operation, registered
from goldsmith.generalization.select import FOREIGN, Foreign, select, with_users
from goldsmith.generalization.virt_sysprep import CHOICES, Tool, Wish
from goldsmith.pipeline.build import Built, Options
from goldsmith.pipeline.build import build as build_recipe
from goldsmith.pipeline.clone import CloneDisk
from goldsmith.pipeline.clone import clone as clone_image
from goldsmith.pipeline.collect import Garbage, collect
from goldsmith.pipeline.diagnose import Diagnosis, diagnose
from goldsmith.pipeline.existing.audit import audit_existing
from goldsmith.pipeline.existing.canaries import read_canaries
from goldsmith.pipeline.existing.explain import explain_file, explain_guest, read_given
from goldsmith.pipeline.existing.explain_recipe import explain_recipe
from goldsmith.pipeline.existing.generalize import GeneralizeReport, generalize_existing
from goldsmith.pipeline.existing.lint import Kind, Linted, kind_of, lint_file, lint_guest, lint_recipe_file
from goldsmith.pipeline.existing.repair import repair as repair_files
from goldsmith.pipeline.existing.report import report_existing
from goldsmith.pipeline.existing.report import write_junit as write_junit_file
from goldsmith.pipeline.existing.spared import read_kept, read_waived
from goldsmith.pipeline.existing.verify import disk_subject, image_subject, verify_existing
from goldsmith.pipeline.plan import Planned
from goldsmith.pipeline.plan import plan as plan_recipe
from goldsmith.pipeline.steps.audit import Audited, Intent
from goldsmith.pipeline.steps.generalize import Scripts, read_scripts
from goldsmith.pipeline.subject import disk_or_tree
from goldsmith.pool.pool import Pool
from goldsmith.recipe.load import load
from goldsmith.recipe.machine import read_machine
from goldsmith.recipe.model import Recipe
from goldsmith.recipe.size import parse_size
from goldsmith.recipe.starter import write_starter
from goldsmith.recipe.verify import FEWEST, MOST
from goldsmith.rules.reference import descriptors
from goldsmith.rules.reference import explain as explain_code
from goldsmith.rules.rule import Needs
from goldsmith.sarif import Descriptor
from goldsmith.settings import default_pool
from goldsmith.verification.matrix import CloneWish, read_firmwares, read_seeds
from goldsmith.verification.verification import Verification

NO_MACHINE: Mapping[str, object] = MappingProxyType({})


def init(path: Path) -> Path:
    """Write a starter recipe. Raises InputError where something is there already."""
    return write_starter(path)


def load_recipe(path: Path, sets: Iterable[str] = ()) -> Recipe:
    """Read a recipe; `sets` are KEY=VALUE words that replace its variables. Raises RecipeError with every problem."""
    return load(path, sets=_pairs(sets))


def lint(
    path: Path,
    *,
    sets: Iterable[str] = (),
    kind: Kind | None = None,
    format: DiskFormat | None = None,
    engine: str | None = None,
    distro: str | None = None,
    fetch_schema: bool = False,
    emit: Emit = ignore,
) -> Linted:
    """Every problem of a recipe, a file of cloud-init's configuration, or that of a directory or a disk.

    `kind` overrides what the path looks like; `fetch_schema` has the schema of the host distribution's cloud-init
    fetched for a file alone, and `distro` says over what such a file lies, as rocky/9. Raises InputError where there is
    nothing that can be read.
    """
    kind = kind or kind_of(path)
    if distro is not None and kind is not Kind.CLOUD_CONFIG:
        raise InputError(f"{path} is a {kind}, which says itself what it is made of: --distro is for a file alone")
    match kind:
        case Kind.RECIPE:
            return lint_recipe_file(path, _pairs(sets))
        case Kind.CLOUD_CONFIG:
            return lint_file(path, distro, fetch=fetch_schema, emit=emit)
        case _:
            return lint_guest(disk_or_tree(path, format), engine=engine, emit=emit)


def lint_rules() -> tuple[Descriptor, ...]:
    """The rules that `lint` asks, by code."""
    return descriptors(Needs.RECIPE, Needs.CLOUDCONFIG)


def repair(linted: Linted) -> tuple[Finding, ...]:
    """Make the repairs of lint that are safe, in place; the findings that are gone by that."""
    return repair_files(linted.findings, linted.root)


def explain_rule(code: str) -> list[str]:
    """Why a rule is there, since when, and an example of wrong and right. Raises InputError where there is none."""
    return explain_code(code)


def explain(
    path: Path,
    *,
    format: DiskFormat | None = None,
    engine: str | None = None,
    sets: Iterable[str] = (),
    distro: str | None = None,
    cmdline: str | None = None,
    user_data: Path | None = None,
    metadata_keys: int = 1,
    kind: Kind | None = None,
    emit: Emit = ignore,
) -> Explanation:
    """What cloud-init will do with a disk, a directory, a recipe or one file of its configuration.

    `kind` overrides what the path looks like; `distro` names the known defaults below a recipe or a file; `cmdline`
    replaces the kernel's command line of the image. `user_data` is a file that clones are given, `metadata_keys` how
    many SSH keys a cloud's metadata brings. Raises InputError where nothing can be explained.
    """
    given = read_given(user_data, metadata_keys)
    match kind or kind_of(path):
        case Kind.RECIPE:
            recipe = load_recipe(path, sets)
            return explain_recipe(recipe, distro=distro, engine=engine, cmdline=cmdline, given=given, emit=emit)
        case Kind.CLOUD_CONFIG:
            return explain_file(path, distro or "debian/12", cmdline=cmdline, given=given)
        case _:
            return explain_guest(disk_or_tree(path, format), engine=engine, cmdline=cmdline, given=given, emit=emit)


def plan(path: Path, *, sets: Iterable[str] = (), offline: bool = False, emit: Emit = ignore) -> Planned:
    """The steps of a build and their keys."""
    return plan_recipe(load_recipe(path, sets), offline=offline, emit=emit)


def build(
    path: Path,
    *,
    sets: Iterable[str] = (),
    pool: Path | None = None,
    engine: str | None = None,
    refresh: bool = False,
    offline: bool = False,
    rebuild: bool = False,
    emit: Emit = ignore,
) -> Built:
    """Make, prove and admit the image of a recipe; with `rebuild` make and prove it once more, and only compare."""
    options = Options(pool or default_pool(), engine=engine, offline=offline, refresh=refresh, rebuild=rebuild)
    return build_recipe(load_recipe(path, sets), options, emit)


def operations() -> tuple[Operation, ...]:
    """Every operation of generalizing, by name."""
    return registered()


def foreign_operations() -> tuple[Foreign, ...]:
    """Operations of virt-sysprep that are known by name and do nothing here, each with the reason."""
    return FOREIGN


def generalize(
    path: Path,
    *,
    format: DiskFormat | None = None,
    engine: str | None = None,
    operations: str = "defaults",
    keep: Iterable[str] = (),
    keep_user_accounts: Iterable[str] = (),
    remove_user_accounts: Iterable[str] = (),
    scripts: Iterable[Path] = (),
    clean_scripts: bool = False,
    tools: Iterable[str] = (Tool.GOLDSMITH,),
    output: Path | None = None,
    in_place: bool = False,
    dry_run: bool = False,
    emit: Emit = ignore,
) -> GeneralizeReport:
    """Take out of a disk or a directory what a clone must not inherit.

    `scripts` of the host and, with `clean_scripts`, those of cloud-init's clean.d run inside the guest first.
    `tools` are goldsmith, virt-sysprep, or virt-sysprep and then goldsmith.
    """
    chosen = tuple(tools)
    if chosen not in CHOICES:
        raise InputError(
            f"--with {' --with '.join(chosen)} cannot be done",
            hint="goldsmith, virt-sysprep, or virt-sysprep and then goldsmith",
        )
    keep_user_accounts, remove_user_accounts = tuple(keep_user_accounts), tuple(remove_user_accounts)
    return generalize_existing(
        disk_or_tree(path, format),
        with_users(select(operations), keep=keep_user_accounts, remove=remove_user_accounts),
        read_kept(keep),
        scripts=Scripts(read_scripts(Path(), [str(each) for each in scripts], title="--script"), clean_scripts),
        engine=engine,
        output=output.absolute() if output is not None else None,
        in_place=in_place,
        dry_run=dry_run,
        emit=emit,
        tools=tuple(map(Tool, chosen)),
        wish=Wish(operations, keep_user_accounts, remove_user_accounts),
    )


def audit(
    path: Path,
    *,
    format: DiskFormat | None = None,
    engine: str | None = None,
    operations: str = "defaults",
    keep: Iterable[str] = (),
    waive: Iterable[str] = (),
    canaries: Iterable[Path] = (),
    emit: Emit = ignore,
) -> Audited:
    """Look for what a clone must not inherit.

    `waive` are CODE[:PATH]=REASON words: findings to take as they are. Each of `canaries` is a file whose content, less
    line ends at its end, must not stand anywhere in the image's bytes.
    """
    intent = Intent(select(operations), read_kept(keep), waivers=read_waived(waive))
    searched = read_canaries(canaries)
    return audit_existing(disk_or_tree(path, format), intent, canaries=searched, engine=engine, emit=emit)


def audit_rules() -> tuple[Descriptor, ...]:
    """The rules that `audit` asks, by code."""
    return descriptors(Needs.TREE, Needs.BYTES, Needs.CLOUDCONFIG)


def verify(
    image: str,
    *,
    recipe: Path | None = None,
    pool: Path | None = None,
    format: DiskFormat | None = None,
    engine: str | None = None,
    driver: str | None = None,
    clones: int | None = None,
    seeds: Iterable[str] = (),
    firmwares: Iterable[str] = (),
    second_boot: bool | None = None,
    rehearse: bool | None = None,
    machine: Mapping[str, object] = NO_MACHINE,
    evidence: Path | None = None,
    emit: Emit = ignore,
) -> Verification:
    """Prove a disk, or an image of the pool by NAME[:VERSION], on booted clones.

    What is expected comes from `recipe`, else from the image's manifest; without both only invariants are judged. The
    same says what clones boot, as far as it is not said here: `seeds` are none, empty and user-data, `machine` has the
    keys of a recipe's `verify.machine`. The driver `container` only rehearses: what no machine booted stays unproven.
    """
    wish = CloneWish(
        clones=_enough(clones),
        seeds=read_seeds(seeds),
        firmwares=read_firmwares(firmwares),
        second_boot=second_boot,
        rehearse=rehearse,
        machine=read_machine(machine).stated(),
    )
    asked = load_recipe(recipe) if recipe is not None else None
    where = Path(image)
    if where.exists():
        subject = disk_subject(where, format)
    else:
        subject = image_subject(Pool(pool or default_pool()), image, emit)
    return verify_existing(
        subject if asked is None else subject.asked_by(asked),
        engine=engine,
        driver=driver,
        wish=wish,
        record=evidence,
        emit=emit,
        again=(image, *(("--recipe", str(recipe)) if recipe is not None else ())),
    )


def report(folder: Path, *, output: Path | None = None, junit: Path | None = None) -> Verification:
    """Judge a folder of evidence again with today's rules, and make its page anew: in the folder, or at `output`."""
    return report_existing(folder, output=output, junit_file=junit)


def write_junit(verification: Verification, path: Path) -> None:
    """The outcomes as JUnit XML, for CI systems."""
    write_junit_file(verification, path)


def clone(image: str, target: Path, *, size: str | None = None, pool: Path | None = None) -> CloneDisk:
    """The disk of one virtual machine: an overlay of an admitted image."""
    return clone_image(Pool(pool or default_pool()).resolve(image), target, _size(size))


def doctor() -> Diagnosis:
    """What this host can do, and what is missing."""
    return diagnose()


def gc(*, pool: Path | None = None, bases: bool = False, dry_run: bool = False) -> Garbage:
    """Remove what dead runs left, and cached bases on request."""
    return collect(Pool(pool or default_pool()), bases=bases, dry_run=dry_run)


def _pairs(words: Iterable[str]) -> Mapping[str, str]:
    pairs = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise InputError(f"--set {word} is not KEY=VALUE", hint="for example --set role=web")
        pairs[key] = value
    return pairs


def _enough(clones: int | None) -> int | None:
    if clones is not None and not FEWEST <= clones <= MOST:
        raise InputError(f"--clones {clones} is out of range", hint=f"from {FEWEST} to {MOST}")
    return clones


def _size(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return parse_size(text)
    except ValueError as error:
        raise InputError(f"--size {text}: {error}", hint="a whole number and K, M, G or T, such as 20G") from error
