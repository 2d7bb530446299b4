"""What an operation did, as a value, and its forms for programs: JSON and JUnit XML."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from homelab.junit import Case, Suite, to_xml
from homelab.operations.run.events import Stage, State


@dataclass(frozen=True, slots=True, kw_only=True)
class StageResult:
    """How a stage ended, and how long it took in seconds."""

    stage: Stage
    state: State
    seconds: float = 0.0
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemResult:
    """How a stage ended for one container."""

    stage: Stage
    item: str
    state: State
    seconds: float = 0.0
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageOrigin:
    """Where the image of a service came from: a Debian package, upstream, or a stand-in."""

    image: str
    origin: str

    @property
    def is_stand_in(self) -> bool:
        """Whether something small answers in place of the real program."""
        return self.origin.startswith("stand-in")


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationReport:
    """An operation from its beginning to its end, also when it failed half-way."""

    operation: str
    target: str
    runtime: str | None
    """`lxc` or `memory` for a lab, None for a real node."""
    provider: str | None
    """Which Terraform provider was used."""
    started: str
    """ISO 8601, UTC."""
    seconds: float
    error: str | None
    stages: tuple[StageResult, ...]
    items: tuple[ItemResult, ...]
    images: tuple[ImageOrigin, ...]
    notices: tuple[str, ...]

    @property
    def is_ok(self) -> bool:
        return self.error is None and all(stage.state is not State.FAILED for stage in self.stages)

    def to_json(self) -> dict[str, Any]:
        """The report for programs; `schema` grows when a field changes its meaning."""
        return {
            "schema": 1,
            "operation": self.operation,
            "target": self.target,
            "runtime": self.runtime,
            "provider": self.provider,
            "started": self.started,
            "seconds": round(self.seconds, 3),
            "ok": self.is_ok,
            "error": self.error,
            "stages": [_row(result) for result in self.stages],
            "items": [_row(result) for result in self.items],
            "images": [
                {"image": image.image, "origin": image.origin, "stand_in": image.is_stand_in}
                for image in self.images
            ],
            "notices": list(self.notices),
        }

    def to_junit(self) -> str:
        """JUnit XML: a suite for each stage, a case for each container, or one for the stage."""
        suites = [self._suite(stage) for stage in self.stages]
        return to_xml(f"homelab {self.operation}", suites, seconds=self.seconds)

    def _suite(self, stage: StageResult) -> Suite:
        cases = [_case(item.item, item) for item in self.items if item.stage is stage.stage]
        if not cases or stage.state in {State.FAILED, State.NOT_RUN}:
            cases.append(_case(str(stage.stage), stage))
        return Suite(name=str(stage.stage), cases=cases, seconds=stage.seconds)


def _row(result: StageResult | ItemResult) -> dict[str, Any]:
    return {**asdict(result), "seconds": round(result.seconds, 3)}


def _case(name: str, result: StageResult | ItemResult) -> Case:
    failed = result.state is State.FAILED
    over = result.state.is_final and result.state is not State.NOT_RUN
    return Case(
        name=name,
        seconds=result.seconds,
        failure=result.detail if failed else None,
        skipped=None if failed or over else result.detail,
    )
