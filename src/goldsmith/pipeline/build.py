"""From a recipe to an admitted image. READ THIS FIRST: it is the whole story, one step per line."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from goldsmith.base.hold import held
from goldsmith.disk.seal import Packing
from goldsmith.errors import RecipeError
from goldsmith.events import Emit, Note
from goldsmith.findings import Severity
from goldsmith.generalization.operations import fs_uuids
from goldsmith.guest.open import choose_engine, require_engine
from goldsmith.machine.acceleration import acceleration
from goldsmith.machine.architecture import of_this_host
from goldsmith.pipeline.keys import build_key
from goldsmith.pipeline.record import kept_on_failure
from goldsmith.pipeline.secrets import read_secrets
from goldsmith.pipeline.shape import Bench, shape
from goldsmith.pipeline.steps.admit import Made, admit, manifest_of
from goldsmith.pipeline.steps.audit import Intent, audit_sealed, waivers_of
from goldsmith.pipeline.steps.base import settle_base
from goldsmith.pipeline.steps.compare import Compared, compare
from goldsmith.pipeline.steps.disk import lay_overlay
from goldsmith.pipeline.steps.generalize import Scripts, read_scripts
from goldsmith.pipeline.steps.seal import seal_disk
from goldsmith.pipeline.steps.verify import expected_of, verify_sealed
from goldsmith.pipeline.steps.virt_sysprep import require_virt_sysprep
from goldsmith.pool.naming import ImageName
from goldsmith.pool.pool import Image, Pool
from goldsmith.recipe.model import Recipe
from goldsmith.rules.recipe.lint import lint
from goldsmith.run import require
from goldsmith.secrets import NO_SECRETS, Secrets
from goldsmith.verification.previous import previous_of
from goldsmith.verification.requirements import require_for
from goldsmith.verification.verification import Verification

SHOWN_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Options:
    """How to build, as opposed to what: where to, with which engine, and whether the base may or must be fetched.

    With `rebuild` the image that has the name and version already is built once more, and only compared with.
    """

    pool: Path
    engine: str | None = None
    offline: bool = False
    refresh: bool = False
    rebuild: bool = False


@dataclass(frozen=True, slots=True)
class Built:
    """`verification` is None where the same build was in the pool already, or another run admitted it meanwhile.

    `rebuilt` is how a build that was proven, and not kept, compares with `image`.
    """

    image: Image
    verification: Verification | None
    rebuilt: Compared | None = None

    def as_json(self) -> dict[str, object]:
        manifest = self.image.manifest
        return {
            "image": str(self.image.path),
            "name": manifest.name,
            "version": manifest.version,
            "sha256": manifest.sha256,
            "size": manifest.size,
            "virtual_size": manifest.virtual_size,
            "manifest": str(self.image.path.with_name(self.image.name.manifest)),
            "trust": manifest.base.trust.model_dump(mode="json"),
            "already_built": self.verification is None,
            "verification": self.verification.as_json() if self.verification is not None else None,
            "rebuilt": self.rebuilt.as_json() if self.rebuilt is not None else None,
        }

    def as_text(self) -> list[str]:
        manifest = self.image.manifest
        proof = self.verification.meanings() if self.verification is not None else ()
        if self.rebuilt is not None:
            told = f"rebuilt and proven; compared with {self.image.path}, which stays: {self.rebuilt.summary}"
            return [*proof, told, *self.rebuilt.as_text()]
        word = "admitted" if self.verification is not None else "already built"
        return [
            *proof,
            f"{word}: {self.image.path}  sha256 {manifest.sha256[:SHOWN_DIGITS]}…",
            f"next: goldsmith clone {self.image.name} vm1.qcow2",
        ]


def build(recipe: Recipe, options: Options, emit: Emit) -> Built:
    """Make the image, prove it and admit it to the pool; or find that this very build is there already. With `rebuild`
    it is made and proven all the same, compared with the one that is there, and not kept.

    Raises RecipeError for findings of level error, ProofError where the image does not pass audit or verification, and
    what the steps raise. Nothing of a failed build is visible in the pool.
    """
    require_sound(recipe, emit)
    secrets = read_secrets(recipe)
    policy = recipe.generalize
    scripts = Scripts(read_scripts(recipe.folder, policy.scripts, title="generalize.scripts"), policy.clean_scripts)
    if policy.by_virt_sysprep:
        require_virt_sysprep()
    require_for(expected_of(recipe).checks, by_recipe=True)
    emit = secrets.masking(emit)
    require_host(options)
    pool = Pool(options.pool)
    name = ImageName(recipe.name, recipe.version)
    there = pool.resolve(str(name)) if options.rebuild else None
    if there is None:
        require_own_name(recipe, pool, secrets)
    with (
        secrets.kept_out_of_errors(),
        pool.scratch() as scratch,
        kept_on_failure(scratch / "record", recipe.stem, emit, secrets) as record,
        ExitStack() as until_the_end,
    ):
        base = settle_base(emit, recipe, offline=options.offline, refresh=options.refresh).base
        until_the_end.enter_context(held(base))
        key = build_key(recipe, base.sha256, secrets)
        if there is None and (same := pool.already_built(name, key)) is not None:
            return Built(same, None)

        engine, why = choose_engine(options.engine, base.trust)
        machines = acceleration(emit)
        overlay = lay_overlay(emit, base, recipe, scratch).disk
        bench = Bench(overlay, engine, why, scratch, record, machines.kvm, grow=recipe.disk.size is not None)
        shaped = shape(emit, bench, recipe, secrets, scripts)

        packing = Packing(recipe.seal.packing)
        new_uuids = key if fs_uuids.wanted(shaped.operations) else None
        sealed = seal_disk(
            emit, overlay, scratch / f"sealed.{packing.disk_format}", packing, scratch, new_uuids=new_uuids
        )
        image = sealed.sealed.disk
        intent = Intent(shaped.operations, policy.kept(), shaped.customized.declared, shaped.users, waivers_of(recipe))
        audited = audit_sealed(
            emit, image, intent, engine=engine, scratch=scratch, accelerated=machines.kvm, canaries=tuple(secrets)
        )
        proof = verify_sealed(
            emit,
            image,
            recipe,
            engine=engine,
            acceleration=machines,
            scratch=scratch,
            record=record,
            previous=previous_of(pool, ImageName(recipe.name, recipe.version)),
        ).verification

        made = Made(recipe, key, base, shaped.customized, shaped.generalized, sealed, audited, proof)
        if there is not None:
            pool.verify_digest(there, emit)
            compared = compare(
                emit, there, manifest_of(made), image, engine=engine, scratch=scratch, accelerated=machines.kvm
            )
            return Built(there, replace(proof, record=None), compared)
        admitted = admit(emit, pool, made, record)
        return Built(admitted.image, replace(proof, record=admitted.evidence) if admitted.new else None)


def require_host(options: Options) -> None:
    """Stop before a base is fetched where the host lacks what every build needs. Raises HostError with the install
    line.
    """
    for program in (of_this_host().program, "qemu-img"):
        require(program)
    require_engine(options.engine)


def require_own_name(recipe: Recipe, pool: Pool, secrets: Secrets = NO_SECRETS) -> None:
    """Stop before a base is fetched where the name and version are taken by what other inputs made of any base."""
    name = ImageName(recipe.name, recipe.version)
    there = pool.find(name.name, name.version)
    if there is not None:
        pool.already_built(name, build_key(recipe, there.manifest.base.sha256, secrets))


def require_sound(recipe: Recipe, emit: Emit) -> None:
    """Stop before any work where lint finds an error; say its warnings."""
    findings = [finding for finding in lint(recipe) if finding.waived is None]
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise RecipeError(findings)
    for finding in findings:
        if finding.severity is Severity.WARNING:
            emit(Note(f"{finding.place}: {finding.code}: {finding.message}", warning=True))
