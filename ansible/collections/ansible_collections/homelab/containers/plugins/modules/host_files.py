"""Writes a host's files and directories in one call, and says which programs it lacks."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import tempfile
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: host_files
short_description: Write many files of a host in one call
version_added: "0.1.0"
author: The homelab developers
description:
  - Every task costs a round trip and a process per host. A role that owns a dozen small files
    writes them with one task of this module.
  - The content is given, not rendered; use the template lookup, or an action plugin.
options:
  files:
    description: Files to write. Parent directories are made.
    type: list
    elements: dict
    default: []
    suboptions:
      path: {description: Absolute path., type: path, required: true}
      content: {description: The whole text; this or secret_content., type: str}
      secret_content: {description: The same for a secret; never logged or shown., type: str}
      mode: {description: Octal mode., type: str, default: "0644"}
      owner: {description: "UID or name, and GID or name, as in root:root.", type: str, default: "0:0"}
  directories:
    description: Directories to make. What is in them is left alone.
    type: list
    elements: dict
    default: []
    suboptions:
      path: {description: Absolute path., type: path, required: true}
      mode: {description: Octal mode., type: str, default: "0755"}
      owner: {description: As for files., type: str, default: "0:0"}
  links:
    description: Symbolic links to make.
    type: list
    elements: dict
    default: []
    suboptions:
      path: {description: Absolute path., type: path, required: true}
      target: {description: What it points to., type: str, required: true}
  absent:
    description: Files to remove.
    type: list
    elements: path
    default: []
  programs:
    description: Names or paths of programs that the role needs.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: The program's settings are in place
  homelab.containers.host_files:
    files:
      - path: /etc/program/settings
        content: "{{ lookup('template', 'settings.j2') }}"
    links:
      - {path: /etc/program/current, target: /etc/program/settings}
"""

RETURN = r"""
changed_paths: {description: What was written or removed., type: list, elements: str, returned: always}
missing: {description: Programs that are not installed., type: list, elements: str, returned: always}
"""


def numeric_owner(text):
    """A UID and a GID from `owner:group`, each a number or a name."""
    user, _, group = text.partition(":")
    group = group or user
    uid = int(user) if user.isdigit() else pwd.getpwnam(user).pw_uid
    gid = int(group) if group.isdigit() else grp.getgrnam(group).gr_gid
    return uid, gid


def attributes_differ(path, mode, owner):
    state = path.lstat()
    return (state.st_mode & 0o7777) != mode or (state.st_uid, state.st_gid) != owner


def set_attributes(path, mode, owner):
    os.chown(path, *owner)
    path.chmod(mode)


def text_of(item):
    """The text to write; a template that renders to nothing arrives as None."""
    return (item["content"] if item["secret_content"] is None else item["secret_content"]) or ""


def read(path):
    """The text of a file, or None when there is none."""
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        return None


def write(path, content, mode, owner):
    """Write beside the file and rename, so that a reader sees the old text or the new."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".homelab-")
    beside = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape") as stream:
            stream.write(content)
        set_attributes(beside, mode, owner)
        beside.replace(path)
    except BaseException:
        beside.unlink()
        raise


def ensure_file(item, *, check):
    """Whether the file had to be written, and its text before."""
    path, content = Path(item["path"]), text_of(item)
    mode, owner = int(item["mode"], 8), numeric_owner(item["owner"])
    before = read(path)
    if before == content:
        if not attributes_differ(path, mode, owner):
            return False, before
        if not check:
            set_attributes(path, mode, owner)
        return True, before
    if not check:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, content, mode, owner)
    return True, before


def ensure_directory(item, *, check):
    """Whether the directory had to be made or changed."""
    path, mode, owner = Path(item["path"]), int(item["mode"], 8), numeric_owner(item["owner"])
    if path.is_dir() and not attributes_differ(path, mode, owner):
        return False
    if not check:
        path.mkdir(parents=True, exist_ok=True)
        set_attributes(path, mode, owner)
    return True


def ensure_link(item, *, check):
    """Whether the symbolic link had to be made or pointed elsewhere."""
    path, target = Path(item["path"]), item["target"]
    if path.is_symlink() and str(path.readlink()) == target:
        return False
    if not check:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(target)
    return True


def diff_of(item, before):
    hidden = item["secret_content"] is not None
    return {
        "before_header": item["path"],
        "after_header": item["path"],
        "before": "(hidden)\n" if hidden and before is not None else before or "",
        "after": "(hidden, changed)\n" if hidden else item["content"],
    }


def main():
    module = AnsibleModule(
        argument_spec={
            "files": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "path": {"type": "path", "required": True},
                    "content": {"type": "str"},
                    "secret_content": {"type": "str", "no_log": True},
                    "mode": {"type": "str", "default": "0644"},
                    "owner": {"type": "str", "default": "0:0"},
                },
                "mutually_exclusive": [("content", "secret_content")],
                "required_one_of": [("content", "secret_content")],
            },
            "directories": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "path": {"type": "path", "required": True},
                    "mode": {"type": "str", "default": "0755"},
                    "owner": {"type": "str", "default": "0:0"},
                },
            },
            "links": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "path": {"type": "path", "required": True},
                    "target": {"type": "str", "required": True},
                },
            },
            "absent": {"type": "list", "elements": "path", "default": []},
            "programs": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    changed, diffs = [], []
    path = None
    try:
        for item in module.params["directories"]:
            path = item["path"]
            if ensure_directory(item, check=module.check_mode):
                changed.append(path)
        for item in module.params["files"]:
            path = item["path"]
            wrote, before = ensure_file(item, check=module.check_mode)
            if wrote:
                changed.append(path)
                diffs.append(diff_of(item, before))
        for item in module.params["links"]:
            path = item["path"]
            if ensure_link(item, check=module.check_mode):
                changed.append(path)
        for path in module.params["absent"]:
            if os.path.lexists(path):
                changed.append(path)
                if not module.check_mode:
                    Path(path).unlink()
    except (OSError, KeyError, ValueError) as error:
        module.fail_json(msg=f"{path}: {error}", changed_paths=changed)
    module.exit_json(
        changed=bool(changed),
        changed_paths=changed,
        missing=[name for name in module.params["programs"] if shutil.which(name) is None],
        diff=diffs if module._diff else [],  # noqa: SLF001  (the interface of every module)
    )


if __name__ == "__main__":
    main()
