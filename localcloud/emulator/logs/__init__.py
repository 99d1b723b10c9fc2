"""What CloudWatch Logs reads out of log lines: filter patterns and embedded metrics."""
