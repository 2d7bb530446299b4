"""JUnit XML, which CI systems show as tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from homelab.escaping import one_line, xml


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One test; it passed unless it failed or was skipped, and then it says why."""

    name: str
    seconds: float = 0.0
    failure: str | None = None
    headline: str | None = None
    """The failure in a line; the whole of it unless given."""
    skipped: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """Tests of one kind."""

    name: str
    cases: Sequence[Case]
    seconds: float = 0.0


def to_xml(name: str, suites: Sequence[Suite], *, seconds: float) -> str:
    """The document; what XML does not allow, or does not show, is written out."""
    root = ET.Element("testsuites", name=one_line(name), time=f"{seconds:.3f}")
    for suite in suites:
        element = ET.SubElement(
            root, "testsuite", name=one_line(suite.name), time=f"{suite.seconds:.3f}"
        )
        for case in suite.cases:
            _add(element, one_line(suite.name), case)
        element.set("tests", str(len(element)))
        for attribute, tag in (("failures", "failure"), ("skipped", "skipped")):
            element.set(attribute, str(len(element.findall(f"testcase/{tag}"))))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _add(suite: ET.Element, classname: str, case: Case) -> None:
    time = f"{case.seconds:.3f}"
    test = ET.SubElement(
        suite, "testcase", classname=classname, name=one_line(case.name), time=time
    )
    if case.failure is not None:
        headline = case.failure if case.headline is None else case.headline
        failure = ET.SubElement(test, "failure", message=xml(headline))
        failure.text = xml(case.failure)
    elif case.skipped is not None:
        ET.SubElement(test, "skipped", message=xml(case.skipped))
