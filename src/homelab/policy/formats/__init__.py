"""A policy report for people, for programs, and for GitHub."""

from homelab.policy.formats.github import to_github
from homelab.policy.formats.json import to_json
from homelab.policy.formats.junit import to_junit
from homelab.policy.formats.sarif import to_sarif
from homelab.policy.formats.text import to_failures, to_lines

__all__ = ["to_failures", "to_github", "to_json", "to_junit", "to_lines", "to_sarif"]
