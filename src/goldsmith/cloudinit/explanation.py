"""What `explain` says about a cloud-init configuration: as a document, and as text for people."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from goldsmith.cloudinit.effective import Effective
from goldsmith.cloudinit.first_boot import FirstBoot
from goldsmith.cloudinit.first_boot_modules import ModuleRun
from goldsmith.cloudinit.located import Mark, Value, jsonable, plain, walk
from goldsmith.cloudinit.lookup import dotted, find
from goldsmith.cloudinit.modules import Stage, canonical
from goldsmith.cloudinit.relations import ALONE, Relation, broken, needed_by, needs_of
from goldsmith.cloudinit.treetext import chain_lines, shown, tree_lines
from goldsmith.errors import InputError
from goldsmith.findings import Finding, printable


@dataclass(frozen=True, slots=True)
class Explanation:
    """`version` is the image's cloud-init, None where it is not known; `follows` the version whose behavior this is.
    `notes` say what was assumed. `runs` are the entries of the lists of modules. `boots` are the predicted first
    boots, one for each kind of seed.
    """

    subject: str
    kind: str
    version: str | None
    follows: str
    notes: tuple[str, ...]
    effective: Effective
    runs: tuple[ModuleRun, ...]
    boots: tuple[FirstBoot, ...]
    findings: tuple[Finding, ...]

    def as_json(self, key: str | None = None) -> dict[str, object]:
        """The document; with `key` also what it leads to. Raises InputError where it leads nowhere."""
        return {
            "kind": self.kind,
            "cloud_init": self.version,
            "follows": self.follows,
            "notes": list(self.notes),
            "sources": [printable(path) for path in self.effective.sources],
            **(self._key_as_json(key) if key is not None else {}),
            "effective": jsonable(self.effective.config),
            "effective_builtin": jsonable(self.effective.builtin),
            "origins": self.origins(),
            "modules": {stage.name.lower(): [self._run_as_json(each) for each in self._of(stage)] for stage in Stage},
            "first_boot": {boot.seed.value: boot.as_json() for boot in self.boots} if self.boots else None,
            "findings": [finding.as_json() for finding in self.findings],
        }

    def origins(self) -> dict[str, object]:
        """JSON pointer → where the value stands and what it overrode."""
        both = dict(walk(self.effective.values)) | dict(walk(self.effective.values_builtin))
        return {pointer: self._origin_as_json(value) for pointer, value in both.items()}

    def as_text(self) -> list[str]:
        """The whole tree with its origins, and the modules."""
        lines = [*self._heading(), "", *tree_lines(self.effective.values_builtin)]
        for stage in Stage:
            runs = self._of(stage)
            lines.extend(("", f"{stage.value}: {len(runs)} modules, {sum(each.runs for each in runs)} of them run"))
            lines.extend(_run_line(each) for each in runs)
        missing = self._missing()
        return [*lines, "", *missing] if missing else lines

    def key_text(self, key: str) -> list[str]:
        """What stands at a key and how it came there; or, for the name of a module, what becomes of it.

        Raises InputError where it is neither.
        """
        try:
            pointer, value = find(self.effective.values_builtin, key)
        except InputError:
            if (lines := self._module_text(canonical(key))) is not None:
                return lines
            raise
        if not isinstance(value.data, dict | list) or not value.data:
            return [f"{dotted(pointer)}: {shown(value)}", *chain_lines(value)]
        heading = [f"{dotted(pointer)}:"] if pointer else []
        lost = chain_lines(value)[1:]
        lines = [*heading, *(f"  {line}" for line in tree_lines(value)), *lost]
        stage = next((stage for stage in Stage if pointer == f"/{stage.value}"), None)
        if stage is not None:
            lines.extend(_run_line(each) for each in self._of(stage))
            lines.extend(self._missing())
        return lines

    def first_boot_text(self) -> list[str]:
        """The predictions."""
        return [line for boot in self.boots for line in (*boot.as_text().splitlines(), "")]

    def _heading(self) -> Iterable[str]:
        version = f"cloud-init {self.version}" if self.version else "cloud-init of unknown version"
        yield printable(f"{self.subject}: {version}, read as {self.follows} reads it")
        yield from (printable(note) for note in self.notes)
        strongest_first = ", ".join(printable(path) for path in self.effective.sources[:SHOWN_SOURCES])
        more = len(self.effective.sources) - SHOWN_SOURCES
        yield f"files, the strongest first: {strongest_first}{f' and {more} more' if more > 0 else ''}"

    def _of(self, stage: Stage) -> list[ModuleRun]:
        return [each for each in self.runs if each.stage is stage]

    def _running(self) -> Collection[str]:
        return {each.name for each in self.runs if each.runs}

    def _missing(self) -> list[str]:
        keys = {str(key) for key in self.effective.config}
        return [_lacks(each) for each in broken(self._running(), keys)]

    def _module_text(self, name: str) -> list[str] | None:
        mine = [each for each in self.runs if each.name == name]
        if not mine and not needs_of(name) and not needed_by(name) and name not in ALONE:
            return None
        lines = [f"the module {name}: " + ("" if mine else "in no list, so it does not run")]
        lines.extend(f"  in {each.stage.value}:{_run_line(each).removeprefix('  ' + name)}" for each in mine)
        lines.extend(f"  needs {each.needs}: without it, {each.without}" for each in needs_of(name))
        lines.extend(f"  {each.module} needs it: without it, {each.without}" for each in needed_by(name))
        if name in ALONE:
            lines.append(f"  without it: {ALONE[name]}")
        return lines

    def _key_as_json(self, key: str) -> Mapping[str, object]:
        try:
            pointer, value = find(self.effective.values_builtin, key)
        except InputError:
            name = canonical(key)
            if self._module_text(name) is None:
                raise
            return {"module": self._module_as_json(name)}
        origin = self._origin_as_json(value)
        return {"key": {"pointer": pointer, "value": jsonable(plain(value)), "origin": origin}}

    def _module_as_json(self, name: str) -> dict[str, object]:
        running = self._running()
        return {
            "name": name,
            "lists": [each.stage.value for each in self.runs if each.name == name],
            "runs": name in running,
            "needs": self._needs_as_json(name),
            "needed_by": [
                {"module": each.module, "runs": each.module in running, "without": each.without}
                for each in needed_by(name)
            ],
            "without": ALONE.get(name),
        }

    def _needs_as_json(self, name: str) -> list[dict[str, object]]:
        running = self._running()
        return [
            {"module": each.needs, "runs": each.needs in running, "without": each.without} for each in needs_of(name)
        ]

    def _origin_as_json(self, value: Value) -> dict[str, object]:
        return {
            **self._mark_as_json(value.mark),
            "overrides": [
                {**self._mark_as_json(each.mark), "value": jsonable(plain(each))} for each in value.overrides
            ],
        }

    def _mark_as_json(self, mark: Mark | None) -> dict[str, object]:
        if mark is None:
            return {"file": None, "line": None, "column": None}
        return {"file": printable(mark.file), "line": mark.line or None, "column": mark.column or None}

    def _run_as_json(self, run: ModuleRun) -> dict[str, object]:
        return {
            "name": run.name,
            "runs": run.runs,
            "frequency": run.frequency.value,
            "why": run.why,
            "needs": self._needs_as_json(run.name),
        }


SHOWN_SOURCES = 8


def _run_line(run: ModuleRun) -> str:
    return f"  {printable(run.name)}: {run.frequency.value}" + (f", does not run: {run.why}" if not run.runs else "")


def _lacks(relation: Relation) -> str:
    return f"{relation.module} runs, {relation.needs} does not: {relation.without}"
