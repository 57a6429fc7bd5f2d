"""One outside service each; only daemon.wiring picks them."""
