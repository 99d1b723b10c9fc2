"""The side of rotation that AWS runs: Secrets Manager's schedule, its four invocations, retries and service events."""
