"""A pool: the folder of admitted images, each under an immutable name with its manifest and evidence beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from goldsmith.disk import lease
from goldsmith.disk.disk import Disk
from goldsmith.disk.lease import Stale
from goldsmith.errors import InputError, TrustError
from goldsmith.events import Emit, Progress, ignore
from goldsmith.pool import admission
from goldsmith.pool.manifest import Manifest, read_manifest
from goldsmith.pool.naming import ImageName, parse_file, parse_reference, version_order

CHUNK = 4 << 20


@dataclass(frozen=True, slots=True)
class Image:
    """An admitted image."""

    path: Path
    manifest: Manifest

    @property
    def name(self) -> ImageName:
        return ImageName(self.manifest.name, self.manifest.version)

    @property
    def disk(self) -> Disk:
        """The image as a disk, for overlays and clones."""
        return Disk(self.path, self.manifest.format, self.manifest.virtual_size)


@dataclass(frozen=True, slots=True)
class Admission:
    """`new` is False where another run admitted the same build first: its image is the one."""

    image: Image
    new: bool


@dataclass(frozen=True, slots=True)
class Pool:
    """The images in the folder `root`, which need not exist until something is admitted."""

    root: Path

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A leased hidden folder in the pool's own file system; what dead runs left in the pool is cleared first.

        Raises HostError where the pool cannot be written.
        """
        lease.make_folder(self.root)
        self.clear()
        with lease.lease(self.root) as folder:
            yield folder

    def admit(self, image: Path, manifest: Manifest, sidecars: Mapping[str, Path] | None = None) -> Admission:
        """Move a sealed image and what belongs beside it (suffix such as ".evidence" → file or folder) out of the
        scratch folder into the pool.

        Raises InputError where the same name and version is there from another build, HostError where the pool is full
        or cannot be written; nothing new is visible then.
        """
        name = ImageName(manifest.name, manifest.version)
        if manifest.file != name.file(manifest.format):
            raise InputError(f"an image of {name} cannot have the name {manifest.file}")
        with lease.locked(lease.make_folder(self.root)):
            admission.recover(self.root)
            there = self.already_built(name, manifest.build_key)
            if there is not None:
                return Admission(there, new=False)
            path = admission.place(self.root, image, manifest, sidecars or {})
        return Admission(Image(path, manifest), new=True)

    def already_built(self, name: ImageName, build_key: str) -> Image | None:
        """The image that this build would make, if it is there. Raises InputError where the name and version are taken
        by another build.
        """
        there = self.find(name.name, name.version)
        if there is None or there.manifest.build_key == build_key:
            return there
        raise InputError(
            f"{name} is in {self.root} already, built from other inputs",
            hint="raise the version in the recipe: an admitted image never changes",
        )

    def list(self) -> tuple[Image, ...]:
        """Every image with a readable manifest, by name and version, oldest version first."""
        found: list[Image] = []
        for path, _ in self._files():
            try:
                found.append(self._read(path))
            except InputError:
                continue  # `find` says what is wrong with it
        return tuple(sorted(found, key=lambda each: (each.manifest.name, version_order(each.manifest.version))))

    def find(self, name: str, version: str | None = None) -> Image | None:
        """The image of this name and version, or the newest of this name; None where there is none.

        Raises InputError where its manifest is damaged.
        """
        matching = [
            (path, each) for path, each in self._files() if each.name == name and version in {None, each.version}
        ]
        if not matching:
            return None
        path, _ = max(matching, key=lambda pair: version_order(pair[1].version))
        return self._read(path)

    def resolve(self, reference: str) -> Image:
        """The image that `NAME` or `NAME:VERSION` stands for. Raises InputError where there is none."""
        image = self.find(*parse_reference(reference))
        if image is None:
            known = ", ".join(str(each.name) for each in self.list()[:10])
            raise InputError(
                f"there is no image {reference} in {self.root}",
                hint=f"there are: {known}" if known else "the pool is empty: goldsmith build RECIPE makes one",
            )
        return image

    def verify_digest(self, image: Image, emit: Emit = ignore) -> None:
        """Read the whole image. Raises TrustError where its bytes are not those that were admitted."""
        digest, done = hashlib.sha256(), 0
        try:
            with image.path.open("rb") as file:
                while chunk := file.read(CHUNK):
                    digest.update(chunk)
                    done += len(chunk)
                    emit(Progress("digest", done, image.manifest.size))
        except OSError as error:
            raise InputError(f"{image.path} cannot be read: {error.strerror}") from error
        if digest.hexdigest() != image.manifest.sha256:
            raise TrustError(
                f"{image.path} has changed since it was admitted: its SHA-256 is {digest.hexdigest()}, "
                f"the manifest says {image.manifest.sha256}",
                hint="remove it and build it again; clones that lie on it are suspect",
            )

    def stale(self) -> tuple[Stale, ...]:
        """What dead runs left: scratch folders, and manifests and evidence of admissions that never got their image."""
        if not self.root.is_dir():
            return ()
        with lease.locked(self.root):
            return (*admission.interrupted(self.root), *lease.stale(self.root))

    def clear(self) -> tuple[Stale, ...]:
        """Remove what `stale` lists; returns what was removed, sizes in bytes."""
        if not self.root.is_dir():
            return ()
        with lease.locked(self.root):
            recovered = admission.recover(self.root)
        return (*recovered, *lease.clear_stale(self.root))

    def _files(self) -> Iterator[tuple[Path, ImageName]]:
        if not self.root.is_dir():
            return
        for path in sorted(self.root.iterdir()):
            parsed = parse_file(path.name)
            # Without a manifest it is not ours: a pool may be a folder that holds other files too.
            if parsed is not None and (self.root / parsed[0].manifest).exists():
                yield path, parsed[0]

    def _read(self, path: Path) -> Image:
        parsed = parse_file(path.name)
        assert parsed is not None
        manifest = read_manifest(self.root / parsed[0].manifest)
        if manifest.file != path.name:
            raise InputError(f"the manifest of {path} is that of {manifest.file}")
        return Image(path, manifest)
