"""What the OpenAPI document says of the routes: bodies are read by hand, so their schemas are given by hand, too."""

from __future__ import annotations

import json
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from towpath.core.service import Problem, problems
from towpath.ingestion.domain.parsing import KINDS, Kind

__all__ = ["Accepted", "LineProblem", "add_input_schemas", "documentation"]

_REFERENCE = "#/components/schemas/{model}"
_ERRORS = {
    401: "No accepted API key",
    408: "The client stopped sending",
    409: "The Idempotency-Key came with another body, or is being worked on",
    413: "Longer than the limits allow",
    415: "Neither JSON nor NDJSON",
    422: "Nothing of the request could be taken; each problem names its line",
    503: "Kafka is away, or too many requests; `lastLine` says how far a stream was taken",
}


class LineProblem(Problem):
    """Why a line was not taken."""

    line: int = Field(ge=1)


class Accepted(BaseModel):
    """What became of the request. Up to and including `lastLine` every line was acknowledged by Kafka or refused."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        json_schema_extra={
            "examples": [{"accepted": 1, "rejected": 0, "lastLine": 1, "ids": ["doc-5f0c"], "problems": []}]
        },
    )

    accepted: int = Field(ge=0)
    rejected: int = Field(ge=0)
    last_line: int = Field(ge=0)
    ids: list[str] = Field([], description="of a single document, annotation or feedback")
    problems: list[LineProblem] = Field([], description="the first thousand")


def documentation(kind: Kind[Any]) -> dict[str, Any]:
    """Arguments of the route."""
    schema = {"$ref": _REFERENCE.format(model=kind.input.__name__)}
    example = kind.input.model_config["json_schema_extra"]["examples"][0]
    lines = {"type": "string", "description": f"one {kind.input.__name__} a line", "example": json.dumps(example)}
    content = {
        "application/json": {"schema": schema, "example": example},
        "application/x-ndjson": {"schema": lines},
    }
    return {
        "summary": f"Send {kind.topic}, one or a stream",
        "description": "Answered when Kafka has acknowledged it. Good lines of a stream are kept, bad ones are named.",
        "response_model": Accepted,
        "responses": problems(_ERRORS),
        "openapi_extra": {"requestBody": {"required": True, "content": content}},
    }


def add_input_schemas(app: FastAPI) -> None:
    """Put the schemas that `documentation` refers to into the document."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        document = made()
        schemas = document["components"]["schemas"]
        for kind in KINDS:
            schema = kind.input.model_json_schema(by_alias=True, ref_template=_REFERENCE)
            schemas.update(schema.pop("$defs", {}))
            schemas[kind.input.__name__] = schema
        return document

    app.openapi = openapi  # type: ignore[method-assign]
