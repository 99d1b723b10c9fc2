"""A sample application: takes orders around the clock, over a new database connection for each.

Nothing in it knows about rotation; :mod:`rotating_rds_client` does. It runs under whatever role its environment gives
it, reads the secret that ``DATABASE_SECRET_ID`` names, and keeps a journal (JSON lines) from which its report is made.
"""
