"""What a probe saw, as values; a report turns into an exception only when it is asked to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from homelab.errors import HomelabError


class Seen(StrEnum):
    """How the service's address reacted to the last attempt."""

    ANSWER = "answer"
    """An HTTP answer, of whatever status."""
    REFUSED = "connection refused"
    TIMEOUT = "no answer in time"
    UNREACHABLE = "no route to the address"
    CLOSED = "connection closed without an answer"
    TLS = "TLS failed"
    NOT_HTTP = "an answer that is not HTTP"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """One service's health as it was last seen."""

    container: str
    service: str
    """The image that the container's Compose stack runs."""
    url: str
    seen: Seen
    expected: int
    """The HTTP status of a healthy service."""
    status: int | None = None
    latency: float
    """Seconds that the last attempt took."""
    elapsed: float
    """Seconds from the first attempt to the verdict."""
    attempts: int
    detail: str = ""
    """The beginning of the answer's body, or the operating system's word for what went wrong."""

    @property
    def ok(self) -> bool:
        """Whether the service answered with the expected status."""
        return self.seen is Seen.ANSWER and self.status == self.expected

    def __str__(self) -> str:
        where = f"container {self.container}: service {self.service} at {self.url}"
        if self.ok:
            return f"{where} answered {self.status} in {self.latency * 1000:.0f} ms"
        saw = str(self.seen)
        if self.seen is Seen.ANSWER:
            saw = f"answered {self.status}, not {self.expected}"
        if self.detail:
            saw += f" ({self.detail})"
        if self.attempts > 1:
            saw += f"; {self.attempts} attempts in {self.elapsed:.1f} s"
        return f"{where}: {saw}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeReport:
    """All results in the order of the topology."""

    results: tuple[ProbeResult, ...]
    elapsed: float
    """Seconds for all of them together."""

    def __iter__(self) -> Iterator[ProbeResult]:
        return iter(self.results)

    def __len__(self) -> int:
        return len(self.results)

    @property
    def failures(self) -> tuple[ProbeResult, ...]:
        return tuple(result for result in self.results if not result.ok)

    def raise_for_failures(self) -> None:
        """Do nothing when every service is well.

        Raises:
            ProbesFailedError: names each service that is not, and what was seen.
        """
        if self.failures:
            raise ProbesFailedError(self)


class ProbesFailedError(HomelabError):
    """Services did not answer their health endpoint as they should; `report` has every result."""

    def __init__(self, report: ProbeReport) -> None:
        self.report = report
        lines = "".join(f"\n  {failure}" for failure in report.failures)
        super().__init__(
            f"{len(report.failures)} of {len(report)} services are not healthy:{lines}"
        )
