"""Where the provider takes its settings from."""

from __future__ import annotations

import pytest

from homelab.errors import ConfigurationError
from homelab.provider.settings import ProviderSettings
from homelab.pve.terraform_privileges import PRIVILEGES

ENVIRONMENT = {
    "PM_API_URL": "https://pve:8006/api2/json",
    "PM_API_TOKEN_ID": "root@pam!ci",
    "PM_API_TOKEN_SECRET": "secret",
    "HOMELAB_CA_FILE": "/ca.pem",
}


def test_the_environment_is_enough() -> None:
    settings = ProviderSettings.read({}, ENVIRONMENT)
    assert settings.url == "https://pve:8006/api2/json"
    assert settings.credentials.token_id == "root@pam!ci"
    assert (settings.parallel, settings.timeout, settings.verify) == (4, 1200, True)
    assert settings.ca_file == "/ca.pem"
    assert settings.privileges == PRIVILEGES


def test_the_configuration_wins() -> None:
    config = {
        "pm_api_url": "https://other:8006/api2/json",
        "pm_parallel": 28,
        "pm_timeout": 600,
        "pm_tls_insecure": True,
        "pm_minimum_permission_check": False,
        "pm_otp": "1",
    }
    settings = ProviderSettings.read(config, ENVIRONMENT)
    assert settings.url == "https://other:8006/api2/json"
    assert (settings.parallel, settings.timeout, settings.verify) == (28, 600, False)
    assert settings.privileges == ()
    assert settings.ignored == ("pm_otp",)


def test_no_address_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="address is not given"):
        ProviderSettings.read({}, {})


def test_secrets_do_not_show() -> None:
    assert "secret" not in repr(ProviderSettings.read({}, ENVIRONMENT))
