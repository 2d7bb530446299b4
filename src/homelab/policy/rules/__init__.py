"""All built-in rules, in the order of their ids; a new one is added here."""

from __future__ import annotations

from homelab.policy.rule import Rule
from homelab.policy.rules.hl101_vmid_unique import RULE as HL101
from homelab.policy.rules.hl102_address_unique import RULE as HL102
from homelab.policy.rules.hl103_address_in_network import RULE as HL103
from homelab.policy.rules.hl104_bridge_declared import RULE as HL104
from homelab.policy.rules.hl105_mac_unique import RULE as HL105
from homelab.policy.rules.hl106_port_unique import RULE as HL106
from homelab.policy.rules.hl107_vpn_only_on_vpn_bridge import RULE as HL107
from homelab.policy.rules.hl108_one_default_route import RULE as HL108
from homelab.policy.rules.hl109_networks_apart import RULE as HL109
from homelab.policy.rules.hl110_gateway_in_network import RULE as HL110
from homelab.policy.rules.hl111_interface_unique import RULE as HL111
from homelab.policy.rules.hl201_unprivileged import RULE as HL201
from homelab.policy.rules.hl202_nesting_where_docker_runs import RULE as HL202
from homelab.policy.rules.hl203_no_root_only_feature import RULE as HL203
from homelab.policy.rules.hl204_firewall_on import RULE as HL204
from homelab.policy.rules.hl205_default_deny import RULE as HL205
from homelab.policy.rules.hl206_no_any_source import RULE as HL206
from homelab.policy.rules.hl207_published_port_has_rule import RULE as HL207
from homelab.policy.rules.hl208_rule_for_known_source import RULE as HL208
from homelab.policy.rules.hl209_no_plaintext_remote_control import RULE as HL209
from homelab.policy.rules.hl210_no_secret_in_plain import RULE as HL210
from homelab.policy.rules.hl211_no_root_password import RULE as HL211
from homelab.policy.rules.hl212_no_credential_in_provider import RULE as HL212
from homelab.policy.rules.hl213_api_certificate_checked import RULE as HL213
from homelab.policy.rules.hl214_image_pinned import RULE as HL214
from homelab.policy.rules.hl215_template_pinned import RULE as HL215
from homelab.policy.rules.hl216_variable_one_source import RULE as HL216
from homelab.policy.rules.hl301_memory_fits_node import RULE as HL301
from homelab.policy.rules.hl302_cores_fit_node import RULE as HL302
from homelab.policy.rules.hl303_volumes_fit_storage import RULE as HL303
from homelab.policy.rules.hl304_container_fits_node import RULE as HL304
from homelab.policy.rules.hl305_memory_for_docker import RULE as HL305
from homelab.policy.rules.hl306_size_as_printed import RULE as HL306
from homelab.policy.rules.hl401_data_protected import RULE as HL401
from homelab.policy.rules.hl402_data_backed_up import RULE as HL402
from homelab.policy.rules.hl403_no_loss_unless_named import RULE as HL403
from homelab.policy.rules.hl404_no_volume_lost import RULE as HL404
from homelab.policy.rules.hl405_no_volume_shrunk import RULE as HL405
from homelab.policy.rules.hl406_mount_path_unique import RULE as HL406
from homelab.policy.rules.hl501_starts_after_dependencies import RULE as HL501
from homelab.policy.rules.hl502_dependencies_exist import RULE as HL502
from homelab.policy.rules.hl503_health_check import RULE as HL503
from homelab.policy.rules.hl504_slo_present import RULE as HL504
from homelab.policy.rules.hl505_slo_of_dependencies import RULE as HL505
from homelab.policy.rules.hl506_starts_on_boot import RULE as HL506
from homelab.policy.rules.hl507_tags import RULE as HL507
from homelab.policy.rules.hl508_description import RULE as HL508
from homelab.policy.rules.hl509_started import RULE as HL509
from homelab.policy.rules.hl510_vmid_range import RULE as HL510
from homelab.policy.rules.hl511_tagged import RULE as HL511

RULES: tuple[Rule, ...] = (
    *(HL101, HL102, HL103, HL104, HL105, HL106, HL107, HL108, HL109, HL110, HL111),
    *(HL201, HL202, HL203, HL204, HL205, HL206, HL207, HL208),
    *(HL209, HL210, HL211, HL212, HL213, HL214, HL215, HL216),
    *(HL301, HL302, HL303, HL304, HL305, HL306),
    *(HL401, HL402, HL403, HL404, HL405, HL406),
    *(HL501, HL502, HL503, HL504, HL505, HL506, HL507, HL508, HL509, HL510, HL511),
)
"""Every built-in rule."""
