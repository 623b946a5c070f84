"""What a job carries, as text that cannot control the terminal."""

from buildos_box.tui.job import data


def test_the_stack_of_the_last_attempt_that_has_one_is_shown() -> None:
    made = [{"stack": "Trace\n  one"}, {"stack": "Trace\n  two\x1b[2J"}, {"stack": None}]
    job = {"metadata": {"a": 1}, "result": None, "error": "no", "made": made}
    assert data(job) == (
        'PAYLOAD\n{\n  "a": 1\n}\n\nRESULT\n–\n\nERROR\nno\n\nSTACK\nTrace\n  two [2J'
    )
    assert data({**job, "made": []}).endswith("ERROR\nno")
