"""Waits until every service that this one depends on answers its health endpoint."""

from __future__ import annotations

import http.client
import time
from urllib.parse import urlsplit

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: health_gate
short_description: Wait until other services are healthy
version_added: "0.1.0"
author: The homelab developers
description:
  - Asks from the host on which it runs, so it also proves the way there.
  - One call with one deadline for all of them; a task that retries would cost a round trip per try.
options:
  endpoints:
    description: What has to answer.
    type: list
    elements: dict
    required: true
    suboptions:
      name: {description: For the message., type: str, required: true}
      url: {description: The health endpoint., type: str, required: true}
      status: {description: The status that means well., type: int, default: 200}
  timeout: {description: Seconds for all of them together., type: int, default: 180}
"""

EXAMPLES = r"""
- name: The indexer is healthy
  homelab.containers.health_gate:
    endpoints:
      - {name: prowlarr, url: "http://10.20.0.25:9696/ping"}
    timeout: 120
"""

RETURN = r"""
seconds: {description: How long it took., type: float, returned: always}
"""

ATTEMPT = 3
LONGEST_PAUSE = 1.0


def status_of(url):
    """The status that a URL answers with; redirects are not followed, certificates not checked."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        import ssl

        context = ssl._create_unverified_context()  # noqa: S323, SLF001  (health, not identity)
        connection = http.client.HTTPSConnection(parts.netloc, timeout=ATTEMPT, context=context)
    else:
        connection = http.client.HTTPConnection(parts.netloc, timeout=ATTEMPT)
    try:
        connection.request("GET", f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}")
        return connection.getresponse().status
    finally:
        connection.close()


def complaint(endpoint):
    """What is wrong with an endpoint, or None when it is well."""
    try:
        status = status_of(endpoint["url"])
    except (OSError, http.client.HTTPException) as error:
        return str(error) or type(error).__name__
    return None if status == endpoint["status"] else f"it answered {status}"


def wait(endpoints, timeout, *, clock=time.monotonic, sleep=time.sleep):
    """What is still wrong with which endpoint when all are well or the time is over."""
    deadline, pause = clock() + timeout, 0.1
    pending = list(endpoints)
    while True:
        wrong = [(item, said) for item in pending if (said := complaint(item)) is not None]
        pending = [item for item, _ in wrong]
        if not pending or clock() >= deadline:
            return wrong
        sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)


def main():
    module = AnsibleModule(
        argument_spec={
            "endpoints": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "name": {"type": "str", "required": True},
                    "url": {"type": "str", "required": True},
                    "status": {"type": "int", "default": 200},
                },
            },
            "timeout": {"type": "int", "default": 180},
        },
        supports_check_mode=True,
    )
    begin = time.monotonic()
    # In check mode nothing was started that could become healthy.
    wrong = [] if module.check_mode else wait(module.params["endpoints"], module.params["timeout"])
    seconds = round(time.monotonic() - begin, 1)
    if wrong:
        listing = "; ".join(f"{item['name']} at {item['url']}: {said}" for item, said in wrong)
        module.fail_json(
            msg=f"waited {seconds:.0f} s for services that this one depends on: {listing}",
            seconds=seconds,
        )
    module.exit_json(changed=False, seconds=seconds)


if __name__ == "__main__":
    main()
