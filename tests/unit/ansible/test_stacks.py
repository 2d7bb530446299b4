"""Every container's stack, rendered from the real topology."""

from __future__ import annotations

import json
from pathlib import Path

import jinja2
import pytest
import yaml

from homelab.model import Topology

ROOT = Path(__file__).parents[3]
STACKS = ROOT / "configs" / "docker-compose"
NAMES = [container.name for container in Topology.load(ROOT / "terraform")]
PREFIX = "10.10.0.1:5000/"


def render(path, name, hosts, *, stand_in=False):
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([path.parent, STACKS]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  (YAML, not HTML)
    )
    environment.filters["to_json"] = json.dumps
    text = environment.get_template(path.name).render(
        **hosts[name],
        inventory_hostname=name,
        hostvars=hosts,
        groups={"all": list(hosts)},
        homelab_image_prefix=PREFIX,
        homelab_is_stand_in=stand_in,
        homelab_digest="d1",
        homelab_domain="home.arpa",
        homelab_acme_email="admin@home.arpa",
        homelab_node_address="10.10.0.1",
    )
    return yaml.safe_load(text)


def compose(name, hosts, **options):
    return render(STACKS / name / "compose.yaml.j2", name, hosts, **options)


@pytest.mark.parametrize("stand_in", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_the_stack_follows_the_topology(name, stand_in, hosts):
    described = compose(name, hosts, stand_in=stand_in)
    declared = hosts[name]["homelab_service"]
    service = described["services"][name]
    assert service["image"] == PREFIX + declared["image"]
    assert service["restart"] == "unless-stopped"
    assert service["ports"] == [
        f"{p['port']}:{p['port']}/{p['protocol']}" for p in declared["ports"]
    ]
    assert ("env_file" in service) == bool(declared["environment"] or declared["secrets"])
    assert service["healthcheck"]["start_interval"] == "500ms"
    kind, *command = service["healthcheck"]["test"]
    url = f"http://127.0.0.1:{declared['health']['port']}{declared['health']['path']}"
    assert kind == "CMD" or (url in command[0] and "curl" in command[0] and "wget" in command[0])
    for each in described["services"].values():
        assert each["labels"] == {"org.homelab.digest": "d1"}
        assert each["image"].startswith(PREFIX)
        assert not each["image"].endswith(":latest")


@pytest.mark.parametrize("name", NAMES)
def test_a_stand_in_has_nothing_beside_it(name, hosts):
    assert list(compose(name, hosts, stand_in=True)["services"]) == [name]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_mounted_exists(name, hosts):
    described = compose(name, hosts)
    volumes = set(described.get("volumes") or {})
    mounts = [mount["path"] for mount in hosts[name]["homelab_mount_points"]]
    used = set()
    for service in described["services"].values():
        for entry in service.get("volumes", []):
            source = entry.split(":")[0]
            if source.startswith("./"):
                path = STACKS / name / source
                assert path.is_file() or path.with_name(path.name + ".j2").is_file(), entry
            elif source.startswith("/"):
                inside = [m for m in mounts if f"{source}/".startswith(f"{m}/")]
                assert inside, f"{name}: {source} is on none of its mount points {mounts}"
                used.update(inside)
            else:
                assert source in volumes, entry
    assert used == set(mounts), f"{name}: a mount point that nothing uses"
    for path in described.get("x-directories") or {}:
        assert any(f"{path}/".startswith(f"{m}/") for m in mounts), path


@pytest.mark.parametrize("name", NAMES)
def test_every_file_of_the_stack_renders(name, hosts):
    for path in sorted((STACKS / name).rglob("*.j2")):
        assert render(path, name, hosts) is not None


def test_prometheus_probes_every_service(hosts):
    settings = render(STACKS / "prometheus" / "prometheus.yml.j2", "prometheus", hosts)
    jobs = {job["job_name"]: job for job in settings["scrape_configs"]}
    probed = {
        item["labels"]["container"]: item["targets"] for item in jobs["services"]["static_configs"]
    }
    assert probed == {name: [values["homelab_health_url"]] for name, values in hosts.items()}
    assert jobs["pve"]["static_configs"][0]["targets"] == ["10.10.0.38:9221"]


def test_blackbox_has_a_module_for_each_status(hosts):
    settings = render(STACKS / "blackbox-exporter" / "blackbox.yml.j2", "blackbox-exporter", hosts)
    wanted = {
        f"status_{values['homelab_service']['health']['status']}" for values in hosts.values()
    }
    assert set(settings["modules"]) == wanted


def test_traefik_has_a_route_to_every_other_container(hosts):
    routes = render(STACKS / "traefik" / "routes.yml.j2", "traefik", hosts)["http"]
    assert set(routes["routers"]) == set(hosts) - {"traefik"}
    assert "middlewares" not in routes["routers"]["authelia"]
    assert routes["routers"]["sonarr"]["middlewares"] == ["authelia"]


@pytest.mark.parametrize(("status", "curl"), [(200, "-f"), (401, "%{http_code}")])
def test_a_health_check_follows_the_declared_status(status, curl, hosts):
    values = json.loads(json.dumps(hosts["plex"]))
    values["homelab_service"]["health"]["status"] = status
    described = compose("plex", {**hosts, "plex": values})
    command = described["services"]["plex"]["healthcheck"]["test"][1]
    assert curl in command
    # BusyBox's wget of Debian's static build crashes when it is given a timeout.
    assert " -T" not in command
