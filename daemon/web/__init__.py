"""The HTTP face: webhooks, media, health and the audit page."""
