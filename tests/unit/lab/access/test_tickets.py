from __future__ import annotations

import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homelab.errors import ConfigurationError
from homelab.lab.access.attempts import Attempts
from homelab.lab.access.tickets import AuthenticationError, Authenticator, Caller, Secrets

SECRETS = Secrets(password="pw", token_secret="11111111-2222-3333-4444-555555555555", key=b"k" * 32)
USER = "root@pam"


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def authenticator(clock: Clock) -> Authenticator:
    return Authenticator(SECRETS, clock=clock)


def test_a_ticket_has_pves_form_and_renews_itself(authenticator: Authenticator) -> None:
    ticket, csrf = authenticator.login(USER, "pw")
    assert ticket.startswith("PVE:root@pam:6553F100::")
    assert csrf.startswith("6553F100:")
    again, _ = authenticator.login(USER, ticket)
    assert again == ticket


@pytest.mark.parametrize(("user", "password"), [(USER, "wrong"), ("bob@pam", "pw"), (USER, "")])
def test_a_bad_login_is_refused(authenticator: Authenticator, user: str, password: str) -> None:
    with pytest.raises(AuthenticationError, match="authentication failure"):
        authenticator.login(user, password)


def test_a_ticket_is_taken_as_cookie_and_as_header(authenticator: Authenticator) -> None:
    ticket, csrf = authenticator.login(USER, "pw")
    quoted = ticket.replace(":", "%3A").replace("+", "%2B")
    caller = Caller(user=USER)
    assert authenticator.authenticate({}, {"PVEAuthCookie": quoted}, writes=False) == caller
    headers = {"Authorization": f"PVEAuthCookie={ticket}", "CSRFPreventionToken": csrf}
    assert authenticator.authenticate(headers, {}, writes=True) == caller
    assert caller.is_root


def test_writing_needs_the_csrf_token(authenticator: Authenticator) -> None:
    ticket, _ = authenticator.login(USER, "pw")
    for headers in ({}, {"CSRFPreventionToken": "6553F100:wrong"}, {"CSRFPreventionToken": "x"}):
        with pytest.raises(AuthenticationError, match="Permission denied - invalid csrf token"):
            authenticator.authenticate(headers, {"PVEAuthCookie": ticket}, writes=True)


def test_a_ticket_ends_after_two_hours(authenticator: Authenticator, clock: Clock) -> None:
    ticket, _ = authenticator.login(USER, "pw")
    clock.now += 7199
    authenticator.authenticate({}, {"PVEAuthCookie": ticket}, writes=False)
    clock.now += 2
    with pytest.raises(AuthenticationError):
        authenticator.authenticate({}, {"PVEAuthCookie": ticket}, writes=False)


@pytest.mark.parametrize("ticket", ["", "PVE:root@pam:6553F100::xx", "PVE:root@pam", "a::b"])
def test_other_tickets_are_refused(authenticator: Authenticator, ticket: str) -> None:
    with pytest.raises(AuthenticationError, match="invalid PVE ticket"):
        authenticator.authenticate({}, {"PVEAuthCookie": ticket}, writes=False)


@pytest.mark.parametrize("separator", ["=", " "])
def test_a_token_needs_no_csrf(authenticator: Authenticator, separator: str) -> None:
    value = f"PVEAPIToken{separator}root@pam!homelab={SECRETS.token_secret}"
    caller = authenticator.authenticate({"Authorization": value}, {}, writes=True)
    assert str(caller) == "root@pam!homelab"
    assert not caller.is_root


@pytest.mark.parametrize(
    "value",
    [
        "PVEAPIToken=root@pam!homelab=wrong",
        f"PVEAPIToken=root@pam!other={SECRETS.token_secret}",
        f"PVEAPIToken=bob@pam!homelab={SECRETS.token_secret}",
        "PVEAPIToken=nonsense",
    ],
)
def test_other_tokens_are_refused(authenticator: Authenticator, value: str) -> None:
    with pytest.raises(AuthenticationError):
        authenticator.authenticate({"Authorization": value}, {}, writes=False)


def test_secrets_are_kept_and_only_the_owner_reads_them(tmp_path) -> None:
    path = tmp_path / "secrets.json"
    made = Secrets.load(path)
    assert Secrets.load(path) == made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert made.password not in repr(made)


def test_a_damaged_secrets_file_is_one_clear_error(tmp_path) -> None:
    path = tmp_path / "secrets.json"
    path.write_text("{}")
    with pytest.raises(ConfigurationError, match="is damaged"):
        Secrets.load(path)


class Directory:
    """One user whose password is looked at; how often is counted."""

    def __init__(self) -> None:
        self.asked = 0

    def is_active(self, userid: str) -> bool:
        return userid == "ann@pve"

    def has_password(self, userid: str) -> bool:
        return userid == "ann@pve"

    def password_matches(self, _userid: str, password: str) -> bool:
        self.asked += 1
        return password == "right"

    def token_matches(self, *_: str) -> bool | None:
        return None


@pytest.fixture
def directory() -> Directory:
    return Directory()


@pytest.fixture
def tried(directory: Directory) -> Authenticator:
    return Authenticator(SECRETS, directory=directory, attempts=Attempts(at_once=3))


def _fails(authenticator: Authenticator, user: str, password: str, *, peer: str) -> None:
    with pytest.raises(AuthenticationError, match="authentication failure"):
        authenticator.login(user, password, peer=peer)


def test_no_password_is_looked_at_for_those_who_do_not_exist(
    tried: Authenticator, directory: Directory
) -> None:
    for number in range(10):
        _fails(tried, f"nobody{number}@pve", "right", peer="a")
    assert directory.asked == 0


def test_after_some_failures_the_password_is_not_looked_at_but_elsewhere_it_is(
    tried: Authenticator, directory: Directory
) -> None:
    for _ in range(10):
        _fails(tried, "ann@pve", "wrong", peer="a")
    assert directory.asked == 3
    ticket, _ = tried.login("ann@pve", "right", peer="b")
    again, _ = tried.login("ann@pve", ticket, peer="a")
    assert again == ticket
    assert directory.asked == 4


ANY_TEXT = st.text(st.characters())  # also halves of characters


def test_the_nodes_own_password_costs_nothing_and_is_always_looked_at(
    directory: Directory,
) -> None:
    directory.is_active = lambda _userid: True  # type: ignore[method-assign]
    tried = Authenticator(SECRETS, directory=directory, attempts=Attempts(at_once=3))
    for _ in range(10):
        _fails(tried, USER, "wrong", peer="a")
    assert tried.login(USER, "pw", peer="a")


@given(ANY_TEXT | st.just(USER), ANY_TEXT)
def test_no_text_is_a_login(user: str, password: str) -> None:
    with pytest.raises(AuthenticationError):
        Authenticator(SECRETS).login(user, password)


@given(
    st.sampled_from(["PVEAPIToken=", "PVEAuthCookie=", "PVEAPIToken root@pam!homelab=", ""]),
    st.binary(),
)
def test_no_bytes_are_credentials(start: str, rest: bytes) -> None:
    value = start + rest.decode(errors="surrogateescape")
    for headers, cookies in (
        ({"Authorization": value}, {}),
        ({"CSRFPreventionToken": value}, {"PVEAuthCookie": value}),
    ):
        with pytest.raises(AuthenticationError):
            Authenticator(SECRETS).authenticate(headers, cookies, writes=True)
