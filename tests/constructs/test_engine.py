from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import aws_rds as rds

from rotating_rds import DeclarationError, Engine
from tests.support.declarations import POSTGRES, new_declaration

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotating_rds.engine import InstanceEngine


@pytest.mark.parametrize("name", ["postgres", "admin", "root", "Admin", "master", "administrator", "user"])
def test_names_that_attackers_try_first_are_refused(name: str) -> None:
    """A guessable master name is half of a credential."""
    with pytest.raises(DeclarationError, match=f"'{name}' is among the names that attackers try first: choose"):
        POSTGRES.check_master_username(name)


@pytest.mark.parametrize("name", ["rdsadmin", "rds_superuser", "RDSADMIN", "pg_monitor"])
def test_names_that_rds_keeps_for_itself_are_refused(name: str) -> None:
    """RDS would refuse them in the middle of a deployment."""
    with pytest.raises(DeclarationError, match=f"'{name}' is reserved on postgres: choose another"):
        POSTGRES.check_master_username(name)


@pytest.mark.parametrize("name", ["", "1st", "_hidden", "with-hyphen", "with space", "O'Hara", "été", "x" * 64])
def test_names_that_rds_cannot_hold_are_refused(name: str) -> None:
    """Letters, digits and underscores, 63 at most, beginning with a letter."""
    with pytest.raises(DeclarationError, match="is refused by RDS: choose 1 to 63 letters"):
        POSTGRES.check_master_username(name)


@pytest.mark.parametrize("name", ["dbadmin", "Orders_2", "x", "x" * 63])
def test_other_names_are_taken(name: str) -> None:
    """What RDS takes is not refused."""
    assert POSTGRES.check_master_username(name) == name


def test_the_check_is_made_at_synth() -> None:
    """The construct refuses a bad name before anything is deployed."""
    with pytest.raises(DeclarationError, match="master_username 'root'"):
        new_declaration().database(master_username="root")


MYSQL = Engine.mysql(rds.MysqlEngineVersion.VER_8_4_8)
MARIADB = Engine.mariadb(rds.MariaDbEngineVersion.VER_10_11)


@pytest.mark.parametrize(
    ("engine", "port", "parameters", "exports"),
    [
        (POSTGRES, 5432, {"rds.force_ssl": "1"}, ["postgresql", "upgrade"]),
        (MYSQL, 3306, {"require_secure_transport": "1"}, ["error", "slowquery"]),
        (MARIADB, 3306, {"require_secure_transport": "1"}, ["error", "slowquery"]),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_every_engine_brings_port_tls_and_logs(
    engine: InstanceEngine, port: int, parameters: dict[str, str], exports: list[str]
) -> None:
    """GIVEN an engine, THEN the instance refuses plaintext connections and exports what the engine logs."""
    declaration = new_declaration()
    declaration.database(engine=engine)
    template = declaration.template()
    instance = template.properties("AWS::RDS::DBInstance")
    assert instance["Port"] == str(port)
    assert instance["EnableCloudwatchLogsExports"] == exports
    assert template.properties("AWS::RDS::DBParameterGroup")["Parameters"] == parameters


def test_a_master_of_mysql_has_a_shorter_name() -> None:
    """RDS takes 16 characters there."""
    assert MYSQL.check_master_username("x" * 16) == "x" * 16
    with pytest.raises(DeclarationError, match="is refused by RDS: choose 1 to 16 letters"):
        MYSQL.check_master_username("x" * 17)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Engine.mysql(rds.MysqlEngineVersion.VER_5_7), "MySQL 5.7.* choose 8.0 or newer"),
        (lambda: Engine.mariadb(rds.MariaDbEngineVersion.VER_10_5), "MariaDB 10.5.* choose 10.6 or newer"),
        (lambda: Engine.aurora_mysql(rds.AuroraMysqlEngineVersion.VER_2_12_0), "Aurora MySQL .* choose version 3"),
    ],
)
def test_versions_that_are_too_old_are_refused(make: Callable[[], Engine], message: str) -> None:
    """The rotation function does not know them."""
    with pytest.raises(DeclarationError, match=message):
        make()


@pytest.mark.parametrize(
    "engine",
    [
        rds.DatabaseInstanceEngine.postgres(version=rds.PostgresEngineVersion.VER_17),
        rds.DatabaseInstanceEngine.ORACLE_SE2,
        Engine.aurora_postgres(rds.AuroraPostgresEngineVersion.VER_16_6),
    ],
    ids=["the engine of aws_rds", "Oracle", "Aurora"],
)
def test_other_engines_are_refused(engine: Any) -> None:
    """With the factories to use instead."""
    with pytest.raises(DeclarationError, match=r"does not rotate here: choose Engine.postgres\(...\) or Engine.mysql"):
        new_declaration().database(engine=engine)
