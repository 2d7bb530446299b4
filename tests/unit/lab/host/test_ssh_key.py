from __future__ import annotations

from pathlib import Path

from homelab.lab.host.ssh_key import ensure_ssh_key


def test_the_ssh_key_stays(tmp_path: Path) -> None:
    private = ensure_ssh_key(tmp_path)
    text = private.read_bytes()
    assert ensure_ssh_key(tmp_path).read_bytes() == text
    assert text.startswith(b"-----BEGIN OPENSSH PRIVATE KEY-----")
    public = private.with_name("id_ed25519.pub").read_text()
    assert public.startswith("ssh-ed25519 AAAA")
    assert public.endswith(" homelab-lab\n")
