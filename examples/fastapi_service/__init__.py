"""An HTTP service that takes orders: FastAPI, SQLAlchemy 2 and asyncpg, as a task of Amazon ECS.

It is told the secret's id and nothing else about the database; :mod:`rotating_rds_client` follows its rotations.
"""
