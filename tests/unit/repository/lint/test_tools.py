from __future__ import annotations

from homelab.repository.lint.tools import TOOLS


def test_tools_are_named_once() -> None:
    assert len({tool.name for tool in TOOLS}) == len(TOOLS)


def test_the_network_is_asked_only_where_it_may_be() -> None:
    zizmor = next(tool for tool in TOOLS if tool.name == "zizmor")
    assert zizmor.command(online=False) == (*zizmor.argv, "--offline")
    assert zizmor.command(online=True) == zizmor.argv


def test_an_exit_code_of_a_tool_with_findings_is_no_failure() -> None:
    """Each tool ends with another code than 0 where it finds something, or always with 0."""
    assert all(0 in tool.codes for tool in TOOLS)
    assert {tool.name for tool in TOOLS if tool.optional} == {"tflint"}
