"""Values that mean harm, as hypothesis strategies and as a list."""

from __future__ import annotations

from hypothesis import strategies as st

NUMBERS = (
    "-1",
    "0",
    "+1",
    "1_000",
    " 1",
    "1 ",
    "0101",
    "1e9",
    "1e400",
    "NaN",
    "Infinity",
    "0x10",
    "٣",
    "\uff11\uff10\uff10",
    "²",
    str((1 << 63) - 1),
    str(1 << 63),
    str(1 << 64),
    f"-{1 << 63}",
    "9" * 30,
    "9" * 5000,
    "." * 5,
    "1" + "0" * 400,
    "99999999999999999999T",
    "local-zfs:999999999999999999",
    "local-zfs:99999999999999999999",
)
BREAKS = ("\n", "\r", "\r\n", "\0", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029")
OTHERS = ("mp5: local-zfs:subvol-101-disk-0,mp=/x", "[one]", "[pve:pending]", "#x", "lock: backup")
TEXTS = (
    *(f"a{line}{other}" for line in BREAKS for other in OTHERS[:1]),
    *(f"A=b\n{other}" for other in OTHERS),
    *OTHERS,
    "",
    " ",
    "\ud800",
    "a\udfffb",
    "\x1b[2J",
    "a,b=c",
    "a=b,mp=/x",
    "name=eth0,bridge=vmbr0,tag=99999999999999999999",
    "name=eth0,bridge=vmbr0\n,rate=1",
    "local-zfs:1,mp=/a\nmp1: x",
    "local-zfs:1,mp=/a,size=99999999999999999999T",
    "order=99999999999999999999",
    "fe80::1%\x1b[0m",
    "'\"`$(id)<b>&%0a%00",
    "../../etc/passwd",
    "{{ x }}",
    "\ufeffx",
    "\u202ex",
    "x" * 70_000,
    ",".join("1" * 20_000),
)
VALUES = (*NUMBERS, *TEXTS)

texts = st.one_of(
    st.sampled_from(VALUES),
    st.text(alphabet=st.characters(), max_size=20),
    st.tuples(
        st.sampled_from(("a", "A=b", "local-zfs:1", "name=eth0", "1", "ann@pve")),
        st.sampled_from(("", " ", ",", "=", ";", ":", "/", *BREAKS)),
        st.sampled_from((*OTHERS, "x", "", "size=1T", "mp=/x", "10.0.0.1")),
    ).map("".join),
)
"""One hostile value; lone surrogates are among them."""
