"""The object store, as the archive uses it: whole objects, put once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

from minio.error import MinioException, S3Error
from urllib3.exceptions import HTTPError

from sessiontrack.errors import NotFoundError, TransientError
from sessiontrack.s3 import connection_pool, s3_client
from sessiontrack.settings import S3Settings


class ObjectStore:
    """A bucket; every call blocks, so call it in a thread. Connections are pooled."""

    def __init__(self, settings: S3Settings) -> None:
        self._bucket = settings.bucket
        self._endpoint = settings.endpoint
        self._pool = connection_pool()
        self._client = s3_client(settings, self._pool)

    def check(self) -> None:
        """Checks that the bucket is there.

        Raises:
            TransientError: The store does not answer, or the bucket is missing.
        """
        with self._transient():
            found = self._client.bucket_exists(self._bucket)
        if not found:
            raise TransientError(
                f"bucket {self._bucket} is missing at {self._endpoint}", hint="`sessiontrack up` creates it."
            )

    def put(self, key: str, content: bytes) -> None:
        """Puts an object; it is durable on return.

        Raises:
            TransientError: The store does not take it.
        """
        with self._transient():
            self._client.put_object(self._bucket, key, BytesIO(content), len(content))

    def get(self, key: str) -> bytes:
        """The content of an object.

        Raises:
            NotFoundError: There is none.
            TransientError: The store does not give it.
        """
        with self._transient():
            try:
                response = self._client.get_object(self._bucket, key)
            except S3Error as error:
                if error.code == "NoSuchKey":
                    raise NotFoundError(f"object {key} is missing from bucket {self._bucket}") from error
                raise
            try:
                content: bytes = response.read()
            finally:
                response.close()
                response.release_conn()
        return content

    def keys(self, prefix: str) -> list[str]:
        """Keys that begin with `prefix`, sorted.

        Raises:
            TransientError: The store does not answer.
        """
        with self._transient():
            found = self._client.list_objects(self._bucket, prefix=prefix, recursive=True)
            return sorted(str(item.object_name) for item in found)

    def etags(self, prefix: str) -> dict[str, str]:
        """What the store calls the content of each object whose key begins with `prefix`, by key.

        Raises:
            TransientError: The store does not answer.
        """
        with self._transient():
            found = self._client.list_objects(self._bucket, prefix=prefix, recursive=True)
            return {str(item.object_name): str(item.etag) for item in found}

    def sizes(self, prefix: str) -> dict[str, int]:
        """The bytes of each object whose key begins with `prefix`, by key.

        Raises:
            TransientError: The store does not answer.
        """
        with self._transient():
            found = self._client.list_objects(self._bucket, prefix=prefix, recursive=True)
            return {str(item.object_name): int(item.size or 0) for item in found}

    def folders(self, prefix: str) -> list[str]:
        """What keys that begin with `prefix` begin with, up to their next slash, sorted.

        Raises:
            TransientError: The store does not answer.
        """
        with self._transient():
            found = self._client.list_objects(self._bucket, prefix=prefix)
            return sorted(str(item.object_name) for item in found if item.is_dir)

    def delete(self, key: str) -> None:
        """Deletes an object; deleting it again changes nothing.

        Raises:
            TransientError: The store does not answer.
        """
        with self._transient():
            self._client.remove_object(self._bucket, key)

    def close(self) -> None:
        """Closes the connections."""
        self._pool.clear()

    @contextmanager
    def _transient(self) -> Iterator[None]:
        """No refusal is for one record's sake (the credentials, the bucket, the disk): waiting loses nothing."""
        try:
            yield
        except (MinioException, HTTPError, OSError) as error:
            code = f" ({error.code})" if isinstance(error, S3Error) else ""
            raise TransientError(
                f"the object store at {self._endpoint} does not serve: {type(error).__name__}{code}",
                hint="`sessiontrack status` shows whether it runs.",
            ) from error
