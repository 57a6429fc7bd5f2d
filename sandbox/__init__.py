"""The outside world on loopback: stand-ins that speak the real protocols, and the demo."""
