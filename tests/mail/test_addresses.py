"""One rule for addresses, at every door and for every mail (docs/spec.md#mail-addresses)."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.doubles.smtp_script import ScriptedSmtp
from tests.mail.test_sending import brief, mails
from tests.mail.test_undelivered import box_at, inbox
from tests.test_email_address import ACCEPTED, REFUSED
from tests.world import BoxWorld

LOCAL = [text for text, _ in REFUSED if "\r" not in text]


async def user(box: BoxWorld) -> Any:
    return await box.get("/users/ada")


@pytest.mark.parametrize("address", LOCAL)
async def test_what_mail_refuses_is_refused_at_every_door(box: BoxWorld, address: str) -> None:
    await box.person()
    synced = await box.call("POST", "/sync", {"users": [{"id": "bo", "email": address}]})
    changed = await box.call("PATCH", "/users/ada", {"email": address})
    tested = await box.call("POST", "/queue/test-email", {"to": address})
    for answer in (synced, changed, tested):
        assert answer.status_code == 422, answer.text
    assert "must be a mail address like ada@example.org; it " in changed.text
    assert (await user(box))["email"] == "ada@example.org"


@pytest.mark.parametrize("address", [text for text, _, _ in ACCEPTED])
async def test_what_is_accepted_is_mailed_and_shown_as_it_was_given(
    box: BoxWorld, address: str
) -> None:
    await box.person()
    await box.sync(users=[{"id": "ada", "email": address}])
    assert (await user(box))["email"] == address
    await brief(box)
    (mail,) = await mails(box)
    assert mail["status"] == "sent", json.dumps(mail)


async def test_an_address_that_the_server_cannot_take_warns_and_is_told_of(tmp_path: Path) -> None:
    with ScriptedSmtp() as server:
        async with box_at(server, tmp_path) as box:
            await box.person()
            await box.sync(users=[{"id": "ada", "email": "jörg@example.org"}])
            assert (await user(box))["emailWarning"] is None
            await brief(box)
            await box.work()
            assert "SMTPUTF8" in (await user(box))["emailWarning"]
            assert "brief.email_failed" in dict(await inbox(box))
            await box.sync(users=[{"id": "ada", "name": "Jörg"}])
            assert "SMTPUTF8" in (await user(box))["emailWarning"]
            await box.sync(users=[{"id": "ada", "email": "joerg@example.org"}])
            assert (await user(box))["emailWarning"] is None


async def test_the_warning_goes_once_the_server_takes_the_address(tmp_path: Path) -> None:
    with ScriptedSmtp() as server:
        async with box_at(server, tmp_path) as box:
            await box.person()
            await box.sync(users=[{"id": "ada", "email": "jörg@example.org"}])
            await brief(box)
            server.says("ehlo", *["250-mail.example\n250 SMTPUTF8"] * 5)
            await box.box.services.mailer.close()
            await brief(box, forceRegenerate=True)
            assert (await user(box))["emailWarning"] is None
            assert "RCPT TO:<jörg@example.org>" in server.heard


async def test_an_address_of_before_the_rule_fails_with_a_warning(box: BoxWorld) -> None:
    await box.person()
    await box.db.write(
        lambda tx: tx.execute("UPDATE users SET email = 'a..b@example.org' WHERE id = 'ada'")
    )
    await brief(box)
    (mail,) = await mails(box)
    assert mail["status"] == "failed"
    assert "two in a row" in (await user(box))["emailWarning"]
