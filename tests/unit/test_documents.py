"""The documents say what the code says: what they list is compared with what they list it of."""

from __future__ import annotations

import csv
import inspect
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import typer
from fastapi.routing import APIRoute

from daemon.__main__ import app
from daemon.imports import import_purchase_orders, import_vendors
from daemon.secret_files import secret_names
from daemon.settings import Settings
from daemon.web import audit, health, media, webhooks
from handlers.advance import STEPS
from handlers.master_rows import ORDER_COLUMNS, VENDOR_COLUMNS
from handlers.rules import RULES
from schema.findings import Severity
from schema.states import DUE, diagram
from schema.store import Store
from schema.store.master import NewPurchaseOrder, NewVendor
from schema.vault import Vault, new_master_key
from tests.unit.test_house_rules import FIRST_LINE_COLUMNS, FUNCTION_LINES, MODULE_LINES, ONLY_HERE

ROOT = Path(__file__).parents[2]
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "deploy/*.md", "mockbank/*.md")
    for path in ROOT.glob(pattern)
)
OURS = [
    path
    for path in DOCUMENTS
    if path.name in ("ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md") or "docs" in path.parts
]
SCREEN_LINES = 40
SECOND = "new|import|rotate|now|export|verify|check|seal|witness|key|add|list|link|revoke"
"""The second words of commands."""
FOLDERS = ("schema", "handlers", "daemon", "mockbank", "sandbox", "deploy", "docs", "tests")

documents = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
ours = pytest.mark.parametrize("path", OURS, ids=lambda path: str(path.relative_to(ROOT)))


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def rows(text: str, *header: str) -> list[list[str]]:
    """The cells of the one table with this header, without back-quotes."""
    lines = iter(text.splitlines())
    for line in lines:
        if line == f"| {' | '.join(header)} |":
            next(lines)
            break
    found = []
    for line in lines:
        if not line.startswith("|"):
            break
        found.append([cell.strip().replace("`", "") for cell in line.strip("|").split("|")])
    return found


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def quoted(text: str) -> list[str]:
    """What stands in back-quotes within a line, blocks left out."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL))


def passage(text: str, words: str) -> str:
    """The one paragraph or list item that holds these words, on one line."""
    items = re.split(r"\n\s*\n|\n(?=- |\d+\. )", text)
    (found,) = [item for item in items if words in " ".join(item.split())]
    return " ".join(found.split())


def anchors(text: str) -> set[str]:
    """The anchors of headings, made as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def commands() -> set[str]:
    """Every command of `countersign` that people use, with the group before it."""
    found = {
        name_of(command.name, command.callback)
        for command in app.registered_commands
        if command.callback and not command.hidden
    }
    for group in app.registered_groups:
        inner = group.typer_instance
        assert isinstance(inner, typer.Typer)
        found |= {f"{group.name} {command.name}" for command in inner.registered_commands}
    return found


def name_of(name: str | None, callback: object) -> str:
    return name or str(getattr(callback, "__name__", ""))


@dataclass
class Master:
    """Keeps what an import would write."""

    vendors: list[NewVendor] = field(default_factory=list)
    orders: list[NewPurchaseOrder] = field(default_factory=list)

    async def put_vendors(self, vendors: list[NewVendor]) -> list[bool]:
        self.vendors += vendors
        return [True for _ in vendors]

    async def put_purchase_orders(self, orders: list[NewPurchaseOrder]) -> list[bool]:
        self.orders += orders
        return [True for _ in orders]

    async def vendor_by_tax_id(self, tax_id: str) -> NewVendor | None:
        return next((vendor for vendor in self.vendors if vendor.tax_id == tax_id), None)


def test_the_drawn_lifecycle_is_the_declared_one() -> None:
    assert blocks(read("ARCHITECTURE.md"), "mermaid") == [diagram() + "\n"]


def test_the_walk_through_the_rooms_names_every_due_step_and_its_module() -> None:
    table = rows(read("ARCHITECTURE.md"), "state", "step", "job, queue", "module", "what it leaves behind")
    expected = [
        [state, due.step, f"{due.job}, {due.queue}", STEPS[due.step].__module__.replace(".", "/") + ".py"]
        for state, due in DUE.items()
    ]
    assert [row[:4] for row in table] == expected


