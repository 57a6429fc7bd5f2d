"""Paid invoices in the forms that ledgers read; pure."""
