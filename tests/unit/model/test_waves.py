from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from homelab.model.waves import find_cycle, layers

letters = st.sampled_from("abcdefgh")
graphs = st.dictionaries(letters, st.lists(letters, max_size=3, unique=True).map(tuple), max_size=8)


@given(graph=graphs)
def test_a_wave_needs_only_earlier_waves(graph: dict[str, tuple[str, ...]]) -> None:
    waves, rest = layers(graph)
    placed: set[str] = set()
    for wave in waves:
        for name in wave:
            needs = {need for need in graph[name] if need in graph}
            assert needs <= placed
        placed.update(wave)
    assert placed.isdisjoint(rest)
    assert placed.union(rest) == set(graph)


@given(graph=graphs)
def test_a_leftover_holds_a_cycle(graph: dict[str, tuple[str, ...]]) -> None:
    _, rest = layers(graph)
    if rest:
        cycle = find_cycle(rest)
        assert cycle[0] == cycle[-1]
        assert len(cycle) > 1
        assert all(need in graph[name] for name, need in pairwise(cycle))


def test_names_keep_their_order_within_a_wave() -> None:
    assert layers({"z": (), "b": ("z",), "a": ("z",), "y": ()})[0] == (("z", "y"), ("b", "a"))
