"""What a saved plan was made from, written beside it, and checked before it is applied.

A plan that a person has reviewed is worth something as long as it still says what will happen:
on the same target, with the same files and values, on the same state. Terraform itself notices a
changed state, in the middle of a deploy and in words of its own; the rest it does not look at.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from homelab.clients.terraform.client import Terraform
from homelab.clients.terraform.lock import LOCK_FILE
from homelab.clients.terraform.plan import Plan
from homelab.errors import ConfigurationError, HomelabError
from homelab.files import replace_file
from homelab.operations.state.revision import Revision, revision_of
from homelab.operations.target.target import Target
from homelab.process import environment
from homelab.settings import Settings
from homelab.wording import some_of

DIRECTORIES = ("terraform", "configs", "ansible")
"""What a deploy reads, below the project's directory."""

_GENERATED = ("ansible/inventory/", "terraform/terraform.tfstate", "terraform/homelab-imports.")
_PROVIDER = re.compile(r'^provider "([^"]+)" \{\n\s*version\s*=\s*"([^"]+)"', re.MULTILINE)
_SHOWN = 8
_LONG = 60


class StateVersion(BaseModel):
    """Which version of which state; a lineage is Terraform's name for one state's history."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    serial: int = 0
    lineage: str = ""

    def __str__(self) -> str:
        return f"serial {self.serial} of {self.lineage[:8]}" if self.lineage else "no state"


class Binding(BaseModel):
    """Everything that a saved plan depends on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    plan_sha256: str
    target: str
    api_url: str | None
    """None for a lab, whose port is another after each start; its state tells labs apart."""
    backend: str
    revision: Revision | None
    state: StateVersion
    files: Mapping[str, str]
    variables: Mapping[str, str]
    terraform: str
    providers: Mapping[str, str]

    @property
    def digest(self) -> str:
        """The configuration digest: files, variables, Terraform, providers and target as one."""
        parts = self.model_dump(mode="json", exclude={"plan_sha256", "revision", "state"})
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    @classmethod
    def read(cls, plan: Path) -> Self:
        """The record beside a saved plan.

        Raises:
            ConfigurationError: there is none, or it is no such record.
        """
        path = record_file(plan)
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError as error:
            raise ConfigurationError(
                f"{plan} has no record of what it was made from ({path.name})",
                hint="keep both files of build/plan together, or plan again: nox -s plan",
            ) from error
        except (OSError, ValidationError) as error:
            raise ConfigurationError(
                f"can't read {path}, the record of what the plan was made from",
                hint="plan again: nox -s plan",
            ) from error


class StalePlanError(HomelabError):
    """A saved plan was made from something else than what is there; `differences` name it."""

    def __init__(self, plan: Path, differences: tuple[str, ...], target: str) -> None:
        self.differences = differences
        listing = "\n".join(f"  {line}" for line in differences)
        super().__init__(
            f"{plan} is stale; what it was made from has changed since:\n{listing}",
            hint=f"plan again, review, and deploy that plan: nox -s plan -- --target {target}",
        )


def record_file(plan: Path) -> Path:
    return plan.with_name(f"{plan.name}.json")


def saved_plan(project: Path, target: str) -> Path:
    """Where `homelab plan` keeps the plan of a target."""
    return project / "build" / "plan" / f"{target}.tfplan"


