"""What cloud-init left about its run: status.json and result.json, in the forms of 22.4 and of 23.4 and later."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

STATUS_JSON = "/var/lib/cloud/data/status.json"
RESULT_JSON = "/var/lib/cloud/data/result.json"
# modules-init is in 22.4's file and never runs.
STAGES = ("init-local", "init", "modules-config", "modules-final")


class ResultError(ValueError):
    """A file that is not what cloud-init writes."""


@dataclass(frozen=True, slots=True)
class StageResult:
    """One stage: `name` is cloud-init's, such as `modules-final`. `start` and `finished` are seconds since 1970 (22.4)
    or since boot (newer), None where it did not begin or end. `errors` are the guest's own words, not made safe to
    print; so are the `recoverable` ones, which exist since 23.4: pairs of the name of their level and its texts.
    """

    name: str
    start: float | None
    finished: float | None
    errors: tuple[str, ...]
    recoverable: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def ended(self) -> bool:
        """Whether it ran to its end in this boot."""
        return self.start is not None and self.finished is not None and self.finished >= self.start


@dataclass(frozen=True, slots=True)
class Status:
    """status.json: `stage` is the one that runs, None between and after stages; `datasource` as cloud-init names it,
    such as `DataSourceNoCloud [seed=/dev/sr0][dsmode=net]`, or None; `stages` are those that it tells of, in the order
    in which they run. Its texts are the guest's own, not made safe to print.
    """

    datasource: str | None
    stage: str | None
    stages: tuple[StageResult, ...]

    @property
    def datasource_class(self) -> str | None:
        """The datasource's class alone, such as DataSourceNoCloud."""
        return class_of(self.datasource)

    def of(self, stage: str) -> StageResult | None:
        return next((each for each in self.stages if each.name == stage), None)


@dataclass(frozen=True, slots=True)
class Result:
    """result.json, written after the final stage, whatever its outcome: `datasource` as in status.json, or None, and
    the `errors` of all stages. Its texts are the guest's own, not made safe to print.
    """

    datasource: str | None
    errors: tuple[str, ...]


def class_of(datasource: str | None) -> str | None:
    """The first word of a datasource's text, without a sub-platform in brackets behind it."""
    return datasource.split(" ")[0].split("[")[0] or None if datasource else None


def read_status(content: bytes) -> Status:
    """status.json. Raises ResultError."""
    v1 = _v1(content, "status.json")
    stages = []
    for name in STAGES:
        stage = v1.get(name)
        if not isinstance(stage, Mapping):
            continue
        recoverable = stage.get("recoverable_errors")
        levels = recoverable if isinstance(recoverable, Mapping) else {}
        stages.append(
            StageResult(
                name=name,
                start=_number(stage.get("start")),
                finished=_number(stage.get("finished")),
                errors=_texts(stage.get("errors")),
                recoverable=tuple((str(level), _texts(texts)) for level, texts in sorted(levels.items())),
            )
        )
    return Status(datasource=_text(v1.get("datasource")), stage=_text(v1.get("stage")), stages=tuple(stages))


def read_result(content: bytes) -> Result:
    """result.json. Raises ResultError."""
    v1 = _v1(content, "result.json")
    return Result(datasource=_text(v1.get("datasource")), errors=_texts(v1.get("errors")))


def _v1(content: bytes, what: str) -> Mapping[str, Any]:
    try:
        loaded = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ResultError(f"{what} is no JSON") from error
    v1 = loaded.get("v1") if isinstance(loaded, dict) else None
    if not isinstance(v1, dict):
        raise ResultError(f"{what} has no v1")
    return v1


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else ()


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
