"""The tables: made at once or by migrations, they are the same; old and foreign databases are met with care."""

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine

import storage
from engine.journal import JournalUnavailable
from storage import schema
from storage.store import Store
from storage.tables import metadata
from tests.integration.storage.desk import beginning, sql, url, with_desk


def described(connection: Connection) -> Any:
    """Return tables, columns, keys and indexes as SQLite sees them."""
    tables = {}
    for name in sorted(metadata.tables):
        columns = connection.exec_driver_sql(f"PRAGMA table_info({name})").fetchall()
        indexes = connection.exec_driver_sql(f"PRAGMA index_list({name})").fetchall()
        keys = {row[1]: connection.exec_driver_sql(f"PRAGMA index_info({row[1]})").fetchall() for row in indexes}
        options = connection.exec_driver_sql("SELECT wr, strict FROM pragma_table_list WHERE name = ?", (name,)).all()
        tables[name] = (columns, keys, options)
    return tables


def test_migrations_from_nothing_make_what_the_program_makes_at_once(tmp_path: Path) -> None:
    found = []
    for name, make in (("made", schema.create), ("migrated", schema.migrate)):
        engine = create_engine(f"sqlite:///{tmp_path}/{name}.sqlite3")
        with engine.begin() as connection:
            make(connection)
        with engine.connect() as connection:
            found.append((described(connection), schema.version(connection)))
            assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        engine.dispose()
    assert found[0] == found[1]


def test_the_newest_version_is_the_one_the_program_names() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(storage.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == schema.HEAD


async def nothing(store: Store) -> None:
    await store.journal.submit(beginning(), [])


def test_an_old_database_is_copied_before_it_is_changed(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "desk.sqlite3")) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    sql(tmp_path, "INSERT INTO alembic_version VALUES ('')")
    sql(tmp_path, "DELETE FROM alembic_version")
    sql(tmp_path, "INSERT INTO alembic_version VALUES ('0000')")
    with pytest.raises(schema.SchemaError, match="use a newer program"):
        with_desk(tmp_path, nothing)
    copies = list((tmp_path / "backups").glob(f"desk-before-{schema.HEAD}-*.sqlite3"))
    assert len(copies) == 1
    with closing(sqlite3.connect(copies[0])) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("0000",)]


def test_a_database_of_something_else_is_refused(tmp_path: Path) -> None:
    sql(tmp_path, "CREATE TABLE recipes (name TEXT)")
    with pytest.raises(schema.SchemaError, match="recipes"):
        with_desk(tmp_path, nothing)
    assert sql(tmp_path, "SELECT name FROM sqlite_master") == [("recipes",)]


@pytest.mark.parametrize("address", ["sqlite://", "sqlite:///:memory:", "mysql://host/name"])
def test_an_unusable_address_is_refused_with_what_to_use(address: str) -> None:
    with pytest.raises(ValueError, match="sqlite:///"):
        asyncio.run(Store.open(address, mode="paper", account="main"))


def test_a_folder_in_the_place_of_the_file_is_said_to_be_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "desk.sqlite3").mkdir()
    with pytest.raises(JournalUnavailable, match="cannot be"):
        with_desk(tmp_path, nothing)


def test_opening_a_current_database_does_not_load_the_migration_tool(tmp_path: Path) -> None:
    with_desk(tmp_path, nothing)
    code = (
        "import asyncio, sys; from storage.store import Store\n"
        "async def main():\n"
        f"    await (await Store.open({url(tmp_path)!r}, mode='paper', account='main')).close()\n"
        "asyncio.run(main()); print([m for m in ('alembic', 'sqlalchemy.dialects.postgresql') if m in sys.modules])"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)
    assert done.stdout == "[]\n"
