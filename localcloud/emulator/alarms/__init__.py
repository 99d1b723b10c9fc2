"""When a metric alarm is in which state."""
