"""The whole life cycle in one run, on the local cloud: deploy, serve, rotate, break, repair, audit, tear down.

``python -m examples.demo`` exits with 0 only if every check of :mod:`examples.demo.checks` held.
"""