def test_the_architecture_names_every_get_of_the_web_face() -> None:
    rooms = (webhooks, media, audit, health)
    routes = [route for room in rooms for route in room.router.routes if isinstance(route, APIRoute)]
    gets = {route.path for route in routes if "GET" in (route.methods or ())}
    said = passage(read("ARCHITECTURE.md"), "No side effect of a GET")
    assert {each for each in quoted(said) if each.startswith("/")} == gets


def test_a_webhook_stands_in_the_guide_under_its_own_path() -> None:
    paths = {route.path for route in webhooks.router.routes if isinstance(route, APIRoute)}
    assert paths <= set(quoted(read("docs/connecting.md")))


def test_an_account_is_opened_only_by_the_banks_adapter() -> None:
    openers = {
        path.name
        for folder in ("daemon", "handlers", "schema")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"\bvault\.open\(", path.read_text())
    }
    assert openers
    assert all(name.startswith("bank_") for name in openers)


def test_the_page_of_the_rules_is_the_registry() -> None:
    table = rows(read("docs/rules.md"), "id", "severity", "sentence")
    assert table == [[rule.id, rule.severity, rule.sentence] for rule in RULES]


def test_the_page_of_the_rules_explains_every_severity() -> None:
    table = rows(read("docs/rules.md"), "severity", "what follows")
    assert [row[0] for row in table] == [severity.value for severity in reversed(Severity)]


def test_the_notes_on_rules_name_rules_that_exist() -> None:
    notes = re.findall(r"^- \*\*([a-z_, ]+)\*\*:", read("docs/rules.md"), re.MULTILINE)
    assert notes
    assert {name for note in notes for name in note.split(", ")} <= {rule.id for rule in RULES}


def test_the_changelog_counts_the_rules_rightly() -> None:
    assert re.findall(r"\*\*Rules decide\*\*: (\d+) of them", read("CHANGELOG.md")) == [str(len(RULES))]


def test_the_changelog_tells_of_the_packaged_version() -> None:
    releases = re.findall(r"^## (\d+\.\d+\.\d+) - \d{4}-\d{2}-\d{2}$", read("CHANGELOG.md"), re.MULTILINE)
    assert releases[0] == tomllib.loads(read("pyproject.toml"))["project"]["version"]


def test_the_changelog_names_every_command() -> None:
    listed = passage(read("CHANGELOG.md"), "**The command `countersign`**").partition("**:")[2]
    assert set(quoted(listed)) == commands()


def test_the_table_of_verbs_is_that_of_the_makefile() -> None:
    verbs = re.findall(r"^([a-z-]+):.*## (.+)$", read("Makefile"), re.MULTILINE)
    assert rows(read("CONTRIBUTING.md"), "verb", "what it does") == [
        [f"make {verb}", says] for verb, says in verbs
    ]


def test_the_house_limits_are_those_the_house_is_held_to() -> None:
    limits = [int(re.findall(r"\d+", row[1])[0]) for row in rows(read("CONTRIBUTING.md"), "what", "limit")]
    columns = tomllib.loads(read("pyproject.toml"))["tool"]["ruff"]["line-length"]
    first_line = rows(read("CONTRIBUTING.md"), "what", "limit")[2][1]
    assert limits[:2] == [MODULE_LINES, FUNCTION_LINES]
    assert f"{FIRST_LINE_COLUMNS} columns" in first_line
    assert limits[3] == columns


def test_the_exact_pins_are_the_ones_contributing_speaks_of() -> None:
    dependencies = tomllib.loads(read("pyproject.toml"))["project"]["dependencies"]
    exact = {each.partition("==")[0] for each in dependencies if "==" in each}
    said = passage(read("CONTRIBUTING.md"), "pins are exact")
    assert exact <= set(quoted(said))


def test_the_licence_is_the_one_the_decision_is_about() -> None:
    assert tomllib.loads(read("pyproject.toml"))["project"]["license"] == "GPL-3.0-only"
    homes = ONLY_HERE["aioimaplib"]
    assert set(homes) <= set(quoted(read("docs/decisions/0006-gpl-because-of-aioimaplib.md")))


@pytest.mark.parametrize(
    ("name", "columns", "title"),
    [("vendors", VENDOR_COLUMNS, "name,aliases"), ("orders", ORDER_COLUMNS, "number,vendor")],
)
def test_an_example_has_exactly_the_columns_of_the_import(
    name: str, columns: tuple[str, ...], title: str
) -> None:
    example = next(block for block in blocks(read("docs/connecting.md"), "csv") if block.startswith(title))
    assert tuple(next(csv.reader(example.splitlines()))) == columns


