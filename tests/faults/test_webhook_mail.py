"""A webhook has a time-out, any 2xx is success (docs/spec.md#webhook-success-is-sent-once)."""

from pathlib import Path

from buildos_box.settings import EmailSettings, Secret, Settings
from buildos_box.settings.channels import EmailWebhookSettings
from tests.mail.mail_webhook_server import Hook
from tests.world import BoxWorld, open_world


def posting_to(hook: Hook, seconds: float = 5) -> Settings:
    webhook = EmailWebhookSettings(
        url=hook.url, secret=Secret("shared"), timeout_seconds=seconds, tries=1
    )
    return Settings(email=EmailSettings(transport="webhook", webhook=webhook))


async def a_brief(box: BoxWorld) -> list[str]:
    await box.person()
    await box.project()
    await box.post("/queue/brief", {"userId": "ada"})
    await box.work()
    return [mail["status"] for mail in (await box.get("/users/ada/emails"))["items"]]


async def test_a_success_that_is_not_json_is_sent_once(tmp_path: Path) -> None:
    for number, answer in enumerate([(200, "OK"), (204, ""), (202, "<html>thanks</html>")]):
        with Hook(answer) as hook:
            async with open_world(tmp_path / str(number), settings=posting_to(hook)) as box:
                assert await a_brief(box) == ["sent"]
                await box.run_until("2024-10-23T09:00:00Z")
                assert len(hook.posted) == 1


async def test_a_receiver_that_hangs_is_given_up_and_asked_again_with_the_same_key(
    tmp_path: Path,
) -> None:
    with Hook("hang", 200) as hook:
        async with open_world(tmp_path, settings=posting_to(hook, 0.2)) as box:
            assert await a_brief(box) == ["unknown"]
            await box.run_until("2024-10-23T08:10:00Z")
            one, two = hook.posted
            assert one.headers["idempotency-key"] == two.headers["idempotency-key"]
            assert one.body == two.body
