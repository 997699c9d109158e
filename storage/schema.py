"""The version of the tables: made at once in an empty database, migrated in an old one.

Alembic takes half a second to import, so it is asked only when the version on disk is not the newest.
"""

from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, String, Table, column, insert, inspect, select, table

from storage.tables import metadata

HEAD = "0003"
_VERSIONS = "alembic_version"


class SchemaError(Exception):
    """The database has tables this program does not know, and what to do about it."""


def version(connection: Connection) -> str | None:
    """Return the version of the tables, None in an empty database; raises SchemaError for a foreign one."""
    names = inspect(connection).get_table_names()
    if _VERSIONS in names:
        found = connection.execute(select(column("version_num")).select_from(table(_VERSIONS))).scalar()
        return str(found) if found is not None else None
    if names:
        raise SchemaError(
            f"the database holds other tables ({', '.join(sorted(names)[:5])}); give the desk one of its own"
        )
    return None


def create(connection: Connection) -> None:
    """Make all tables at the newest version; the same as all migrations from an empty database."""
    metadata.create_all(connection)
    versions = Table(_VERSIONS, MetaData(), Column("version_num", String(32), nullable=False, primary_key=True))
    versions.create(connection)
    connection.execute(insert(versions).values(version_num=HEAD))


def migrate(connection: Connection) -> None:
    """Bring old tables to the newest version; raises SchemaError when they are newer than this program."""
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise SchemaError(f"the database cannot be brought to version {HEAD}: {error}; use a newer program") from error


def prepare(connection: Connection, found: str | None) -> None:
    """Make or migrate the tables in the transaction of `connection`."""
    if found is None:
        create(connection)
    elif found != HEAD:
        migrate(connection)
