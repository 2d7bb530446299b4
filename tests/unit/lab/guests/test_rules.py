from __future__ import annotations

L = "/nodes/pve/lxc/100"


def test_protection_covers_the_container_and_its_mount_points(node) -> None:
    node.create(protection=1, mp0="local-zfs:1,mp=/data")
    assert node.ask("DELETE", L).reason == "can't remove CT 100 - protection mode enabled"
    assert node.ask("PUT", f"{L}/config", delete="mp0").reason == (
        "can't remove CT 100 drive 'mp0' - protection mode enabled"
    )


def test_a_token_may_nest_but_not_use_what_only_roots_ticket_may(node) -> None:
    token = node.as_token()
    assert token.create(features="nesting=1")["exitstatus"] == "OK"
    for change, reason in (
        ({"features": "nesting=1,keyctl=1"}, "changing feature flags (except nesting)"),
        ({"dev0": "/dev/net/tun"}, "configuring device passthrough"),
        ({"hookscript": "local:snippets/x.sh"}, "changing the hookscript"),
        ({"mp0": "/srv,mp=/srv"}, "mount point type bind"),
    ):
        answer = token.ask("PUT", f"{L}/config", **change)
        assert answer.status == 403
        assert answer.reason == f"Permission check failed ({reason} is only allowed for root@pam)"
    assert node.ask("PUT", f"{L}/config", features="nesting=1,keyctl=1").status == 200
    assert token.ask("PUT", f"{L}/config", features="keyctl=0,nesting=1").status == 403
    assert token.ask("PUT", f"{L}/config", features="nesting=1,keyctl=1").status == 200


def test_a_hookscript_is_on_no_storage(node) -> None:
    node.create()
    answer = node.ask("PUT", f"{L}/config", hookscript="local:snippets/x.sh")
    assert (answer.status, answer.reason) == (500, "script 'local:snippets/x.sh' does not exist")
    assert "hookscript" not in node.config()
    assert node.ask("PUT", f"{L}/config", hookscript="nonsense").status == 400