def keep_plan(settings: Settings, target: Target, terraform: Terraform, plan: Plan) -> Path:
    """Move a plan into build/plan, readable by its owner alone, with the record beside it."""
    path = saved_plan(settings.project, target.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    plan.path.chmod(0o600)
    plan.path.replace(path)
    binding = bind(settings, target, terraform, path, _prior_state(path))
    replace_file(record_file(path), binding.model_dump_json(indent=2) + "\n", mode=0o600)
    return path


def kept_in_words(project: Path, target: str, plan: Path) -> str:
    """Where a kept plan is, and how exactly that one is deployed."""
    name = plan.relative_to(project)
    return (
        f"the plan is kept in {name} for its owner alone, since it may hold secrets; "
        f"to deploy exactly it: homelab deploy --target {target} --plan {name}"
    )


def forget_plan(project: Path, target: str) -> None:
    """Remove a kept plan: a newer one takes its place, or it was applied."""
    path = saved_plan(project, target)
    path.unlink(missing_ok=True)
    record_file(path).unlink(missing_ok=True)


def fresh_plan(
    settings: Settings, target: Target, terraform: Terraform, given: Plan | Path
) -> Plan:
    """A plan that was made before, once it is certain that it still says what will happen.

    A plan object of the library's caller is bound only if there is a record beside its file.

    Raises:
        StalePlanError: something that it was made from is different now.
        ConfigurationError: there is no such plan, or no record.
    """
    if isinstance(given, Plan) and not record_file(given.path).is_file():
        return given
    path = given.path if isinstance(given, Plan) else given
    if not path.is_file():
        raise ConfigurationError(
            f"there is no plan at {path}",
            hint="a plan is removed once it was applied; make one: "
            f"nox -s plan -- --target {target.name}",
        )
    made_from = Binding.read(path)
    terraform.init()
    state = _version(terraform.state_pull() or {})
    differences = compare(made_from, bind(settings, target, terraform, path, state))
    if differences:
        raise StalePlanError(path, differences, target.name)
    return given if isinstance(given, Plan) else terraform.read_plan(path)


def bind(
    settings: Settings, target: Target, terraform: Terraform, plan: Path, state: StateVersion
) -> Binding:
    """What a plan depends on, as it is now."""
    schema = target.state_schema
    return Binding(
        plan_sha256=hashlib.sha256(plan.read_bytes()).hexdigest(),
        target=target.name,
        api_url=None if target.is_lab else target.api_url,
        backend="local" if schema is None else f"pg, schema {schema}",
        revision=revision_of(settings.project),
        state=state,
        files=_files(settings.project),
        variables=_variables(target),
        terraform=".".join(map(str, terraform.binary.version)),
        providers=_providers(terraform.directory / LOCK_FILE),
    )


def compare(then: Binding, now: Binding) -> tuple[str, ...]:
    """What is different, a line each: what, from what, to what. Empty when nothing is."""
    lines = []
    if then.plan_sha256 != now.plan_sha256:
        lines.append(_line("plan file", f"sha256 {then.plan_sha256[:12]}", now.plan_sha256[:12]))
    places = (
        ("target", then.target, now.target),
        ("API address", then.api_url, now.api_url),
        ("state's backend", then.backend, now.backend),
    )
    lines += [_line(what, old, new) for what, old, new in places if old != new]
    if not _same_revision(then.revision, now.revision):
        lines.append(_line("Git revision", then.revision, now.revision))
    if then.state != now.state:
        lines.append(_line("state", then.state, now.state))
    if then.digest != now.digest:
        lines += _configuration(then, now)
    return tuple(lines)


def _configuration(then: Binding, now: Binding) -> list[str]:
    lines = []
    if then.terraform != now.terraform:
        lines.append(_line("Terraform", then.terraform, now.terraform))
    lines += _mapping("provider", then.providers, now.providers)
    lines += _mapping("variable", then.variables, now.variables)
    files = [
        f"{name} ({_change(then.files.get(name), now.files.get(name))})"
        for name in _different(then.files, now.files)
    ]
    if files:
        lines.append(f"files: {some_of(files, _SHOWN)}")
    if lines:
        lines.append(_line("configuration digest", then.digest[:12], now.digest[:12]))
    return lines


def _same_revision(then: Revision | None, now: Revision | None) -> bool:
    if then is None or now is None:
        return then is now
    return then.same_content(now)


def _mapping(what: str, then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    return [
        _line(f"{what} {name}", then.get(name), now.get(name)) for name in _different(then, now)
    ]


def _different(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    return sorted(name for name in then.keys() | now.keys() if then.get(name) != now.get(name))


def _change(then: str | None, now: str | None) -> str:
    if then is None:
        return "new"
    return "gone" if now is None else "changed"


def _line(what: str, then: object, now: object) -> str:
    old, new = ("none" if value is None else str(value) for value in (then, now))
    return f"{what}: {old} -> {new}"


def _files(project: Path) -> dict[str, str]:
    """The digest of each file that a deploy reads; hidden and generated ones are none of these."""
    found = {}
    for top in DIRECTORIES:
        for path in sorted((project / top).rglob("*")):
            name = path.relative_to(project).as_posix()
            hidden = any(part.startswith(".") for part in Path(name).parts)
            if path.is_file() and not hidden and not name.startswith(_GENERATED):
                found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def _variables(target: Target) -> dict[str, str]:
    """The root module's variables. What a person set in the environment may be secret: a digest."""
    given = {
        name.removeprefix("TF_VAR_"): _digest(value)
        for name, value in environment().items()
        if name.startswith("TF_VAR_")
    }
    own = {
        name: value if len(value) <= _LONG else _digest(value)
        for name, value in target.variables.items()
    }
    return {**given, **own}


def _digest(value: str) -> str:
    return f"sha256 {hashlib.sha256(value.encode()).hexdigest()[:12]}"


def _providers(lock_file: Path) -> dict[str, str]:
    if not lock_file.is_file():
        return {}
    return dict(_PROVIDER.findall(lock_file.read_text(encoding="utf-8")))


def _prior_state(plan: Path) -> StateVersion:
    """The state that a plan was made from; Terraform keeps it in the plan, and compares it too."""
    with zipfile.ZipFile(plan) as archive:
        return _version(json.loads(archive.read("tfstate")))


def _version(document: Mapping[str, Any]) -> StateVersion:
    return StateVersion(
        serial=int(document.get("serial", 0)), lineage=str(document.get("lineage", ""))
    )
