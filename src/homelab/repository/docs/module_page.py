"""A module's README: its inputs, its rules and its outputs."""

from __future__ import annotations

from homelab.model.hcl.modules import Module, Variable
from homelab.repository.docs.markdown import NOTICE, code, table


def module_page(module: Module) -> str:
    lines = [NOTICE, "", f"# {module.name}", ""]
    if module.resources:
        lines += [f"Makes: {', '.join(f'`{name}`' for name in module.resources)}.", ""]
    lines += ["## Inputs", ""]
    lines += table(
        ("name", "type", "default", "what it is"),
        (
            (f"`{variable.name}`", _type(variable), _default(variable), variable.description)
            for variable in module.variables
        ),
    )
    for variable in module.variables:
        lines += _details(variable)
    lines += ["## Outputs", ""]
    lines += table(
        ("name", "what it is"),
        (
            (f"`{output.name}`", output.description + (" Sensitive." if output.sensitive else ""))
            for output in module.outputs
        ),
    )
    return "\n".join(lines).rstrip() + "\n"


def _type(variable: Variable) -> str:
    if "\n" in variable.type:
        return f"[`{variable.type.partition('(')[0]}`](#{variable.name})"
    return f"`{variable.type}`"


def _default(variable: Variable) -> str:
    return "required" if variable.default is None else f"`{variable.default}`"


def _details(variable: Variable) -> list[str]:
    """What does not fit into a table's cell."""
    long = "\n" in variable.type
    if not long and not variable.rules:
        return []
    lines = [f"### {variable.name}", ""]
    if long:
        lines += code(variable.type, "hcl")
    if variable.rules:
        lines += [*(f"- {rule}" for rule in variable.rules), ""]
    return lines
