from __future__ import annotations

from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from homelab.junit import Case, Suite, to_xml

_CASES = st.builds(
    Case,
    name=st.text(),
    failure=st.none() | st.text(),
    headline=st.none() | st.text(),
    skipped=st.none() | st.text(),
)


@given(st.lists(_CASES).map(tuple))
def test_every_case_is_counted_once_whatever_it_says(cases: tuple[Case, ...]) -> None:
    text = to_xml("all", [Suite(name="one", cases=cases)], seconds=2)

    root = ET.fromstring(text.encode())  # noqa: S314  (ours)
    (suite,) = root
    assert root.get("time") == "2.000"
    assert suite.get("tests") == str(len(cases)) == str(len(suite))
    assert suite.get("failures") == str(len(suite.findall("testcase/failure")))
    assert suite.get("skipped") == str(len(suite.findall("testcase/skipped")))


def test_failure_has_its_headline_and_all_of_its_text() -> None:
    case = Case(name="a", failure="first\nsecond", headline="first")

    root = ET.fromstring(to_xml("all", [Suite(name="one", cases=[case])], seconds=0))  # noqa: S314  (ours)

    failure = root.find("testsuite/testcase/failure")
    assert failure is not None
    assert (failure.get("message"), failure.text) == ("first", "first\nsecond")
