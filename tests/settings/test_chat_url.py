"""A chat service's URL names one host for everybody (docs/spec.md#chat-services)."""

import pytest

from buildos_box.settings.chat_url import fault_of_template


@pytest.mark.parametrize(
    "url",
    [
        "ntfys://phil:mypass@ntfy.example.org/{target}",
        "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js/?thread={target}",
        "ntfys://ntfy.example.org/{target}?verify=yes&priority=high",
        "ntfy://ntfy.example.org/{target}?Verify=True",
    ],
)
def test_a_url_with_a_place_for_the_person_is_taken(url: str) -> None:
    assert fault_of_template(url) is None


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("https://example.org/{target}", "must begin with"),
        ("mailto://u:p@example.org?to={target}", "must begin with"),
        ("json://example.org/{target}", "must begin with"),
        ("ntfys://ntfy.example.org/topic", "exactly once"),
        ("ntfys://ntfy.example.org/{target}/{target}", "exactly once"),
        ("ntfys://ntfy.example.org/{target}/%7Btarget%7D", "exactly once"),
        ("ntfys://{target}/topic", "in its path"),
        ("ntfys://{target}@ntfy.example.org/topic", "in its path"),
        ("ntfys://ntfy.example.org/{target}?verify=no", "check of certificates"),
        ("ntfys://ntfy.example.org/{target}?Verify=no", "check of certificates"),
        ("ntfys://ntfy.example.org/{target}?%20verify=no", "check of certificates"),
        ("ntfys://ntfy.example.org/{target}?redirect=yes", "option redirect"),
        ("ntfys://ntfy.example.org/{target}?Redirect=yes", "option redirect"),
        ("ntfys:///{target}", "name a host"),
        ("ntfys://ntfy.example.org/topic?{target}=yes", "in its path"),
        ("ntfys://[::1/{target}", "is no URL"),
    ],
)
def test_a_url_that_leaves_the_host_open_is_refused(url: str, wrong: str) -> None:
    assert wrong in str(fault_of_template(url))
