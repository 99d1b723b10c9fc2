"""Lambda's Python runtime: an interpreter with boto3 and nothing else, and no more of this machine than Lambda shows."""
