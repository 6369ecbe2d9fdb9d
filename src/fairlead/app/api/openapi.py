"""The interface described by itself: OpenAPI 3.1 from the endpoints' own types."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec

from fairlead import __version__
from fairlead.app.api.endpoint import PREFIX, Call, Endpoint, Failure

_COMMON = {400: "Not understood", 429: "Too many calls", 503: "Not now"}
_SAID = {
    **{401: "Not signed in", 403: "Not allowed", 404: "Not there, or not to be seen"},
    **{408: "Too slow", 409: "It has changed, or conflicts", 410: "That list is gone"},
    **{413: "Too much", 415: "Another media type is needed", 501: "Not installed here"},
}


def document(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """The whole document."""
    types = [t for e in endpoints for t in (e.answer, e.body, e.query) if _is_type(t)]
    types = list({id(t): t for t in [*types, Failure]}.values())
    schemas, components = msgspec.json.schema_components(
        types, ref_template="#/components/schemas/{name}"
    )
    schema_of = {id(t): s for t, s in zip(types, schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        path = PREFIX + endpoint.path.replace(":path}", "}")
        paths.setdefault(path, {})[endpoint.method.lower()] = _operation(
            endpoint, schema_of, components
        )
    return {
        "openapi": "3.1.0",
        "info": {"title": "Fairlead", "version": __version__},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": "fairlead-session"},
                "token": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _is_type(given: Any) -> bool:
    return given is not None and given is not bytes


def _operation(
    endpoint: Endpoint, schema_of: dict[int, Any], components: dict[str, Any]
) -> dict[str, Any]:
    names = re.findall(r"{(\w+)(?::path)?}", endpoint.path)
    parameters = [
        {"name": n, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for n in names
    ]
    if endpoint.query is not None:
        parameters += _query(endpoint.query, schema_of, components)
    content = {}
    if _is_type(endpoint.answer):
        content["application/json"] = {"schema": schema_of[id(endpoint.answer)]}
    content |= {kind: {"schema": {}} for kind in (f.split(";")[0] for f in endpoint.formats)}
    good = {"description": endpoint.doc, **({"content": content} if content else {})}
    refused = {*endpoint.refuses, *_COMMON}
    if endpoint.action is not None:
        refused |= {401, 403}
    elif endpoint.rate == "sign_in":
        refused |= {401, 403, 404, 409}
    if endpoint.method != "GET":
        refused |= {403, 408, 409, 413, 415}
    failure = {"application/json": {"schema": schema_of[id(Failure)]}}
    responses = {str(endpoint.status): good}
    for status in sorted(refused):
        said = _SAID.get(status) or _COMMON[status]
        responses[str(status)] = {"description": said, "content": failure}
    told: dict[str, Any] = {
        "operationId": _name(endpoint),
        "summary": endpoint.doc,
        "responses": responses,
        "security": [] if endpoint.action is None else [{"session": []}, {"token": []}],
    }
    if parameters:
        told["parameters"] = parameters
    if _is_type(endpoint.body):
        body = {"application/json": {"schema": schema_of[id(endpoint.body)]}}
        told["requestBody"] = {"required": True, "content": body}
    elif endpoint.body is bytes:
        told["requestBody"] = {"required": True, "content": {"*/*": {"schema": {}}}}
    return told


def _query(
    query: type, schema_of: dict[int, Any], components: dict[str, Any]
) -> list[dict[str, Any]]:
    name = schema_of[id(query)]["$ref"].rsplit("/", 1)[-1]
    schema = components[name]
    needed = schema.get("required", ())
    return [
        {"name": n, "in": "query", "required": n in needed, "schema": _one(s)}
        for n, s in schema["properties"].items()
    ]


def _one(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter's schema: one that may be left out is not null when it is there."""
    kinds = [s for s in schema.get("anyOf", ()) if s.get("type") != "null"]
    if len(kinds) == 1:
        return kinds[0]
    if "enum" in schema:
        return {"enum": [v for v in schema["enum"] if v is not None], "type": "string"}
    return {k: v for k, v in schema.items() if k != "default"} or schema


def _name(endpoint: Endpoint) -> str:
    words = re.findall(r"\w+", endpoint.path.replace(":path", ""))
    return "_".join([endpoint.method.lower(), *words]).replace("-", "_")


@lru_cache(maxsize=1)
def _document() -> dict[str, Any]:
    from fairlead.app.api.routes import every_endpoint

    return document(every_endpoint())


def openapi(call: Call) -> dict[str, Any]:
    del call
    return _document()


ENDPOINTS = (
    Endpoint("GET", "/openapi.json", openapi, dict[str, Any], "This description.", action=None),
)
