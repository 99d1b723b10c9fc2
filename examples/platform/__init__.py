"""A CDK app with one database and the three examples that use it, each under a role of its own."""
