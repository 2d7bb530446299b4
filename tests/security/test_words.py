"""Hostile text on its way to people: planted in what comes from outside, looked for where it is shown."""

from __future__ import annotations

import ast
import io
import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from datetime import date
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any
from xml.etree import ElementTree as ET

import pyte
import pytest
from fake_github import FakeGitHub, fake_github
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.console import Console

from homelab import escaping
from homelab.cli import output
from homelab.cli.app import run
from homelab.cli.board import Board
from homelab.cli.policy import DOCUMENTS
from homelab.cli.summary import summary_lines
from homelab.clients.ansible.client import Failure, PlayError, PlayResult, _Listener
from homelab.clients.ansible.events import HostSummary
from homelab.clients.github import GitHub
from homelab.clients.ntfy import notify
from homelab.clients.proxmox import GuestEntry
from homelab.clients.terraform.events import parse_event
from homelab.errors import ApiError, CommandError, TaskError
from homelab.model import Container, SshAccess, Topology, inventory
from homelab.model.changes import Action, Change
from homelab.model.hcl import SourceLine
from homelab.model.hcl.modules import Module, Output, Variable
from homelab.operations.review.data import to_json
from homelab.operations.review.differences import Difference
from homelab.operations.review.items import ItemReview
from homelab.operations.review.needs import RootOnly
from homelab.operations.review.page import to_markdown, to_terminal
from homelab.operations.review.preflight import MissingPrivilegesError, Preflight
from homelab.operations.review.report import PlanReport
from homelab.operations.review.reviewed import OtherChange, Review, review_plan
from homelab.operations.run.events import (
    Event,
    ItemChanged,
    ItemsKnown,
    Notice,
    OperationStarted,
    Progress,
    Stage,
    StageChanged,
    State,
)
from homelab.operations.run.recorder import Recorder
from homelab.operations.run.report import OperationReport
from homelab.operations.target.lab_view import LabView
from homelab.policy import RULES, PolicyReport, Verdict, Waiver, formats
from homelab.policy.report import Finding, PolicyViolationError
from homelab.pve.guest_change import Impact
from homelab.pve.telmate.privileges import Need
from homelab.pytest_plugin import expectation
from homelab.repository.docs.module_page import module_page
from homelab.repository.docs.picture import picture
from homelab.repository.docs.policy_page import policy_page
from homelab.repository.docs.settings_page import settings_page
from homelab.repository.docs.topology_page import topology_page
from homelab.repository.lint import finding as lint
from homelab.repository.lint.report import ScanReport, ToolResult

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "homelab"

PIECES = (
    *("\x1b[2J", "\x1b]0;title\x07", "\x1b]8;;https://evil.example\x1b\\", "\x1b]52;c;eA==\x07"),
    *("\x1bc", "\x1b[?1049h", "\x9b2J", "\x90q\x9c", "\x9d0;x\x9c", "\b", "\r", "\x00", "\x0e"),
    *("\u202e", "\u2066", "\u2069", "\u200b", "\u2028", "\x85", "\ufeff", "\ufffe", "\ud800"),
    *("<script>", "<!--", "-->", "</details>", "<br>", "]]>", "&lt;", "]", "[", "(", ")", "*", "_"),
    *(
        "](https://evil.example)",
        "![x](",
        "`",
        "```",
        "\n```\n",
        "|",
        "\\",
        "\n",
        "\n\n# x\n",
        "~~",
    ),
    *("@octocat", " @a/b", "#1", "GH-1", "https://evil.example", "www.evil.example", "a@b.example"),
    *("::error::x", "\n::set-output name=a::b", "\n  ::add-mask::x", "##[add-mask]x", "%0A", ","),
    *(
        "\n[   0.0s] deploy: done",
        "\n  what to do: run this",
        "[bold]",
        "[link=https://evil.example]",
        "\nX-Other: 1",
        '"',
        "'",
        "{{ x }}",
        "{%",
        "$",
        ":",
    ),
    *("ü", "家", "🏠", "a", "plex", "1.", "- ", " ", "\t", "\xa0"),
)
HOSTILE = st.lists(st.sampled_from(PIECES) | st.characters(codec=None), min_size=1, max_size=8).map(
    "".join
)
_CHUNKS = [PIECES[at : at + 8] for at in range(0, len(PIECES), 8)]
_PLANTED = (*map("\n".join, _CHUNKS), *map("".join, _CHUNKS), "".join(PIECES))


