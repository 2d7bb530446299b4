from __future__ import annotations

import pytest

from homelab.pve.release import Release

N = "/nodes/pve"


def test_name_servers_hosts_and_time(node) -> None:
    node.ask("PUT", f"{N}/dns", search="home.arpa", dns1="10.10.0.53")
    assert node.ask("GET", f"{N}/dns").data == {"search": "home.arpa", "dns1": "10.10.0.53"}
    hosts = node.ask("GET", f"{N}/hosts").data
    assert "10.10.0.1 pve.lab.internal pve" in hosts["data"]
    node.ask("POST", f"{N}/hosts", data="127.0.0.1 localhost\n", digest=hosts["digest"])
    answer = node.ask("POST", f"{N}/hosts", data="x", digest=hosts["digest"])
    assert answer.reason.startswith("detected modified configuration")
    node.ask("PUT", f"{N}/time", timezone="Europe/Vienna")
    now = node.ask("GET", f"{N}/time").data
    assert now["timezone"] == "Europe/Vienna"
    assert now["localtime"] - now["time"] in {3600, 7200}
    assert node.ask("PUT", f"{N}/time", timezone="Mars/Base").status == 400


def test_the_log_tells_of_tasks_in_pages(node) -> None:
    status = node.create()
    page = node.ask("GET", f"{N}/syslog", start=0, limit=1)
    assert status["upid"] in page.data[0]["t"]
    assert page.content["total"] == 2
    assert len(node.ask("GET", f"{N}/journal", lastentries=1).data) == 1


@pytest.mark.parametrize(
    ("release", "frame", "count", "step"),
    [("9", "hour", 60, 60), ("9", "day", 1440, 60), ("8", "week", 70, 10800)],
)
def test_statistics_have_the_releases_resolution(open_node, release, frame, count, step) -> None:
    node = open_node(release=Release.parse(release))
    rows = node.ask("GET", f"{N}/rrddata", timeframe=frame).data
    assert len(rows) == count
    assert rows[1]["time"] - rows[0]["time"] == step


def test_a_decade_is_news_of_pve_9(open_node) -> None:
    assert open_node().ask("GET", f"{N}/rrddata", timeframe="decade").status == 200
    old = open_node(release=Release.parse("8"))
    assert old.ask("GET", f"{N}/rrddata", timeframe="decade").status == 400


def test_options_of_the_datacenter(node) -> None:
    node.ask("PUT", "/cluster/options", keyboard="de", console="html5")
    assert node.ask("GET", "/cluster/options").data == {
        "allowed-tags": [],
        "keyboard": "de",
        "console": "html5",
    }
    node.ask("PUT", "/cluster/options", delete="console")
    assert "console" not in node.ask("GET", "/cluster/options").data
    assert node.ask("GET", "/cluster/backup").data == []
    assert node.ask("GET", "/cluster/replication").data == []


def test_pve_8_makes_privileged_containers_unless_told(open_node) -> None:
    node = open_node(release=Release.parse("8"))
    node.create()
    assert node.config()["unprivileged"] == 0
