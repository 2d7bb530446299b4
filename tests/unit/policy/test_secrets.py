from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homelab.policy.secrets import is_secret_name, is_secret_value


@pytest.mark.parametrize(
    "name", ["DB_PASSWORD", "password", "API_KEY", "GITHUB_TOKEN", "PLEX_CLAIM", "X_SECRET_VALUE"]
)
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)
    assert not is_secret_name(f"{name}_FILE")


@pytest.mark.parametrize(
    "name", ["PASSWORDLESS", "BYPASS", "TOKENS_PER_SECOND", "KEYBOARD", "PWD_"]
)
def test_names_that_only_look_so(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    "value",
    [
        "-----BEGIN OPENSSH PRIVATE KEY-----",
        "AKIA" + "A" * 16,
        "ghp_" + "a" * 36,
        "postgres://me:hunter2@db/x",
        "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIx",
    ],
)
def test_values_that_give_themselves_away(value: str) -> None:
    assert is_secret_value(f"x {value}")


@pytest.mark.parametrize("value", ["http://db:5432/x", "user@host", "https://a/b@c:d", "ghp_short"])
def test_values_that_hold_none(value: str) -> None:
    assert not is_secret_value(value)


@given(st.from_regex(r"[a-z]+", fullmatch=True), st.from_regex(r"[^/\s:@]+", fullmatch=True))
def test_a_password_in_a_url_is_found_whatever_it_is(user: str, password: str) -> None:
    assert is_secret_value(f"https://{user}:{password}@example.org/")
