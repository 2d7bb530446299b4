"""What a plan would do, for the person who has to say yes: impact, data, privileges, policy."""

from homelab.operations.review.page import to_markdown, to_terminal
from homelab.operations.review.reviewed import Review, review_plan

__all__ = ["Review", "review_plan", "to_markdown", "to_terminal"]
