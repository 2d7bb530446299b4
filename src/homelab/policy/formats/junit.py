"""A policy report as JUnit XML: a case for each rule."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from homelab.policy.report import PolicyReport
from homelab.policy.rule import Verdict

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_junit(report: PolicyReport) -> str:
    """A failure for each rule that is broken, a skip for one that can't decide yet."""
    suite = ET.Element("testsuite", name="policy", time=f"{report.seconds:.3f}")
    for rule in report.rules:
        case = ET.SubElement(
            suite, "testcase", name=f"{rule.id} {rule.slug}", classname="policy", time="0.000"
        )
        own = [finding for finding in report.findings if finding.rule.id == rule.id]
        failed = [f for f in own if f.verdict is Verdict.FAIL and f.waiver is None]
        match report.verdicts[rule.id]:
            case Verdict.FAIL:
                failure = ET.SubElement(case, "failure", message=rule.summary)
                lines = [str(finding) for finding in failed]
                failure.text = _NOT_XML.sub("", "\n".join((*lines, f"fix: {rule.fix}")))
            case Verdict.UNKNOWN:
                items = ", ".join(dict.fromkeys(finding.item for finding in own))
                ET.SubElement(case, "skipped", message=_NOT_XML.sub("", f"not known yet: {items}"))
            case Verdict.PASS:
                pass
    suite.set("tests", str(len(suite)))
    for attribute, tag in (("failures", "failure"), ("skipped", "skipped")):
        suite.set(attribute, str(len(suite.findall(f"testcase/{tag}"))))
    root = ET.Element("testsuites", name="homelab policy")
    root.append(suite)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"
