"""Creates the bucket."""

from __future__ import annotations

from minio.error import S3Error
from urllib3.exceptions import HTTPError

from sessiontrack.errors import UnavailableError
from sessiontrack.s3 import s3_client
from sessiontrack.settings import S3Settings


def create_bucket(settings: S3Settings) -> None:
    """Creates the bucket where it is missing.

    Raises:
        UnavailableError: The object store does not answer, or refuses the keys.
    """
    client = s3_client(settings)
    try:
        if not client.bucket_exists(settings.bucket):
            client.make_bucket(settings.bucket)
    except (S3Error, HTTPError) as error:
        if isinstance(error, S3Error) and error.code in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
            return
        raise UnavailableError(
            f"the object store at {settings.endpoint} refuses: {type(error).__name__}",
            hint="Start the stack with `sessiontrack up`, or check the keys.",
        ) from error
