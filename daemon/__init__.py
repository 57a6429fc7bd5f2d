"""What runs: processes, settings, wiring, the web face and one adapter per outside service."""
