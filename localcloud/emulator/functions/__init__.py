"""Lambda's Python runtime: an interpreter with boto3 alone, and as little of this machine as Lambda shows."""
