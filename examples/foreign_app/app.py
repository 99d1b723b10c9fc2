"""A CDK app of somebody else: a database, a user of it, and the role of an application."""

from aws_cdk import App, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_rds as rds

from rotating_rds import Compute, Engine, RotatingDatabase

app = App()
stack = Stack(app, "Shop")
vpc = ec2.Vpc(stack, "Vpc", nat_gateways=1)
database = RotatingDatabase(stack, "Orders", engine=Engine.postgres(rds.PostgresEngineVersion.VER_17), vpc=vpc)
database.add_user("orders").add_consumer("Api", Compute.ecs_task())
app.synth()
