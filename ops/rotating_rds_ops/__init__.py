"""What people on call do with credentials that rotate; `rotating-rds --help` tells.

No command reads or prints the value of a secret: functions in the network of the database do what needs one.
"""