def test_every_column_is_explained() -> None:
    explained = []
    for table in re.split(r"^```csv$", read("docs/connecting.md"), flags=re.MULTILINE)[1:]:
        explained += [name for row in rows(table, "column", "what to write") for name in row[0].split(", ")]
    assert explained == [*VENDOR_COLUMNS, *ORDER_COLUMNS]


async def test_the_examples_can_be_imported(tmp_path: Path) -> None:
    vendors, orders = blocks(read("docs/connecting.md"), "csv")
    (tmp_path / "vendors.csv").write_text(vendors)
    (tmp_path / "pos.csv").write_text(orders)
    master = Master()
    store = cast("Store", SimpleNamespace(master=master))
    assert await import_vendors(tmp_path / "vendors.csv", store, Vault(new_master_key())) == (2, 0)
    assert await import_purchase_orders(tmp_path / "pos.csv", store) == (2, 0)
    assert [order.open for order in master.orders] == [True, False]


def test_the_doctors_parts_are_explained() -> None:
    import daemon.doctor as doctor

    parts = set(re.findall(r'Diagnosis\(\s*"([a-z]+)"', inspect.getsource(doctor)))
    explained = {
        name
        for row in rows(read("docs/connecting.md"), "it says", "it looked at")
        for name in row[0].split(", ")
    }
    assert parts <= explained


@documents
def test_a_named_setting_exists(path: Path) -> None:
    text = path.read_text("utf-8")
    indented = re.findall(r"^    ([A-Z][A-Z0-9_]+)=", text, re.MULTILINE)
    inline = [
        match[1] for each in quoted(text) if (match := re.match(r"([A-Z][A-Z0-9]*_[A-Z0-9_]+)(=|$)", each))
    ]
    constants = {"ONLY_HERE", "_FAULTS", "NAME_FILE"} | set(
        re.findall(r"\$\{(\w+_IMAGE)", read("deploy/compose.yml"))
    )
    named = {name for name in (*indented, *inline) if not name.startswith("MOCKBANK_")} - constants
    files = {f"{name.upper()}_FILE" for name in secret_names(Settings)}
    assert named <= {name.upper() for name in Settings.model_fields} | files


@documents
def test_a_named_command_exists(path: Path) -> None:
    text = path.read_text("utf-8")
    called = re.findall(
        rf"(?:^    (?:\.venv/bin/)?|`)countersign ([a-z]+(?: (?:{SECOND})\b)?)", text, re.MULTILINE
    )
    assert set(called) <= commands()


@documents
def test_a_named_verb_exists(path: Path) -> None:
    verbs = set(re.findall(r"^([a-z-]+):.*## ", read("Makefile"), re.MULTILINE))
    called = re.findall(r"(?:^    |`)make ([a-z]+(?:-[a-z]+)*)", path.read_text("utf-8"), re.MULTILINE)
    assert set(called) <= verbs


@documents
def test_a_named_file_is_there(path: Path) -> None:
    named = [
        each
        for each in quoted(path.read_text("utf-8"))
        if re.match(rf"({'|'.join(FOLDERS)})/[\w./-]*$", each)
    ]
    examples = {"schema/sql/NNNN_what_changes.sql", "schema/sql/NNNN_name.sql"}
    assert [each for each in named if each not in examples and not (ROOT / each).exists()] == []


@documents
def test_a_link_leads_somewhere(path: Path) -> None:
    lost = []
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text("utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        there = (path.parent / file) if file else path
        if not there.exists() or (anchor and anchor not in anchors(there.read_text("utf-8"))):
            lost.append(target)
    assert lost == []


@ours
def test_no_place_of_one_machine_is_named(path: Path) -> None:
    assert re.findall(r"/(?:home|root|work|tmp|Users)/\S*|\.\./shared", path.read_text("utf-8")) == []


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_fits_on_a_screen_and_says_what_it_costs(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= SCREEN_LINES
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
        "The case",
        "What we do",
        "What it costs",
        "What we did not do",
    ]


def test_the_decisions_are_numbered_and_listed() -> None:
    titles = [path.read_text("utf-8").splitlines()[0].removeprefix("# ") for path in DECISIONS]
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    assert re.findall(r"^- \[(.+)\]\((.+)\)$", read("docs/decisions/README.md"), re.MULTILINE) == [
        (title, path.name) for title, path in zip(titles, DECISIONS, strict=True)
    ]
