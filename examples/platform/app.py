"""`cdk deploy` of the platform; the service's image is named by the context: `-c repository=... -c tag=...`."""

from __future__ import annotations

from aws_cdk import App

from examples.platform.stack import Platform

app = App()
Platform(
    app,
    "rotating-rds-examples",
    image_repository=app.node.try_get_context("repository") or "fastapi-service",
    image_tag=app.node.try_get_context("tag") or "latest",
)
app.synth()
