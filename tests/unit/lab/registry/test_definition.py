from __future__ import annotations

import pytest

from homelab.errors import ConfigurationError
from homelab.lab.registry.definition import load_service_definitions


def test_the_projects_definitions_load():
    known = load_service_definitions()
    assert known.image["prom/prometheus"].packages[0] == "prometheus"


@pytest.mark.parametrize("text", ["suite = ", "suite = 'x'\n", "suite='x'\nshell='y'\nmore=1\n"])
def test_wrong_definitions_name_their_file(tmp_path, text):
    path = tmp_path / "services.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=r"services\.toml"):
        load_service_definitions(path)
    with pytest.raises(ConfigurationError, match="No such file"):
        load_service_definitions(tmp_path / "absent")
