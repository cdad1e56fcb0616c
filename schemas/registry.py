"""A client of a schema registry that speaks the Confluent API."""

from __future__ import annotations

import json
from typing import Any

import httpx

CONTENT_TYPE = "application/vnd.schemaregistry.v1+json"


class RegistryError(Exception):
    """The registry refused a request or does not answer.

    Attributes:
        status: HTTP status; 0 where there was no answer.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class SchemaRegistry:
    """Registers schemas and fetches them by id; what was fetched is kept, since an id never changes its meaning."""

    def __init__(self, url: str, *, timeout_s: float = 10.0) -> None:
        self._client = httpx.Client(base_url=url.rstrip("/") + "/", timeout=timeout_s, headers={"Accept": CONTENT_TYPE})
        self._by_id: dict[int, dict[str, Any]] = {}
        self._ids: dict[tuple[str, str], int] = {}

    def register(self, subject: str, schema: dict[str, Any]) -> int:
        """The id of `schema` under `subject`; registers it where it is new.

        Raises:
            RegistryError: The schema breaks compatibility (status 409), or the registry does not answer.
        """
        text = json.dumps(schema)
        if (subject, text) not in self._ids:
            answer = self._request("POST", f"subjects/{subject}/versions", {"schema": text})
            self._ids[subject, text] = int(answer["id"])
            self._by_id[self._ids[subject, text]] = schema
        return self._ids[subject, text]

    def schema(self, schema_id: int) -> dict[str, Any]:
        """The schema with this id.

        Raises:
            RegistryError: It is unknown (status 404), or the registry does not answer.
        """
        if schema_id not in self._by_id:
            answer = self._request("GET", f"schemas/ids/{schema_id}")
            self._by_id[schema_id] = json.loads(answer["schema"])
        return self._by_id[schema_id]

    def set_compatibility(self, subject: str | None, level: str) -> None:
        """Sets what new versions are checked against, for example FULL_TRANSITIVE.

        Args:
            subject: Of these versions; None for every subject that has no level of its own.
            level: The level.
        """
        self._request("PUT", f"config/{subject}" if subject else "config", {"compatibility": level})

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def _request(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        try:
            response = self._client.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise RegistryError(f"the schema registry does not answer: {type(error).__name__}", 0) from error
        if response.is_error:
            raise RegistryError(f"{method} {path}: {response.status_code} {response.text[:300]}", response.status_code)
        return response.json()
