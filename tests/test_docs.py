"""The pages for people are true: their commands, settings, links and examples are those of the program.

``python -m tests.test_docs`` writes the table of roles into its page.
"""

from __future__ import annotations

import copy
import hashlib
import hmac
import re
import shlex
import tomllib
from dataclasses import fields, replace
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest

import importers
import receipts
from donorhub.cli import run_command
from donorhub.cli.importing import ImportGroup
from donorhub.config import Settings, name_variable
from donorhub.domain.access.permissions import PERMISSIONS, ROLE_PERMISSIONS
from donorhub.models.states import ROLES
from importers.table.layout import Layout
from receipts import packs
from tests.receipts import samples
from webhooks import ENTRY_POINTS, project_groups
from webhooks.fact import Endpoint, Secret
from webhooks.stripe.facts import is_wanted

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
ALL = [ROOT / "README.md", ROOT / "CHANGELOG.md", *PAGES]
ROLES_PAGE = ROOT / "docs" / "people-and-roles.md"
ROLES_TABLE = re.compile(r"(<!-- roles: .*? -->\n)(.*?)(?=<!-- end of roles -->)", re.S)


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


every_page = pytest.mark.parametrize("page", ALL, ids=name_of)


class Block(NamedTuple):
    lang: str
    file: str
    text: str


def blocks_of(page: Path) -> list[Block]:
    found = re.findall(r"^```(\w*)(?: file=(\S+))?\n(.*?)^```$", page.read_text(), re.M | re.S)
    return [Block(*block) for block in found]


STRIPES_WORDS = (
    "stripe",
    "payment_intent",
    "paymentintent",
    "charge.",
    '"pi_',
    '"ch_',
    '"cs_',
    "p24",
    "sepa_",
)


def example(file: str) -> str:
    return next(block.text for block in blocks_of(ROOT / "docs/extending.md") if block.file == file)


# ---------------------------------------------------------------- commands


def commands_of(page: Path) -> list[str]:
    """Every call of donorhub in a block or in running text."""
    lines = [line for block in blocks_of(page) if block.lang == "console" for line in block.text.splitlines()]
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.M | re.S)
    lines += re.findall(r"`(donorhub [a-z][^`]*)`", text)
    return [line for line in lines if re.match(r"(\.venv/bin/)?donorhub ", line)]


def parse_line(line: str) -> None:
    """Parse a line with our command line, whatever files it names; raises what click has against it."""
    words = shlex.split(line, comments=True)[1:]
    command: click.Command = run_command
    context = click.Context(run_command)
    path: list[str] = []
    while isinstance(command, click.Group) and words:
        words = command.name_kind(words) if isinstance(command, ImportGroup) else words
        found = command.get_command(context, words[0])
        if found is None:
            raise click.UsageError(f"there is no donorhub {' '.join([*path, words[0]])}")
        path.append(words.pop(0))
        command = found
    if isinstance(command, click.Group) or not words:
        return  # named only, as in "`donorhub verify` proves it"
    command = copy.deepcopy(command)
    for parameter in command.params:
        if isinstance(parameter.type, click.Path):
            parameter.type.exists = False
        if isinstance(parameter, click.Option):
            parameter.prompt = None
            parameter.required = parameter.required and parameter.name != "secret"
    command.make_context(" ".join(path), words)


@every_page
def test_every_command_is_one(page: Path) -> None:
    for line in commands_of(page):
        parse_line(line)


def test_a_wrong_command_is_noticed() -> None:
    for line in ("donorhub bake", "donorhub verify --fast", "donorhub receipts void x --reason y"):
        with pytest.raises(click.UsageError):
            parse_line(line)


def test_scripts_that_are_named_exist() -> None:
    named = {name for page in ALL for name in re.findall(r"\bscripts/[a-z_]+(?:\.py)?", page.read_text())}
    assert named
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


# ---------------------------------------------------------------- links and settings


