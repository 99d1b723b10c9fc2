"""Which subnets a database and its rotation function belong into."""

from __future__ import annotations

from aws_cdk import aws_ec2 as ec2

from rotating_rds.errors import DeclarationError


def private_subnets(
    vpc: ec2.IVpc, chosen: ec2.SubnetSelection | None, prop: str = "vpc_subnets"
) -> ec2.SubnetSelection:
    """Return *chosen*, or else the isolated subnets of *vpc*, or else those with a way out through NAT.

    :param prop: what adopters call the choice.
    :raises DeclarationError: if that leaves none, or a public one.
    """
    isolated, with_egress = ec2.SubnetType.PRIVATE_ISOLATED, ec2.SubnetType.PRIVATE_WITH_EGRESS
    selection = chosen or ec2.SubnetSelection(subnet_type=isolated if vpc.isolated_subnets else with_egress)
    if not chosen and not vpc.isolated_subnets and not vpc.private_subnets:
        raise DeclarationError(
            f"The VPC {vpc.node.path!r} has no private subnets for a database: add isolated ones, or name them with "
            "vpc_subnets=."
        )
    public = _ids(vpc.public_subnets) & _ids(_selected(vpc, selection))
    if public:
        raise DeclarationError(
            f"{prop} holds the public subnet {min(public)!r}: choose isolated subnets, or private ones with NAT."
        )
    return selection


def check_way_to_secrets_manager(
    vpc: ec2.IVpc, selection: ec2.SubnetSelection, endpoint: ec2.IConnectable | None
) -> None:
    """Refuse isolated subnets without an endpoint: every step of a rotation would time out there.

    :raises DeclarationError: if the rotation function could not reach Secrets Manager.
    """
    stuck = _ids(vpc.isolated_subnets) & _ids(_selected(vpc, selection))
    if stuck and endpoint is None:
        raise DeclarationError(
            f"The rotation function could not reach Secrets Manager from the isolated subnet {min(stuck)!r}: pass "
            "secrets_manager_endpoint=vpc.add_interface_endpoint(..., service=SECRETS_MANAGER), or subnets with NAT."
        )


def _ids(subnets: list[ec2.ISubnet]) -> set[str]:
    return {subnet.node.path for subnet in subnets}


def _selected(vpc: ec2.IVpc, selection: ec2.SubnetSelection) -> list[ec2.ISubnet]:
    return vpc.select_subnets(
        subnet_type=selection.subnet_type,
        subnet_group_name=selection.subnet_group_name,
        subnet_filters=selection.subnet_filters,
        subnets=selection.subnets,
        availability_zones=selection.availability_zones,
        one_per_az=selection.one_per_az,
    ).subnets