def planted(test: Callable[..., None]) -> Callable[..., None]:
    """Call a test with hostile text: every piece, and what hypothesis makes of them."""
    for text in _PLANTED:
        test = example(text=text)(test)
    asked = settings(
        max_examples=25,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    return asked(given(text=HOSTILE)(test))


def utf8(text: str) -> str:
    """As far as the model's values accept it."""
    return text.encode(errors="replace").decode()


# What comes from outside, with the same text in each of its fields


def topology(text: str) -> Topology:
    def container(number: int, *needs: str) -> dict[str, Any]:
        return {
            "name": f"c{number}",
            "category": text,
            "vmid": 200 + number,
            "node": text,
            "template": text,
            "description": text,
            "cores": 1,
            "memory": 512,
            "swap": 0,
            "rootfs": {"storage": text, "size": "8G"},
            "networks": [{"name": text, "bridge": text, "ip": f"10.0.0.{number}/24"}],
            "mount_points": [{"path": f"/a{text}", "storage": text, "size": "1G"}],
            "tags": [text],
            "startup": {"order": 1},
            "service": {
                "image": "a/b:1",
                "ports": [{"port": 80, "sources": [text]}],
                "health": {"port": 80, "path": f"/{text}"},
                "slo": 99,
                "depends_on": list(needs),
                "environment": {"A": text},
            },
        }

    network = {
        "name": "lan",
        "bridge": text,
        "cidr": "10.0.0.0/24",
        "gateway": "10.0.0.1",
        "node_address": "10.0.0.254/24",
    }
    rule = {"container": "c2", "source": text, "port": 80, "comment": text}
    return Topology.model_validate(
        {
            "networks": [network],
            "containers": [container(2), container(3, "c2")],
            "firewall": [rule],
        }
    )


def a_container() -> Container:
    return topology("x").container("c2")


def module(text: str) -> Module:
    short, long = text.replace("\n", " "), f"object({{\n{text}\n}})"
    return Module(
        name=text,
        variables=(
            Variable(name=text, description=text, type=short, default=text, rules=(text,)),
            Variable(name=text, description=text, type=long, default=None, rules=()),
        ),
        outputs=(Output(name=text, description=text, sensitive=True),),
        resources=(text,),
    )


def policy_report(text: str) -> PolicyReport:
    error, warning, unknown, waived = RULES[:4]
    place = SourceLine(Path(f"terraform/{text}".replace("\0", "0")), 3)
    waiver = Waiver(rule=waived.id, item=text, reason=text, expires=date(2030, 1, 1))
    verdicts = {error.id: Verdict.FAIL, warning.id: Verdict.FAIL, unknown.id: Verdict.UNKNOWN}
    return PolicyReport(
        rules=RULES,
        verdicts={rule.id: verdicts.get(rule.id, Verdict.PASS) for rule in RULES},
        findings=(
            Finding(rule=error, verdict=Verdict.FAIL, item=text, message=text, place=place),
            Finding(rule=warning, verdict=Verdict.FAIL, item=text, message=text),
            Finding(rule=unknown, verdict=Verdict.UNKNOWN, item=text, message=text),
            Finding(rule=waived, verdict=Verdict.FAIL, item=text, message=text, waiver=waiver),
        ),
    )


def plan(text: str) -> tuple[PlanReport, Review]:
    one = Difference(path=("network", 0, text), before=text, after=text)
    need = Need(paths=(text,), any_of=(text, text), items=(text,))
    checked = Preflight(
        user=text,
        needs=(need,),
        missing=(need,),
        root_only=(RootOnly(item=text, attribute=text, why=text),),
    )
    more: dict[str, Any] = {
        "name": text,
        "differences": (one, one),
        "slo": 99.0,
        "dependents": (text, text),
        "data_at_risk": (text,),
    }
    review = Review(
        items=(
            ItemReview(action="update", impact=Impact.RESTART, **more),
            ItemReview(action="replace", impact=Impact.REBUILD, **more),
            ItemReview(action="create", impact=Impact.NEW, **more),
            ItemReview(action="delete", impact=Impact.GONE, **more),
        ),
        others=(OtherChange(address=text, action="update", differences=(one,)),),
        opened=(text,),
        closed=(text,),
        policy=policy_report(text),
        preflight=checked,
    )
    report = PlanReport(
        target=text,
        runtime=None,
        provider=text,
        changes=(
            Change(text, "proxmox_lxc", text, Action.DELETE),
            Change(text, "proxmox_pool", text, Action.CREATE),
        ),
        containers=2,
        not_checked=(text,),
    )
    return report, review


def events(text: str) -> tuple[Event, ...]:
    return (
        OperationStarted(name="deploy", target=text, stages=(Stage.APPLY, Stage.VALIDATE)),
        ItemsKnown(items=(text, "plex")),
        StageChanged(stage=Stage.APPLY, state=State.RUNNING, detail=text),
        Progress(stage=Stage.APPLY, text=text),
        ItemChanged(stage=Stage.APPLY, item=text, state=State.FAILED, detail=text),
        StageChanged(stage=Stage.APPLY, state=State.FAILED, seconds=2.0, detail=text),
        Notice(text=text, warning=True),
    )


def operation(text: str) -> OperationReport:
    recorder = Recorder("deploy", target=text, stages=(Stage.APPLY, Stage.VALIDATE))
    recorder.item(Stage.APPLY, text, State.FAILED, text)
    recorder.item(Stage.APPLY, "plex", State.DONE, text)
    recorder.not_run(Stage.VALIDATE, text)
    recorder.notice(text)
    with pytest.raises(ApiError), recorder.stage(Stage.APPLY):
        raise ApiError(500, text, request="GET /x")
    return OperationReport(
        operation="deploy",
        target=text,
        runtime=text,
        provider=text,
        started="now",
        seconds=1.0,
        error=text,
        stages=recorder.stages,
        items=recorder.items,
        images=(),
        notices=recorder.notices,
    )


def play(text: str) -> PlayResult:
    """What comes of ansible-runner's events when a task fails and says `text` everywhere."""
    log: list[str] = []
    listener = _Listener(log.append, None)
    outcome = {
        "msg": text,
        "stderr": text,
        "results": [{"failed": True, "item": text, "msg": text}],
    }
    data = {"host": "plex", "task": text, "role": text, "res": outcome}
    listener({"event": "runner_on_failed", "event_data": data, "stdout": text})
    [failure] = listener.failures.values()
    return PlayResult(
        playbook="site.yml",
        hosts={"plex": HostSummary(failed=1)},
        failures=(failure, Failure(host=text, task=text, message=text)),
        seconds=1.0,
        log=Path("".join(log).replace("\0", "")),
    )


def errors(text: str) -> Iterator[Exception]:
    yield ApiError(500, text, request=f"GET {text}", hint=text)
    yield TaskError(text, text, [text, text])
    yield CommandError(["terraform", text], 1, text)
    yield PlayError(play(text))
    yield PolicyViolationError(policy_report(text))
    checked = plan(text)[1].preflight
    assert checked is not None
    yield MissingPrivilegesError(checked)
    line = json.dumps(
        {
            "type": "diagnostic",
            "diagnostic": {"severity": "error", "summary": text, "detail": text, "address": text},
        }
    )
    yield ApiError(500, str(parse_event(line)), request="GET /x")


def lint_report(text: str) -> ScanReport:
    found = lint.Finding(rule=text, message=text, path=text.replace("\0", "0"), line=3)
    results = (
        ToolResult(tool=text, looks_at=text, findings=(found,)),
        ToolResult(tool="b", looks_at=text, not_checked=text),
    )
    return ScanReport(results=results)


# What a reader of each medium makes of it


def check_terminal(shown: str, *, ours: tuple[str, ...] = ()) -> None:
    """A terminal draws and goes on to the next line, and nothing else."""
    log = io.StringIO()
    pyte.Stream(pyte.DebugScreen(to=log)).feed(shown)
    done = [json.loads(line) for line in log.getvalue().splitlines()]
    assert {event[0] for event in done} <= {"draw", "linefeed", "tab", *ours}
    drawn = "".join(event[1][0] for event in done if event[0] == "draw")
    assert escaping.terminal(drawn) == drawn
    shown.encode()
    if not ours:
        for line in shown.splitlines():
            assert not re.match(r"\s*::[\w-]+.*::", line), "GitHub's runner would obey"
            assert "##[" not in line


READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
_LINKED = re.compile(r"(?<!\w)@\w|#\d|\bGH-\d|https?://|\bwww\.|\w@[\w-]+\.\w|:[a-z]+:")
"""What GitHub looks for in the text of a page that is rendered."""


def structure(page: str) -> list[str]:
    """What a page consists of, without its words."""
    return [
        token.content if token.type.startswith("html") else token.type
        for block in READER.parse(page)
        for token in (block, *(block.children or ()))
        if token.type not in {"text", "code_inline"}
    ]


def check_markdown(page: str, tame: str) -> None:
    """The page is built as the one without hostile text, and nothing in it becomes a link."""
    assert structure(page) == structure(tame)
    texts = [
        token.content
        for block in READER.parse(page)
        for token in block.children or ()
        if token.type == "text"
    ]
    assert [text for text in texts if _LINKED.search(text)] == []
    page.encode()
    assert escaping.terminal(page) == page


def check_xml(document: str) -> None:
    root = ET.fromstring(document.encode())  # noqa: S314  (ours)
    for element in root.iter():
        for said in (element.text or "", *element.attrib.values()):
            assert escaping.terminal(said) == said
    check_terminal(document)


def check_json(document: str) -> Any:
    read = json.loads(document)
    json.dumps(read, ensure_ascii=False).encode()
    check_terminal(document)
    return read


def check_commands(text: str) -> None:
    for line in text.splitlines():
        assert re.match(r"::(error|warning) [^:]*::", line), "a line that is no command of ours"
        assert re.findall(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u202e]", line) == []


# Who writes


def printed(work: Callable[[], object]) -> str:
    """What is printed to either stream."""
    shown = io.StringIO()
    with redirect_stdout(shown), redirect_stderr(shown):
        work()
    return shown.getvalue()


def result_lines(text: str) -> None:
    report, review = plan(text)
    guest = GuestEntry(vmid=1, name=text, node=text, type="lxc", status=text, pool=None, raw={})
    view = LabView(
        state_dir=Path("lab"), running=True, exists=True, node=text, notes=(text,), guests=(guest,)
    )
    for lines in (
        *(to_terminal(report, review), report.lines(), view.lines()),
        *(summary_lines(operation(text)), formats.to_lines(policy_report(text))),
        tuple(lint_report(text).lines()),
    ):
        shown = printed(partial(output.emit, *lines))
        check_terminal(shown)
        assert shown.count("\n") == len(lines), "each of them is one line"


def messages(text: str) -> None:
    check_terminal(printed(lambda: output.say(text)))
    for error in errors(text):
        check_terminal(printed(partial(output.fail, error)))
        check_terminal(printed(partial(output.report_unexpected, type(error), error, None)))
    record = logging.LogRecord("a", logging.INFO, "a.py", 1, "said %s", (text,), None)
    check_terminal(output.LogFormatter("%(name)s: %(message)s").format(record))


def log_of_events(text: str) -> None:
    stream = io.StringIO()
    log = output.PlainLog(stream, clock=lambda: 0.0)
    for event in events(text):
        log(event)
    check_terminal(stream.getvalue())
    begun = [line for line in stream.getvalue().splitlines() if line.startswith("[")]
    assert len(begun) == sum(bool(output.line_of(event)) for event in events(text))


def board(text: str) -> None:
    stream = io.StringIO()
    console = Console(file=stream, width=100, height=30, force_terminal=True, highlight=False)
    with Board(console) as shown:
        for event in events(text):
            shown(event)
    drawing = ("select_graphic_rendition", "cursor_up", "erase_in_line", "carriage_return")
    cursor = {"set_mode", "reset_mode"}
    check_terminal(stream.getvalue(), ours=(*drawing, *cursor))
    assert set(re.findall(r"\x1b\[\?(\d+)", stream.getvalue())) <= {"25"}
    assert "\x1b]" not in stream.getvalue()


def wrong_argument(text: str) -> None:
    check_terminal(printed(lambda: run(["plan", "--", text])))


def documents(text: str) -> None:
    report, review = plan(text)
    for data in (to_json(report, review), operation(text).to_json(), {text: [text]}):
        check_json(printed(partial(output.emit_json, data)))


def sarif_files(text: str) -> None:
    for data in (formats.to_sarif(policy_report(text)), lint_report(text).to_sarif()):
        read = check_json(escaping.json_text(data))
        for result in read["runs"][0]["results"]:
            said = result["message"]["text"]
            assert "](" not in said
            assert escaping.terminal(said) == said
            for place in result.get("locations", ()):
                uri = place["physicalLocation"]["artifactLocation"]["uri"]
                assert re.fullmatch(r"[\w./~%-]+", uri, re.ASCII)


def junit_files(text: str) -> None:
    check_xml(operation(text).to_junit())
    check_xml(formats.to_junit(policy_report(text)))
    check_xml(lint_report(text).to_junit())


def annotations(text: str) -> None:
    commands = formats.to_github(policy_report(text))
    shown = printed(partial(output.tell_runner, *commands))
    assert len(shown.splitlines()) == len(commands)
    check_commands(shown)


def policy_documents(text: str) -> None:
    checks = {
        "json": check_json,
        "sarif": check_json,
        "junit": check_xml,
        "github": check_commands,
    }
    assert checks.keys() == DOCUMENTS.keys()
    for form, check in checks.items():
        check(printed(partial(output.emit_document, DOCUMENTS[form](policy_report(text)))))


def plan_page(text: str) -> None:
    check_markdown(to_markdown(*plan(text)), to_markdown(*plan("x")))


def short_plan_page(text: str) -> None:
    check_markdown(plan(text)[0].to_markdown(), plan("x")[0].to_markdown())


def generated_pages(text: str) -> None:
    text = utf8(text)
    page = partial(topology_page, picture="topology.svg")
    check_markdown(page(topology(text)), page(topology("x")))


def module_pages(text: str) -> None:
    text = utf8(text)
    check_markdown(module_page(module(text)), module_page(module("x")))


def pages_of_ours(_text: str) -> None:
    assert policy_page()
    assert settings_page()


def drawing(text: str) -> None:
    check_xml(picture(topology(utf8(text))))


def failing_tests(text: str) -> None:
    with pytest.raises(pytest.fail.Exception) as caught:
        expectation.fail(a_container(), text)
    check_terminal(str(caught.value))


WRITERS: Mapping[str, tuple[Callable[[str], None], ...]] = MappingProxyType(
    {
        "cli/app.py": (wrong_argument,),
        "cli/board.py": (board,),
        "cli/board_frame.py": (board,),
        "cli/policy.py": (policy_documents,),
        "cli/output.py": (result_lines, messages, log_of_events, documents, annotations),
        "junit.py": (junit_files,),
        "operations/review/page.py": (plan_page,),
        "operations/review/report.py": (short_plan_page,),
        "operations/run/report.py": (junit_files, documents),
        "policy/formats.py": (annotations, sarif_files),
        "pytest_plugin/expectation.py": (failing_tests,),
        "repository/docs/markdown.py": (generated_pages,),
        "repository/docs/module_page.py": (module_pages,),
        "repository/docs/picture.py": (drawing,),
        "repository/docs/policy_page.py": (pages_of_ours,),
        "repository/docs/settings_page.py": (pages_of_ours,),
        "repository/docs/topology_page.py": (generated_pages,),
        "repository/lint/report.py": (junit_files, sarif_files),
        "sarif.py": (sarif_files,),
    }
)
"""Modules that write for people, and what plants text in all that they write."""


_TRIED_BY_THEIR_OWN = {
    "clients/ansible/client.py": "the log of a playbook: test_the_log_of_a_playbook_...",
    "clients/github.py": "titles and pages: test_github_...",
    "clients/ntfy.py": "messages: test_a_notification_...",
    "pytest_plugin/__init__.py": "tests/unit/pytest_plugin/test_report.py",
    "pytest_plugin/report.py": "tests/unit/pytest_plugin/test_report.py",
    "pytest_plugin/session.py": "why a session goes on as root, which is said by us alone",
    "repository/lint/scan.py": "writes the files that sarif_files and junit_files look at",
    "operations/run/run.py": "writes the files that documents, sarif_files and junit_files look at",
}
_SAY_NOTHING_OF_OTHERS = {
    "lab/server/__main__.py": "the server's log, which people see through `homelab lab logs`",
    "provider/__main__.py": "one sentence of ours",
}


@pytest.mark.parametrize(
    "writer",
    sorted({one for group in WRITERS.values() for one in group}, key=lambda one: one.__name__),
    ids=lambda writer: writer.__name__,
)
@planted
def test_hostile_text_does_nothing(writer: Callable[[str], None], text: str) -> None:
    writer(text)


@planted
def test_a_plan_of_terraform_s_does_nothing(text: str) -> None:
    """From its JSON to the page, whatever its addresses, names and values are."""

    def page(said: str) -> tuple[str, tuple[str, ...]]:
        values = {"hostname": said, "memory": said, "network": [{"name": said}], "tags": said}
        change = {"actions": ["update"], "before": values, "after": {**values, "memory": 2}}
        rule = {"source": said, "container": said, "port": said, "protocol": said}
        document = {
            "resource_changes": [
                {"address": said, "type": kind, "name": said, "index": said, "change": change}
                for kind in ("proxmox_lxc", "proxmox_pool")
            ],
            "output_changes": {
                "topology": {"before": {"firewall": []}, "after": {"firewall": [rule]}}
            },
        }
        report, _ = plan(said)
        review = review_plan(document)
        assert review.items
        assert review.opened
        return to_markdown(report, review), to_terminal(report, review)

    hostile, lines = page(text)
    check_markdown(hostile, page("x")[0])
    check_terminal(printed(partial(output.emit, *lines)))


@planted
def test_the_log_of_a_playbook_can_be_read(text: str) -> None:
    log: list[str] = []
    _Listener(log.append, None)({"event": "verbose", "stdout": f"\x1b[0;32m{text}\x1b[0m"})
    check_terminal("".join(log), ours=())


@pytest.fixture(scope="module")
def github() -> Iterator[FakeGitHub]:
    with fake_github() as fake:
        yield fake


@planted
def test_github_gets_a_title_on_one_line(github: FakeGitHub, text: str) -> None:
    client = GitHub("homelab/homelab", token=github.token, api_url=github.url)
    client.create_issue(text, to_markdown(*plan(text)), label="drift")
    assert github.issues[-1]["title"] == escaping.one_line(text)
    check_markdown(github.issues[-1]["body"], to_markdown(*plan("x")))


@planted
def test_a_notification_has_the_headers_that_we_give_it(github: FakeGitHub, text: str) -> None:
    notify(f"{github.url}/topic", text, title=text, urgent=True, link=text)
    assert github.notified[-1] == escaping.terminal(text)
    assert github.headers["Title"].encode("latin-1").decode() == escaping.one_line(text).strip()
    assert github.headers["Priority"] == "high"
    assert "X-Other" not in github.headers


def test_logs_of_a_guest_move_no_cursor(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOMELAB_LAB_STATE", str(tmp_path))
    said = b"one\r\n\x1b[2J\x9b1m\x90\n::error::x\n" + "\u202e家\n".encode() + b"last"
    (tmp_path / "server.log").write_bytes(said)
    monkeypatch.setattr("homelab.cli.lab.require_root", lambda *_: None)

    assert run(["lab", "logs"]) == 0

    shown = capfd.readouterr().out
    check_terminal(shown)
    assert shown.splitlines() == [
        *("one", "\\x1b[2J\\x9b1m\\x90", "\\x3a:error::x", "\\u202e家", "last")
    ]


@planted
def test_an_inventory_evaluates_nothing(text: str) -> None:
    """What is marked `__ansible_unsafe` arrives as it is; all else can't be a template."""
    text = utf8(text)

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return value.get("__ansible_unsafe") or {key: plain(of) for key, of in value.items()}
        if isinstance(value, list):
            return [plain(of) for of in value]
        assert not isinstance(value, str) or "{" not in value
        return value

    host = plain(inventory(topology(text), ssh=SshAccess()))["all"]["hosts"]["c2"]
    assert host["homelab_service"]["environment"] == {"A": text}
    assert host["homelab_health_url"] == f"http://10.0.0.2:80/{text}"


# Whoever writes is listed, and nobody makes text fit in a way of their own

_WRITES = re.compile(
    r"print|sys\.(stdout|stderr)\.write|click\.s?echo|rich\.print|Console|Text|ET\.\w+"
    r"|logging\.(StreamHandler|FileHandler|basicConfig)|requests\.(post|put|patch|Session)"
    r"|pytest\.(fail|skip|exit|UsageError)|pytest\.Collector\.CollectError"
    r"|sarif\.\w+|to_xml|json_text|markdown\w*|workflow_command|terminal|sarif_message"
)
_MARKUP = re.compile(r"#{2,6} |```|\*\*|\|-|<details>|<br>|::(error|warning|notice|group)")
_MAKES_FIT = re.compile(
    r"html\.\w+|escape|quoteattr|saxutils\.\w+|rich\.markup\.\w+|unicodedata\.\w+|.*\.isprintable"
    r"|unicode_escape"
)
_REFUSE = {"pve/schema.py", "pve/guest_options.py"}
"""They name such characters to refuse them."""
_SPELLS = re.compile(r"\x1b|\\x1b|%0A|\\\\\||&lt;|\\u202")


def _trees() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(SOURCE.rglob("*.py")):
        name = path.relative_to(SOURCE).as_posix()
        if name != "escaping.py":
            yield name, ast.parse(path.read_text(encoding="utf-8"))


def _writes(tree: ast.Module) -> bool:
    return any(
        (isinstance(node, ast.Call) and _WRITES.fullmatch(ast.unparse(node.func)))
        or (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and _MARKUP.match(node.value)
        )
        for node in ast.walk(tree)
    )


def test_every_writer_is_listed() -> None:
    """One that is new has to be tried here, or where it says something of others at all."""
    found = {name for name, tree in _trees() if _writes(tree)}
    listed = {*WRITERS, *_TRIED_BY_THEIR_OWN, *_SAY_NOTHING_OF_OTHERS}
    assert sorted(found - listed) == []
    assert sorted(listed - found) == []


def test_a_writer_calls_the_one_module_that_makes_text_fit() -> None:
    imports = {
        name
        for name, tree in _trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and node.module in {"homelab.escaping", "homelab.cli.output", "homelab.junit"}
    }
    assert {*WRITERS, *_TRIED_BY_THEIR_OWN} - imports == set()


def test_no_other_module_makes_text_fit() -> None:
    own_ways = {
        f"{name}:{node.lineno}"
        for name, tree in _trees()
        if name not in _REFUSE
        for node in ast.walk(tree)
        if (isinstance(node, ast.Call) and _MAKES_FIT.fullmatch(ast.unparse(node.func)))
        or (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and _SPELLS.search(node.value)
        )
    }
    assert own_ways == set()


def test_json_for_people_and_their_programs_is_written_in_one_way() -> None:
    rooms = ("cli/", "policy/", "operations/review/", "repository/lint/", "junit.py", "sarif.py")
    assert {
        name
        for name, tree in _trees()
        for node in ast.walk(tree)
        if name.startswith(rooms)
        and isinstance(node, ast.Call)
        and ast.unparse(node.func).startswith("json.dump")
    } == set()
