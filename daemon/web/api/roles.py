"""What each role may do in the console, as one table."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from schema.people import Role


class Permission(StrEnum):
    """One thing that may be allowed; the scopes of API keys are the same words."""

    READ = "read"
    INVOICES_DECIDE = "invoices.decide"
    INVOICES_CORRECT = "invoices.correct"
    UPLOAD = "upload"
    EXCEPTIONS_CLAIM = "exceptions.claim"
    VENDORS_EDIT = "vendors.edit"
    ORDERS_EDIT = "orders.edit"
    BANK_DETAILS_PROPOSE = "bank_details.propose"
    BANK_DETAILS_CONFIRM = "bank_details.confirm"
    POLICY_EDIT = "policy.edit"
    PEOPLE_EDIT = "people.edit"
    KEYS_EDIT = "keys.edit"
    AUDIT_READ = "audit.read"
    EXPORT = "export"


P, ADMIN, APPROVER, CLERK, AUDITOR = Permission, Role.ADMIN, Role.APPROVER, Role.CLERK, Role.AUDITOR

ALLOWED: Final[Mapping[Permission, frozenset[Role]]] = {
    P.READ: frozenset({ADMIN, APPROVER, CLERK, AUDITOR}),
    P.INVOICES_DECIDE: frozenset({ADMIN, CLERK}),
    P.INVOICES_CORRECT: frozenset({ADMIN, CLERK}),
    P.UPLOAD: frozenset({ADMIN, CLERK}),
    P.EXCEPTIONS_CLAIM: frozenset({ADMIN, CLERK}),
    P.VENDORS_EDIT: frozenset({ADMIN}),
    P.ORDERS_EDIT: frozenset({ADMIN, CLERK}),
    P.BANK_DETAILS_PROPOSE: frozenset({ADMIN}),
    P.BANK_DETAILS_CONFIRM: frozenset({ADMIN, APPROVER}),
    P.POLICY_EDIT: frozenset({ADMIN}),
    P.PEOPLE_EDIT: frozenset({ADMIN}),
    P.KEYS_EDIT: frozenset({ADMIN}),
    P.AUDIT_READ: frozenset({ADMIN, AUDITOR}),
    P.EXPORT: frozenset({ADMIN}),
}
"""Approving a payment is not here: that happens on the approver's phone, where the bank's own page is shown."""


def may(role: Role, permission: Permission) -> bool:
    """Whether `role` is allowed this."""
    return role in ALLOWED[permission]
