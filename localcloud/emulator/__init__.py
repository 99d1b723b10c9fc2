"""The embedded AWS: ministack, corrected from outside wherever the life cycle of a database credential depends on it.

It runs as a process of its own, in a virtual environment of its own (`python -m localcloud.emulator`), because
ministack pins its own botocore. Everything else speaks HTTP to it: the AWS APIs on one port, and what AWS has no API
for (holding a rotation, crashing a database) on a second one.
"""