def anchors_of(page: Path) -> set[str]:
    """The headings as the forges make anchors of them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@every_page
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if target.startswith(("https://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path) if path else page
        assert file.exists(), target
        assert not anchor or anchor in anchors_of(file), target


def test_every_page_can_be_reached_from_the_readme() -> None:
    seen, waiting = set[Path](), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        seen.add(page)
        for path in re.findall(r"\]\(([^)\s#]+\.md)[^)]*\)", page.read_text()):
            found = (page.parent / path).resolve()
            if found not in seen and found.exists():
                waiting.append(found)
    assert [name_of(page) for page in PAGES if page not in seen] == []


@every_page
def test_every_setting_that_is_named_exists(page: Path) -> None:
    variables = {name_variable(field.name) for field in fields(Settings)}
    named = set(re.findall(r"\b(?:DONORHUB_[A-Z_]+[A-Z]|DATABASE_URL|REDIS_URL)\b", page.read_text()))
    assert named <= variables


# ---------------------------------------------------------------- tables and lists


def roles_table() -> str:
    """Who may do what, as it has to stand in the page."""
    lines = [f"| | {' | '.join(ROLES)} |", f"|---|{':-:|' * len(ROLES)}"]
    for permission in sorted(PERMISSIONS):
        dots = ("●" if permission in ROLE_PERMISSIONS[role] else "" for role in ROLES)
        lines.append(f"| {permission} | {' | '.join(dots)} |")
    return "\n".join(lines) + "\n"


def test_roles_table_equals_the_program() -> None:
    """The table of roles is that of the program."""
    found = ROLES_TABLE.search(ROLES_PAGE.read_text())
    assert found
    assert found[2] == roles_table(), "write it anew with .venv/bin/python -m tests.test_docs"


def test_every_role_is_described() -> None:
    described = re.findall(r"^\| (\w+) \| who ", ROLES_PAGE.read_text(), re.M)
    assert described == list(ROLES)


def test_listed_stripe_events_are_wanted() -> None:
    """Every event that Stripe should send has a meaning for us."""
    listed = next(block for block in blocks_of(ROOT / "docs/stripe.md") if block.lang == "text")
    events = listed.text.split()
    assert len(events) > 50
    assert len(set(events)) == len(events)
    assert [event for event in events if not is_wanted(event)] == []


def test_every_pack_stands_in_the_page_on_receipts() -> None:
    named = set(re.findall(r"`([A-Z]{2}-\d{4}-\d{2})`", (ROOT / "docs/receipts.md").read_text()))
    assert named == {
        packs.get_pack(country, date(2026, 11, 22)).version for country in packs.list_jurisdictions()
    }


# ---------------------------------------------------------------- examples


def test_the_example_of_a_layout_reads_its_file() -> None:
    layout = Layout.from_dict(tomllib.loads(example("importers/profiles/xk-example.toml")))
    table = next(block.text for block in blocks_of(ROOT / "docs/extending.md") if block.lang == "csv")
    reading = importers.read(table.encode(), profile=layout)
    assert [problem for problem in reading.problems if problem.level == "error"] == []
    assert [entry.amount.minor for entry in reading.statements[0].entries] == [5000, -250]
    assert reading.statements[0].integrity == "proved"


def test_the_example_of_a_format_runs() -> None:
    run(example("importers/example.py"))


def test_provider_example_works() -> None:
    """The example of a provider verifies, splits and says what was paid."""
    adapter = run(example("donorhub_example/__init__.py"))["Example"]()
    raw = (
        b'{"id":"1","at":1793000000,"payment":"p1","minor":5000,"currency":"PLN","email":"a@b.pl","name":"A",'
        b'"method":"quick"}'
    )
    endpoint, secret = Endpoint("", True, {}), Secret(7, "s")
    signed = {"X-Signature": hmac.new(b"s", raw, hashlib.sha256).hexdigest()}
    assert adapter.verify_message(raw, signed, endpoint, [secret], 0).secret_id == secret.id
    (event,) = adapter.split_message(raw, {}, endpoint)
    facts = adapter.read_facts(event)
    (view,) = project_groups({facts[0].group}, facts)
    assert view.payment is not None
    assert (view.payment.state, view.payment.amount_minor, view.payment.currency) == (
        "succeeded",
        5000,
        "PLN",
    )
    assert view.payment.method == "blik"


def test_the_example_of_a_provider_names_no_other() -> None:
    text = example("donorhub_example/__init__.py").lower()
    assert [word for word in STRIPES_WORDS if word in text] == []


def test_example_names_real_entry_points() -> None:
    """The example names the entry points that are looked up."""
    declared: dict[str, Any] = tomllib.loads(example("pyproject.toml"))
    assert ENTRY_POINTS in declared["project"]["entry-points"]


def test_pack_example_makes_a_receipt(tmp_path: Path) -> None:
    """The example of a pack holds for a receipt."""
    file = tmp_path / "MK-2026-11.toml"
    file.write_text(example("receipts/packs/MK-2026-11.toml"))
    pack = packs._read_pack(file)
    receipt = replace(samples.receipt(), jurisdiction="MK", lang="sq")
    assert [problem for problem in receipts.check_receipt(receipt, pack) if problem.level == "error"] == []


def run(code: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(code, "docs/extending.md", "exec"), names)
    return names


if __name__ == "__main__":
    ROLES_PAGE.write_text(ROLES_TABLE.sub(lambda found: found[1] + roles_table(), ROLES_PAGE.read_text()))
