"""The description of the API: OpenAPI 3.1, with every problem that an answer may be."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from api.problems import MEDIA_TYPE, Problem
from api.records import EventFacts
from sessiontrack import __version__

Json = dict[str, Any]

_DESCRIPTION = """\
Sessions of an AI assistant: listed, read, searched, exported byte for byte, followed live; and events taken from any
program. docs/api.md has examples.

Times are ISO 8601, UTC. Pages go on with `next`, given as `after`. Reads have an ETag. Every error is a problem
(RFC 9457) with a `hint`. Where the setting api.token is set, each request carries it.
"""
_PROBLEMS = {
    "400": "What was asked for can't be had.",
    "401": "The token is missing or wrong.",
    "403": "A page of another site asked.",
    "404": "It does not exist.",
    "413": "The body is too large.",
    "421": "The Host header names something else.",
    "422": "The request is not of the shape that is asked for.",
    "503": "A server that is needed does not answer, or too much is asked for at once; see Retry-After.",
}
_UNCHANGED = {"description": "It has not changed."}


def described(app: FastAPI) -> Json:
    """The OpenAPI document of an app; made once."""
    if not app.openapi_schema:
        document = get_openapi(
            title="SessionTrack",
            version=__version__,
            openapi_version="3.1.0",
            description=_DESCRIPTION,
            routes=app.routes,
            license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        )
        _add_problems(document)
        app.openapi_schema = document
    return app.openapi_schema


def _add_problems(document: Json) -> None:
    components = document.setdefault("components", {})
    template = "#/components/schemas/{model}"
    _, extra = models_json_schema([(Problem, "serialization"), (EventFacts, "serialization")], ref_template=template)
    schemas = {**components.get("schemas", {}), **extra["$defs"]}
    components["schemas"] = {
        name: each for name, each in sorted(schemas.items()) if name not in ("HTTPValidationError", "ValidationError")
    }
    components["responses"] = {code: _problem(meaning) for code, meaning in _PROBLEMS.items()}
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    # Without a token in the settings none is asked for.
    document["security"] = [{}, {"token": []}]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            _complete(path, method, operation)


def _complete(path: str, method: str, operation: Json) -> None:
    if path.startswith("/v1/health/"):
        operation["security"] = []
    unlikely = {"413"} if method == "get" else set()
    if "{" not in path and path != "/v1/verify":
        unlikely |= {"404"}
    for code in _PROBLEMS.keys() - unlikely:
        if code == "422" or code not in operation["responses"]:
            operation["responses"][code] = {"$ref": f"#/components/responses/{code}"}
    if any(each["name"] == "if-none-match" for each in operation.get("parameters", [])):
        operation["responses"]["304"] = _UNCHANGED
    operation["responses"] = dict(sorted(operation["responses"].items()))


def _problem(meaning: str) -> Json:
    return {"description": meaning, "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
