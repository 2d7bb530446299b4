from __future__ import annotations

import pytest

from homelab.lab.lxc.sha512_crypt import sha512_crypt


@pytest.mark.parametrize(
    ("password", "salt", "hashed"),
    [
        (
            "Hello world!",
            "saltstring",
            "svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
        ),
        (
            "",
            "a",
            "Z6IPkDduHdwavesVY2NFMpOHkigshxPYdhfLg0D3A7/XFQcso9RV2E8qczyJ2su.dj6RRLaTpvgwN1rZfK0I9.",
        ),
        (
            "ü" * 70,
            "0123456789abcdef",
            "wzcx2lDBFReQJBqcHtdu.f1GmuZr1s2DyCK0ckeacTe9u3Ap0rhNdYTjxO6H.0Zi4M9UIVHYyOLIntirHT09W0",
        ),
        (
            "x" * 63,
            ".",
            "2cW5BRgbRI/S.wbvl74nKxDt7Wamnx/vycXTgCSdMeTj3x1K3UlvMAtt4lhzIVzyggQPK3ai0zw9kSHpiHgqZ0",
        ),
        (
            "y" * 64,
            "zz",
            "1/CEOC.9tMAIMC5uwd6WTBsb6mZfi7krSWF2OOglODdTHfHUIWr1aHlYJYBrknZ5qX8TVmosFQEGuHYpzZkxz/",
        ),
        (
            "z" * 65,
            "abcdefgh",
            "V4p9ORR0miCGpCy/m/R2b3wuynCur.q.qiQ8qJvdSOxDB/b27Gnvn11qxUjvWm.lfZPBPAY.pYwd2Vj9uJwos/",
        ),
    ],
)
def test_hashes_are_those_of_libcrypt(password: str, salt: str, hashed: str) -> None:
    """The first is of the scheme's specification, all were made by libcrypt."""
    assert sha512_crypt(password, salt) == f"$6${salt}${hashed}"
