"""Says whether a Compose stack runs as it is described, with one request to Docker."""

from __future__ import annotations

import http.client
import json
import socket
from urllib.parse import quote

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: stack_state
short_description: Ask Docker whether a Compose stack is as described
version_added: "0.1.0"
author: The homelab developers
description:
  - Reads only. One request over Docker's socket takes a hundredth of the time of Compose's own
    comparison, so that a deploy with nothing to do is done soon.
options:
  project: {description: The Compose project's name., type: str, required: true}
  services: {description: The services that have to run., type: list, elements: str, required: true}
  digest: {description: The label org.homelab.digest that they have to carry., type: str, required: true}
  socket: {description: Docker's socket., type: path, default: /run/docker.sock}
"""

EXAMPLES = r"""
- name: It is known whether the stack runs as described
  homelab.containers.stack_state:
    project: sonarr
    services: [sonarr]
    digest: 5a2c1f
"""

RETURN = r"""
current: {description: Whether there is nothing to do., type: bool, returned: always}
reasons: {description: What is not as described., type: list, elements: str, returned: always}
docker: {description: Whether Docker answered., type: bool, returned: always}
ailing: {description: Whether something runs but is not well., type: bool, returned: always}
"""

LABEL = "org.homelab.digest"


class DockerConnection(http.client.HTTPConnection):
    """HTTP over Docker's Unix socket."""

    def __init__(self, path):
        super().__init__("docker", timeout=20)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def containers_of(project, path):
    """What Docker lists for the Compose project, stopped containers too.

    Raises OSError or ValueError when Docker does not answer as it should.
    """
    filters = json.dumps({"label": ["com.docker.compose.project=%s" % project]})
    connection = DockerConnection(path)
    try:
        connection.request("GET", "/v1.41/containers/json?all=1&filters=%s" % quote(filters))
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise ValueError("Docker answered %s: %s" % (answer.status, body[:200]))
        return json.loads(body)
    except http.client.HTTPException as error:
        raise ValueError("Docker did not speak HTTP: %r" % error) from error
    finally:
        connection.close()


def differences(containers, services, digest):
    """What keeps the stack from being as described, and whether something runs unwell."""
    found = {item["Labels"].get("com.docker.compose.service", ""): item for item in containers}
    reasons, ailing = [], False
    for service in services:
        item = found.get(service)
        if item is None:
            reasons.append("%s is not there" % service)
        elif item["Labels"].get(LABEL) != digest:
            reasons.append("%s runs from another description" % service)
        elif item["State"] != "running":
            # Docker that restarts a container over and over does not come out of it by itself.
            ailing = ailing or item["State"] in ("restarting", "dead", "paused")
            reasons.append("%s is %s" % (service, item["State"]))
        elif "(unhealthy)" in item["Status"]:
            ailing = True
            reasons.append("%s is unhealthy" % service)
        elif "(health: starting)" in item["Status"]:
            reasons.append("%s is still starting" % service)
    reasons.extend("%s is not described" % name for name in sorted(set(found) - set(services)))
    return reasons, ailing


def main():
    module = AnsibleModule(
        argument_spec={
            "project": {"type": "str", "required": True},
            "services": {"type": "list", "elements": "str", "required": True},
            "digest": {"type": "str", "required": True},
            "socket": {"type": "path", "default": "/run/docker.sock"},
        },
        supports_check_mode=True,
    )
    options = module.params
    try:
        containers = containers_of(options["project"], options["socket"])
    except (OSError, ValueError) as error:
        module.exit_json(
            changed=False, current=False, docker=False, ailing=False, reasons=[str(error)]
        )
    reasons, ailing = differences(containers, options["services"], options["digest"])
    module.exit_json(
        changed=False, current=not reasons, docker=True, ailing=ailing, reasons=reasons
    )


if __name__ == "__main__":
    main()
