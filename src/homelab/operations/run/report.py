"""What an operation did, as a value, and its forms for programs: JSON and JUnit XML."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from homelab.operations.run.events import Stage, State

_NOT_XML = re.compile(r"[^\t\n -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


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
        """Whether nothing failed."""
        return self.error is None and all(stage.state is not State.FAILED for stage in self.stages)

    @property
    def stand_ins(self) -> tuple[str, ...]:
        """The images that only stand in for the real ones."""
        return tuple(image.image for image in self.images if image.is_stand_in)

    def seconds_of(self, stage: Stage) -> float:
        """How long a stage took; 0 when it was not run."""
        return sum(result.seconds for result in self.stages if result.stage is stage)

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
            "stages": [
                {
                    "stage": str(result.stage),
                    "state": str(result.state),
                    "seconds": round(result.seconds, 3),
                    "detail": result.detail,
                }
                for result in self.stages
            ],
            "items": [
                {
                    "stage": str(result.stage),
                    "item": result.item,
                    "state": str(result.state),
                    "seconds": round(result.seconds, 3),
                    "detail": result.detail,
                }
                for result in self.items
            ],
            "images": [
                {"image": image.image, "origin": image.origin, "stand_in": image.is_stand_in}
                for image in self.images
            ],
            "notices": list(self.notices),
        }

    def to_junit(self) -> str:
        """JUnit XML: a suite for each stage, a case for each container, or one for the stage."""
        root = ET.Element("testsuites", name=f"homelab {self.operation}", time=_time(self.seconds))
        for stage in self.stages:
            suite = ET.SubElement(
                root, "testsuite", name=str(stage.stage), time=_time(stage.seconds)
            )
            items = [item for item in self.items if item.stage is stage.stage]
            for item in items:
                _case(suite, item.item, item)
            if not items or stage.state in {State.FAILED, State.NOT_RUN}:
                _case(suite, str(stage.stage), stage)
            for attribute, tag in (("failures", "failure"), ("skipped", "skipped")):
                suite.set(attribute, str(len(suite.findall(f"testcase/{tag}"))))
            suite.set("tests", str(len(suite)))
        ET.indent(root)
        return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: ET.Element, name: str, result: StageResult | ItemResult) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        name=name,
        classname=str(result.stage),
        time=_time(result.seconds),
    )
    if result.state is State.FAILED:
        failure = ET.SubElement(case, "failure", message=xml_text(result.detail))
        failure.text = xml_text(result.detail)
    elif not result.state.is_final or result.state is State.NOT_RUN:
        ET.SubElement(case, "skipped", message=xml_text(result.detail))


def _time(seconds: float) -> str:
    return f"{seconds:.3f}"


def xml_text(text: str) -> str:
    """Without what XML 1.0 does not allow: control characters, surrogates, non-characters."""
    return _NOT_XML.sub("", text)
