from __future__ import annotations

import gc

import pytest

from homelab.policy.garbage_pause import paused_collection


@pytest.fixture
def collecting():
    was = gc.isenabled()
    gc.enable()
    yield
    (gc.enable if was else gc.disable)()


@pytest.mark.usefixtures("collecting")
def test_collection_goes_on_afterwards_also_after_an_error() -> None:
    with paused_collection():
        assert not gc.isenabled()
        with paused_collection():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ZeroDivisionError), paused_collection():
        raise ZeroDivisionError
    assert gc.isenabled()


@pytest.mark.usefixtures("collecting")
def test_who_had_it_off_keeps_it_off() -> None:
    gc.disable()
    with paused_collection():
        pass
    assert not gc.isenabled()
