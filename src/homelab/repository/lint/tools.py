"""The table of tools: what each looks at, how it is called, how its answer is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from homelab.repository.lint import reading
from homelab.repository.lint.reading import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A program, nearly always one that somebody else keeps."""

    name: str
    looks_at: str
    argv: tuple[str, ...]
    read: Reader
    codes: tuple[int, ...] = (0, 1)
    """Exit codes that come with an answer; others are the tool's own failure."""
    directory: str = "."
    """Where it runs, relative to the project."""
    env: Mapping[str, str] = field(default_factory=dict)
    online: tuple[str, ...] = ()
    """Further arguments where the network may be asked."""
    offline: tuple[str, ...] = ()
    """Further arguments where it may not."""
    needs_network: bool = False
    """Whether it can say nothing without a service elsewhere."""
    optional: bool = False
    """Whether its absence is said instead of being an error."""

    def command(self, *, online: bool) -> tuple[str, ...]:
        return (*self.argv, *(self.online if online else self.offline))


TOOLS: tuple[Tool, ...] = (
    Tool(
        name="ruff",
        looks_at="Python's style and its bugs",
        argv=("ruff", "check", "--no-cache", "--output-format", "sarif"),
        read=reading.sarif(),
    ),
    Tool(
        name="ruff-format",
        looks_at="Python's formatting",
        argv=("ruff", "format", "--no-cache", "--check", "--output-format", "sarif"),
        read=reading.sarif(),
    ),
    Tool(
        name="import-linter",
        looks_at="the layers",
        argv=("lint-imports", "--no-cache"),
        read=reading.import_linter,
        env={"PYTHONPATH": "src"},  # this project's package, not the one that is installed
    ),
    Tool(
        name="kingfisher",
        looks_at="secrets in the tree and in its history",
        argv=(
            *("kingfisher", "scan", ".", "--no-validate", "--no-update-check", "--redact"),
            *("--format", "sarif", "--git-history", "full"),
            *("--exclude", ".nox", "--exclude", "build", "--exclude", ".venv"),
        ),
        read=reading.sarif(),
        codes=(0, 200, 205),
    ),
    Tool(
        name="ansible-lint",
        looks_at="Ansible, production profile",
        argv=(
            *("ansible-lint", "--offline", "--profile", "production", "--strict"),
            *("--format", "sarif", "--nocolor", "-c", ".ansible-lint", "."),
        ),
        read=reading.sarif(prefix="ansible/"),
        codes=(0, 2),
        directory="ansible",
    ),
    Tool(
        name="yamllint",
        looks_at="YAML",
        argv=("yamllint", "--strict", "--format", "parsable", "."),
        read=reading.yamllint,
        codes=(0, 1, 2),
    ),
    Tool(
        name="actionlint",
        looks_at="GitHub workflows: syntax, expressions, types",
        argv=("actionlint", "-shellcheck=", "-pyflakes=", "-format", "{{json .}}"),
        read=reading.actionlint,
    ),
    Tool(
        name="zizmor",
        looks_at="GitHub workflows: security",
        argv=(
            *("zizmor", "--no-progress", "--no-exit-codes", "--persona", "auditor"),
            *("--format", "sarif", ".github"),
        ),
        read=reading.sarif(),
        offline=("--offline",),
    ),
    Tool(
        name="terraform-fmt",
        looks_at="Terraform's formatting",
        argv=("terraform", "fmt", "-check", "-recursive", "terraform"),
        read=reading.terraform_fmt,
        codes=(0, 3),
    ),
    Tool(
        name="generated-pages",
        looks_at="whether generated documentation says what is declared",
        argv=("homelab", "docs", "--check"),
        read=reading.stale_pages,
        codes=(0, 2),
    ),
    Tool(
        name="tflint",
        looks_at="Terraform: unused and untyped declarations",
        argv=("tflint", "--chdir=terraform", "--recursive", "--format=sarif"),
        read=reading.sarif(prefix="terraform/"),
        codes=(0, 2),
        optional=True,
    ),
    Tool(
        name="pip-audit",
        looks_at="known vulnerabilities of the Python dependencies",
        argv=(
            *("pip-audit", "--local", "--skip-editable", "--vulnerability-service", "osv"),
            *("--progress-spinner", "off", "--timeout", "10", "--format", "json"),
        ),
        read=reading.pip_audit,
        needs_network=True,
    ),
)
"""In the order of the report. Checks of plans and topology are not here: they are policy."""
