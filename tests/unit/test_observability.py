"""The rules and the dashboard are whole: their PromQL parses, each alert has its page, each alarm its alert.

What `promtool check rules` looks at, in Python: the names and labels are compared with the real /metrics by
tests/integration/test_metrics.py.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "observability" / "alerts.yml"
DASHBOARD = ROOT / "deploy" / "observability" / "dashboard.json"
RUNBOOK = ROOT / "docs" / "runbook.md"
PARTS = ("What it means", "Safe meanwhile", "Look at", "Mend", "Over when")


def alerts() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    rules: list[dict[str, Any]] = group["rules"]
    return rules


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    return found


def expressions() -> list[str]:
    asked = [target["expr"] for panel in panels() for target in panel["targets"]]
    return [*(rule["expr"] for rule in alerts()), *asked]


def sections() -> dict[str, str]:
    """Heading -> text of each alert's page."""
    parts = re.split(r"^### (.+)$", RUNBOOK.read_text("utf-8"), flags=re.MULTILINE)
    return {title: text.split("\n## ")[0] for title, text in zip(parts[1::2], parts[2::2], strict=True)}


each_alert = pytest.mark.parametrize("rule", alerts(), ids=lambda rule: str(rule["alert"]))


@pytest.mark.parametrize("expression", expressions())
def test_an_expression_parses(expression: str) -> None:
    assert promql_parser.parse(expression)


@each_alert
def test_a_rule_has_what_prometheus_and_people_need(rule: dict[str, Any]) -> None:
    assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
    assert promql_parser.parse_duration(rule["for"]) is not None
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert set(rule["annotations"]) == {"summary", "runbook"}


@each_alert
def test_an_alert_has_its_page_in_the_runbook(rule: dict[str, Any]) -> None:
    assert rule["annotations"]["runbook"] == f"docs/runbook.md#{rule['alert'].lower()}"
    page = sections()[rule["alert"]]
    assert [part for part in PARTS if f"**{part}.**" not in page] == []


def test_the_runbook_has_no_page_without_an_alert() -> None:
    names = [rule["alert"] for rule in alerts()]
    assert list(sections()) == names
    assert len(set(names)) == len(names)


def test_every_alarm_that_people_are_told_is_an_alert_too() -> None:
    looks = set(re.findall(r"def look_at_(\w+)", (ROOT / "daemon" / "alarm.py").read_text()))
    assert looks
    assert {rule["labels"]["alarm"] for rule in alerts() if "alarm" in rule["labels"]} == looks


def test_the_panels_of_the_dashboard_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert cells & taken == set()
        assert place["x"] + place["w"] <= 24
        taken |= cells
    assert len({panel["id"] for panel in panels()}) == len(panels())
