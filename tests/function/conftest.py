"""Settings of property-based tests."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# Time limits measure how busy the machine is.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")
