"""A module's README: its inputs, its rules and its outputs."""

from __future__ import annotations

from urllib.parse import quote

from homelab.escaping import Markdown, markdown, markdown_code
from homelab.model.hcl.modules import Module, Variable
from homelab.repository.docs.markdown import NOTICE, code, table


def module_page(module: Module) -> str:
    lines = [NOTICE, "", f"# {markdown(module.name)}", ""]
    if module.resources:
        lines += [f"Makes: {', '.join(map(markdown_code, module.resources))}.", ""]
    lines += ["## Inputs", ""]
    lines += table(
        ("name", "type", "default", "what it is"),
        (
            (
                markdown_code(variable.name),
                _type(variable),
                _default(variable),
                variable.description,
            )
            for variable in module.variables
        ),
    )
    for variable in module.variables:
        lines += _details(variable)
    lines += ["## Outputs", ""]
    lines += table(
        ("name", "what it is"),
        (
            (
                markdown_code(output.name),
                output.description + (" Sensitive." if output.sensitive else ""),
            )
            for output in module.outputs
        ),
    )
    return "\n".join(lines).rstrip() + "\n"


def _type(variable: Variable) -> Markdown:
    if "\n" in variable.type:
        return Markdown(
            f"[{markdown_code(variable.type.partition('(')[0])}](#{quote(variable.name)})"
        )
    return markdown_code(variable.type)


def _default(variable: Variable) -> str:
    return "required" if variable.default is None else markdown_code(variable.default)


def _details(variable: Variable) -> list[str]:
    """What does not fit into a table's cell."""
    long = "\n" in variable.type
    if not long and not variable.rules:
        return []
    lines = [f"### {markdown(variable.name)}", ""]
    if long:
        lines += code(variable.type, "hcl")
    if variable.rules:
        lines += [*(f"- {markdown(rule)}" for rule in variable.rules), ""]
    return lines
