"""What the action plugin of this name takes; it runs on the controller, and this file nowhere."""

from __future__ import annotations

DOCUMENTATION = r"""
module: stack
short_description: Write a Compose stack's files and ask whether it runs so
version_added: "0.1.0"
author: The homelab developers
description:
  - Renders what ends in .j2 of the stack's directory, copies the rest, and writes .env from the
    service's environment and secrets. Then asks Docker whether the stack runs as described.
  - All of that is one task; a task per file would cost more than everything else in a deploy.
  - Reads the variables homelab_service and homelab_secrets.
options:
  name:
    description: The container, which is the Compose project's name too.
    type: str
    required: true
  source:
    description: The directory on the controller that holds compose.yaml.j2.
    type: path
    required: true
  destination:
    description: The directory on the host.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: The stack's files are in place
  homelab.containers.stack:
    name: sonarr
    source: "{{ playbook_dir }}/../../configs/docker-compose/sonarr"
    destination: /opt/stacks/sonarr
"""

RETURN = r"""
changed_paths: {description: What was written., type: list, elements: str, returned: always}
digest:
  description: The stack's identity; its containers carry it as the label org.homelab.digest.
  type: str
  returned: success
current: {description: Whether there is nothing to do., type: bool, returned: success}
reasons: {description: What is not as described., type: list, elements: str, returned: success}
docker: {description: Whether Docker answered., type: bool, returned: success}
ailing: {description: Whether something runs but is not well., type: bool, returned: success}
"""
