"""A worker that ships orders: psycopg and psycopg_pool, as a systemd service on Amazon EC2.

It is told the secret's id and nothing else about the database; :mod:`rotating_rds_client` follows its rotations.
"""
