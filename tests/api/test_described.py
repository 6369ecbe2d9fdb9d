"""The interface keeps to its own description, whatever it is sent (schemathesis)."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure, FailureGroup

SLOW = ("post_rules_dry_run", "get_replay")
"""Tried with fewer examples: each costs seconds."""


@pytest.fixture(scope="module")
def document(api):
    return api.get("/openapi.json").json()


def operations(document):
    schema = schemathesis.openapi.from_dict(document, config=SchemathesisConfig())
    return [found.ok() for found in schema.get_all_operations()]


def try_one(operation, console, n_examples):
    checks = [
        schemathesis.checks.not_a_server_error,
        *(
            check
            for name, check in vars(schemathesis.specs.openapi.checks).items()
            if name
            in (
                "status_code_conformance",
                "content_type_conformance",
                "response_schema_conformance",
            )
        ),
    ]

    @settings(
        max_examples=n_examples,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        deadline=None,
        database=None,
    )
    @schemathesis_given(operation)
    def run(case):
        headers = dict(console.analyst.headers)
        response = case.call(base_url=console.address, headers=headers)
        case.validate_response(response, checks=checks)

    run()


def schemathesis_given(operation):
    from hypothesis import given

    return given(case=operation.as_strategy())


def test_every_answer_is_as_described(console, document):
    """Bounded: a few examples an operation, seconds for all of them."""
    failed = {}
    for operation in operations(document):
        name = operation.definition.raw["operationId"]
        if operation.path.endswith(("/sign-out", "/sign-in/password")):
            continue
        try:
            try_one(operation, console, 2 if name in SLOW else 12)
        except (FailureGroup, Failure) as failure:
            failed[name] = str(failure)
    assert not failed, "\n".join(f"{name}: {said}" for name, said in failed.items())
    assert not console.said, console.said
