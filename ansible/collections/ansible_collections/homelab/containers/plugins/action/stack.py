"""Renders a Compose stack's directory, writes it to the host, and says whether it runs so.

The directory configs/docker-compose/NAME holds compose.yaml.j2 and whatever the stack mounts; a
file that ends in .j2 is rendered, any other is copied. Beside them .env is written, with the
service's environment and its secrets. All of that takes one task: a task per file would cost more
than everything else in a deploy.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import yaml
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.template import trust_as_template

COMPOSE = "compose.yaml"
ENVIRONMENT = ".env"
DIGEST_PLACE = "@homelab-digest@"


def env_text(values):
    """An env file as Compose reads it: literal values in single quotes, else escaped ones."""
    return "".join("%s=%s\n" % (name, quoted(str(value))) for name, value in values.items())


def quoted(value):
    if "'" not in value and "\n" not in value and "\\" not in value:
        return "'%s'" % value
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("$", "\\$"), ("\n", "\\n")):
        value = value.replace(plain, escaped)
    return '"%s"' % value


def digest_of(compose, files):
    """The identity of a stack: what its compose file means, and every other file's text."""
    content = {"compose": compose, "files": {name: files[name] for name in sorted(files)}}
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def missing_secrets(names, values):
    """The names without a value, in order."""
    return [name for name in names if values.get(name) in (None, "")]


class ActionModule(ActionBase):
    """Takes name, source and destination; see roles/compose_stack."""

    TRANSFERS_FILES = False
    _VALID_ARGS = frozenset(("name", "source", "destination"))

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        name = self._task.args["name"]
        source = Path(self._task.args["source"])
        destination = Path(self._task.args["destination"])
        if not (source / (COMPOSE + ".j2")).is_file():
            raise AnsibleActionFail(
                "container %s: there is no %s; each container in terraform/containers needs one"
                % (name, source / (COMPOSE + ".j2"))
            )
        files = self._files(source, task_vars)
        compose_text = files.pop(COMPOSE)
        compose = self._parsed(name, compose_text)
        environment = self._environment(name, task_vars)
        if environment:
            files[ENVIRONMENT] = env_text(environment)
        digest = digest_of(compose, files)
        files[COMPOSE] = compose_text.replace(DIGEST_PLACE, digest)

        written = self._execute_module(
            module_name="homelab.containers.host_files",
            module_args={
                "directories": [
                    {"path": path, "owner": str(owner)}
                    for path, owner in (compose.get("x-directories") or {}).items()
                ],
                "files": [
                    {
                        "path": str(destination / path),
                        "secret_content" if path == ENVIRONMENT else "content": content,
                        "mode": "0600" if path == ENVIRONMENT else "0644",
                    }
                    for path, content in files.items()
                ],
            },
            task_vars=task_vars,
        )
        result.update(written)
        result.pop("invocation", None)
        if written.get("failed"):
            return result
        state = self._execute_module(
            module_name="homelab.containers.stack_state",
            module_args={
                "project": name,
                "services": sorted(compose["services"]),
                "digest": digest,
            },
            task_vars=task_vars,
        )
        if state.get("failed"):
            state.pop("invocation", None)
            return state
        for key in ("current", "reasons", "docker", "ailing"):
            result[key] = state[key]
        result["digest"] = digest
        return result

    def _files(self, source, task_vars):
        """Every file of the stack, rendered, by its path within the stack."""
        variables = {**task_vars, "homelab_digest": DIGEST_PLACE}
        templar = self._templar.copy_with_new_env(
            searchpath=[str(source), str(source.parent)], available_variables=variables
        )
        files = {}
        for path in sorted(source.rglob("*")):
            if not path.is_file():
                continue
            text = path.read_text(encoding="utf-8")
            relative = path.relative_to(source)
            if path.suffix == ".j2":
                relative = relative.with_suffix("")
                text = templar.template(
                    trust_as_template(text),
                    escape_backslashes=False,
                    overrides={"trim_blocks": True, "lstrip_blocks": True},
                )
            files[str(relative)] = str(text)
        return files

    @staticmethod
    def _parsed(name, text):
        try:
            compose = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise AnsibleActionFail(
                "container %s: its compose.yaml.j2 does not render to YAML: %s" % (name, error)
            ) from error
        if not isinstance(compose, dict) or not compose.get("services"):
            raise AnsibleActionFail(
                "container %s: its compose.yaml.j2 describes no services" % name
            )
        return compose

    def _environment(self, name, task_vars):
        service = self._value(task_vars, "homelab_service")
        names = service.get("secrets") or []
        given = (self._value(task_vars, "homelab_secrets") or {}).get(name) or {}
        missing = missing_secrets(names, given)
        if missing:
            raise AnsibleActionFail(
                "container %s: no value for %s in the vault; add homelab_secrets.%s.%s"
                % (name, ", ".join(missing), name, missing[0])
            )
        secrets = {key: given[key] for key in names}
        return {**(service.get("environment") or {}), **secrets}

    def _value(self, task_vars, name):
        """A variable with its templates resolved; it never becomes part of the task's arguments."""
        return self._templar.template(task_vars.get(name) or {})
