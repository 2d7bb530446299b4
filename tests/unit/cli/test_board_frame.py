from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from homelab.cli.board_frame import BoardState
from homelab.operations.run.events import (
    ItemChanged,
    ItemsKnown,
    OperationStarted,
    Progress,
    Stage,
    StageChanged,
    State,
)

_STAGES = (
    Stage.PREPARE,
    Stage.PLAN,
    Stage.REVIEW,
    Stage.IMAGES,
    Stage.APPLY,
    Stage.CONFIGURE,
    Stage.VALIDATE,
)
_ITEM_STAGES = (Stage.APPLY, Stage.CONFIGURE, Stage.VALIDATE)
_NAMES = tuple(f"item-{number:02}" for number in range(28))


def _board(names: tuple[str, ...] = _NAMES) -> BoardState:
    state = BoardState()
    state.take(OperationStarted(name="deploy", target="lab", stages=_STAGES), 0.0)
    state.take(ItemsKnown(items=names), 0.0)
    return state


def _frame(state: BoardState, width: int, height: int) -> list[str]:
    return [line.plain for line in state.frame(9.0, width=width, height=height)]


def test_everything_is_shown_on_a_plain_terminal() -> None:
    state = _board()
    for stage in _STAGES:
        state.take(StageChanged(stage=stage, state=State.RUNNING), 1.0)
    for name in _NAMES:
        state.take(ItemChanged(stage=Stage.APPLY, item=name, state=State.DONE), 1.0)
    state.take(ItemChanged(stage=Stage.CONFIGURE, item="item-27", state=State.FAILED), 1.0)

    shown = "\n".join(_frame(state, 80, 22))

    assert all(name in shown for name in _NAMES)
    assert all(f"{stage} " in shown for stage in _STAGES)
    assert "configure FAILED" in shown


def test_a_wide_terminal_has_a_column_for_each_stage() -> None:
    head = _frame(_board(), 160, 40)[8]

    assert head.split() == ["container", "apply", "configure", "validate"] * 3


def test_what_fails_or_runs_is_shown_where_not_all_fits() -> None:
    state = _board()
    state.take(StageChanged(stage=Stage.PLAN, state=State.DONE, seconds=1.0), 1.0)
    state.take(StageChanged(stage=Stage.APPLY, state=State.RUNNING), 1.0)
    for name in _NAMES[:20]:
        state.take(ItemChanged(stage=Stage.APPLY, item=name, state=State.DONE), 1.0)
    state.take(ItemChanged(stage=Stage.APPLY, item="item-25", state=State.RUNNING), 1.0)
    state.take(ItemChanged(stage=Stage.APPLY, item="item-26", state=State.FAILED), 1.0)

    assert _frame(state, 40, 8) == [
        "deploy  target lab  9 s",
        "apply      running       8 s",
        "item-26  apply FAILED",
        "item-25  apply ...",
        "item-20",
        "item-21",
        "item-22",
        "and 3 waiting, 20 done",
    ]
    assert _frame(state, 20, 3) == [
        "deploy  target lab …",
        "apply      running …",
        "1 failed, 1 running…",
    ]


def test_what_others_wrote_moves_no_cursor() -> None:
    state = _board(())
    state.take(Progress(stage=Stage.PLAN, text="one\x1b[2J\r\ntwo"), 1.0)

    shown = _frame(state, 80, 24)

    assert r"one\x1b[2J\ntwo" in shown[2]


_EVENTS = st.one_of(
    st.builds(
        ItemChanged,
        stage=st.sampled_from(_ITEM_STAGES),
        item=st.sampled_from(_NAMES),
        state=st.sampled_from(State),
    ),
    st.builds(
        StageChanged,
        stage=st.sampled_from(_STAGES),
        state=st.sampled_from(State),
        detail=st.text(max_size=90),
    ),
    st.builds(Progress, stage=st.sampled_from(_STAGES), text=st.text(max_size=90)),
)


@given(st.lists(_EVENTS, max_size=60), st.integers(1, 200), st.integers(1, 60), st.integers(0, 28))
def test_a_frame_fits_and_leaves_out_what_can_wait(
    events: list[ItemChanged | StageChanged | Progress], width: int, height: int, count: int
) -> None:
    state = _board(_NAMES[:count])
    for event in events:
        state.take(event, 1.0)

    lines = state.frame(9.0, width=width, height=height)

    assert 1 <= len(lines) <= height
    assert all(line.cell_len <= width for line in lines)
    if width < 12:  # names are cut off
        return
    text = "\n".join(line.plain for line in lines)
    begun = [
        stage
        for stage, (seen, _, _) in state.stages.items()
        if seen in {State.RUNNING, State.FAILED}
    ]
    if height > len(begun):
        assert all(f"\n{stage} " in text for stage in begun)
    pressing = {
        name
        for name, states in state.items.items()
        if {State.FAILED, State.RUNNING} & set(states.values())
    }
    failed = {name for name in pressing if State.FAILED in state.items[name].values()}
    shown = {name for name in state.items if name in text}
    assert shown <= failed or failed <= shown
    assert shown <= pressing or pressing <= shown
