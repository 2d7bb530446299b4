from __future__ import annotations

from collections.abc import Iterator

import pytest
from fake_github import FakeGitHub, fake_github

from homelab.clients.ntfy import notify
from homelab.errors import UnreachableError


@pytest.fixture
def fake() -> Iterator[FakeGitHub]:
    with fake_github() as made:
        yield made


def test_notification_has_no_url_in_its_error(fake: FakeGitHub) -> None:
    notify(f"{fake.url}/topic", "hello", title="homelab")

    assert fake.notified == ["hello"]
    with pytest.raises(UnreachableError) as caught:
        notify("http://127.0.0.1:9/secret-topic", "hello", title="homelab")
    assert "secret-topic" not in str(caught.value)


@pytest.mark.parametrize("title", ["homelab", "Küche", "Gerät → an", "家"])
def test_a_title_in_any_script_arrives(title: str) -> None:
    """ntfy takes headers in UTF-8 (https://docs.ntfy.sh/publish/)."""
    with fake_github() as fake:
        notify(f"{fake.url}/topic", "hello", title=title, urgent=True, link="https://example.org/1")

        assert fake.notified == ["hello"]
        assert fake.headers["Title"].encode("latin-1").decode() == title
        assert fake.headers["Priority"] == "high"
        assert fake.headers["Click"] == "https://example.org/1"


def test_what_is_not_taken_says_the_status() -> None:
    with fake_github() as fake, pytest.raises(UnreachableError, match="take the message: 401"):
        notify(f"{fake.url}/elsewhere", "hello", title="homelab")
