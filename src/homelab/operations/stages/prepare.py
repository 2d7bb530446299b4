"""The prepare stage: the files parse, the machine is able, the target answers; and images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homelab.clients.proxmox import Proxmox
from homelab.lab.host.limits import HostLimits
from homelab.lab.registry.service_images import ensure_service_images
from homelab.model import Topology
from homelab.operations.run.events import Stage
from homelab.operations.run.report import ImageOrigin
from homelab.operations.run.run import Run
from homelab.operations.stages.check import in_terms_of_policy, load_topology, read_tree
from homelab.operations.stages.machine import make_able, raised_limits
from homelab.operations.target.target import Target, lab_as_target, open_target
from homelab.options.declared import ImagesChoice
from homelab.settings import LabTarget

if TYPE_CHECKING:
    from homelab.lab import Lab

DEFINITIONS = "images/services.toml"


def prepare(run: Run, *, lab: Lab | None = None, repair: bool = True) -> Target:
    """Read the topology, make the machine able, start the lab if it is the target, and ask its API.

    `lab` is a lab that is up already; else the run's target is opened by name. Without `repair`
    nothing is installed.

    Raises:
        TopologyError: the files declare no topology; nothing was started.
        PolicyViolationError: it contradicts itself; nothing was started.
        CapabilityError: the machine lacks something that could not be installed.
        ApiError: the API does not accept the credentials.
        UnreachableError: nothing answers at the API's address.
    """
    recorder = run.recorder
    with recorder.stage(Stage.PREPARE) as stage:
        topology = _topology(run)
        recorder.items_known([container.name for container in topology])
        if lab is not None:
            target = lab_as_target(lab.info(), lab.env(), name=run.target)
        else:
            _, section = run.settings.target(run.target)
            if isinstance(section, LabTarget) and repair:
                make_able(run, section)
            recorder.progress(Stage.PREPARE, f"opening target {run.target}")
            limits = HostLimits().too_low()
            target = open_target(
                run.settings,
                run.target,
                options=run.lab,
                on_progress=lambda line: recorder.progress(Stage.PREPARE, line),
            )
            for text in raised_limits(limits):
                recorder.notice(text)
        for note in target.notes:
            recorder.notice(note)
        version = Proxmox.from_environment(target.environment).version()
        run.runtime = target.runtime
        runtime = f", runtime {target.runtime}" if target.runtime else ""
        stage.detail = f"Proxmox VE {version} at {target.api_url}{runtime}"
    return target


def _topology(run: Run) -> Topology:
    """The topology; what is no value of one is told with the rules that the files break."""
    run.tree = read_tree(run.settings)
    with in_terms_of_policy(run.settings, run.tree):
        return load_topology(run.settings, {}, tree=run.tree)


def build_images(run: Run, target: Target, topology: Topology, images: ImagesChoice | None) -> None:
    """Have every service's image in the lab's registry; a real node pulls its own."""
    recorder = run.recorder
    if not target.is_lab or target.lab_state is None or target.lab_cache is None:
        recorder.not_run(Stage.IMAGES, "containers pull from the images' own registries")
        return
    _, section = run.settings.target(run.target)
    configured = section.images if isinstance(section, LabTarget) else "lab"
    definitions = run.settings.project / DEFINITIONS
    with recorder.stage(Stage.IMAGES) as stage:
        made = ensure_service_images(
            [container.service for container in topology],
            state_dir=target.lab_state,
            cache_dir=target.lab_cache,
            mode=images or configured,
            on_line=lambda line: recorder.progress(Stage.IMAGES, line),
            definitions=definitions if definitions.is_file() else None,
        )
        run.images = tuple(ImageOrigin(image=one.reference, origin=one.origin) for one in made)
        stand_ins = sum(image.is_stand_in for image in run.images)
        stage.detail = f"{len(made) - stand_ins} real, {stand_ins} stand-ins"
