"""Fuzzing of the whole OpenAPI description with each scope's token: no 500, nothing undocumented.

Against a box that really serves. `BUILDOS_FUZZ_EXAMPLES` asks for more than the suite has time for.
"""

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from hypothesis.errors import Unsatisfiable

from tests.faults.box_process import BoxProcess

EXAMPLES = int(os.environ.get("BUILDOS_FUZZ_EXAMPLES", "2"))
CONFIG = """
[server]
wrong_tokens_per_minute = 0
user_requests_per_minute = 0
"""
ENDLESS = ("/events", "/users/{user_id}/events")
"""Streams have no end; tests/realtime reads them."""
SCOPES = ("admin", "service", "user:ada")
# A text may be well-formed and still be no day, no zone or no id: 422.
CHECKS = {
    "positive_data_acceptance": {
        "expected-statuses": ["2xx", "302", "401", "403", "404", "409", "413", "422", "429"]
    },
    "negative_data_rejection": {
        "expected-statuses": ["400", "401", "403", "404", "405", "409", "413", "415", "422"]
    },
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BoxProcess]:
    with BoxProcess(tmp_path_factory.mktemp("fuzz"), config=CONFIG) as box:
        box.post("/queue/pause", {})
        yield box


@pytest.mark.parametrize("scope", SCOPES)
def test_no_request_finds_a_500_or_anything_undocumented(served: BoxProcess, scope: str) -> None:
    from schemathesis.config import SchemathesisConfig

    served.post("/sync", {"users": [{"id": "ada", "email": "ada@example.org", "name": "Ada"}]})
    token = served.post("/tokens", {"name": "fuzz", "scope": scope})["token"]
    url = served.url()
    schema = schemathesis.openapi.from_url(
        f"{url}/docs/openapi.json", config=SchemathesisConfig.from_dict({"checks": CHECKS})
    )
    faults: list[str] = []
    for found in schema.get_all_operations():
        operation = found.ok()  # type: ignore[union-attr]
        if operation.path not in ENDLESS:
            faults += _fuzz(operation, token)
    assert faults == [], "\n".join(faults)
    assert served.runs
    assert "request_crashed" not in served.said()


def _fuzz(operation: Any, token: str) -> list[str]:
    faults: dict[str, str] = {}
    for mode in schemathesis.GenerationMode:

        @seed(8)
        @settings(
            max_examples=EXAMPLES, database=None,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy(generation_mode=mode))
        def attack(case: Any) -> None:
            if case.method == "DELETE" and case.path_parameters.get("user_id") == "ada":
                return
            try:
                case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, timeout=20)
            except schemathesis.errors.FailureGroup as failures:
                # Noted, not raised: the whole list in one run is worth more than one shrunk case.
                for failure in failures.exceptions:
                    if _is_of_our_making(case, failure):
                        continue
                    told = f"{failure.title}: {failure.message[:300]} {_shown(case)}"
                    faults.setdefault(failure.title, told)

        with contextlib.suppress(Unsatisfiable):
            attack()
    return [f"{operation.label}: {text}" for text in faults.values()]


def _shown(case: Any) -> str:
    return f"[{case.as_curl_command()[:300]}]"


def _is_of_our_making(case: Any, failure: Any) -> bool:
    """The token is always sent: a case that was to lack it lacks nothing.

    A link that no mail holds is refused with 400 (docs/spec.md#tracking-click).
    """
    if "was Authorization" in failure.message:
        return True
    return case.path.startswith("/email/track/click") and failure.title.startswith("Schema-valid")
