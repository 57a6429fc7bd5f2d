"""A bank that is not a bank: a small portal with its own ledger; SIMULATED on every page."""
