"""Tests of the console: the real web app in a real Chromium."""
