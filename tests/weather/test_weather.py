"""The weather of a person's place in their brief (docs/spec.md#weather)."""

import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest

from buildos_box.briefs.compose import WORD_BUDGET, weather_line, word_count
from buildos_box.locales.language import language
from buildos_box.settings import EgressSettings, Settings
from buildos_box.settings.model import WeatherSettings
from buildos_box.upkeep import provider_checks
from buildos_box.weather.line import Hour
from buildos_box.weather.outlook import CREDIT_URL, Outlook, outlook
from tests.doubles.open_meteo import OpenMeteo
from tests.world import BoxWorld, open_world


@pytest.fixture
def meteo() -> Iterator[OpenMeteo]:
    with OpenMeteo() as double:
        yield double


@asynccontextmanager
async def weather_box(folder: Path, meteo: OpenMeteo, **more: object) -> AsyncIterator[BoxWorld]:
    weather = {"enabled": True, "url": meteo.url, "geocoding_url": meteo.geocoding_url, **more}
    settings = Settings(
        weather=WeatherSettings(**weather),  # type: ignore[arg-type]
        egress=EgressSettings(allow_private=("127.0.0.1/32",)),
    )
    async with open_world(folder / "data", settings=settings) as world:
        await world.person("ada")
        await world.project()
        yield world


@pytest.fixture
async def box(tmp_path: Path, meteo: OpenMeteo) -> AsyncIterator[BoxWorld]:
    async with weather_box(tmp_path, meteo) as world:
        yield world


async def live_in(box: BoxWorld, place: str = "Berlin", user: str = "ada") -> None:
    answer = await box.call("PUT", f"/users/{user}/place", {"place": place})
    assert answer.status_code == 200, answer.text


async def brief(box: BoxWorld, user: str = "ada") -> str:
    await box.post("/queue/brief", {"userId": user, "forceRegenerate": True})
    await box.work()
    text = (await box.get(f"/users/{user}/briefs/2024-10-23"))["summaryContent"]
    return str(text)


def asked(meteo: OpenMeteo, path: str = "/v1/forecast") -> list[str]:
    return [one for one in meteo.seen if one.startswith(path)]


async def test_the_brief_tells_of_the_weather_ahead_below_its_first_sentence(
    box: BoxWorld, meteo: OpenMeteo
) -> None:
    await live_in(box)
    lines = [line for line in (await brief(box)).splitlines() if line]
    assert lines[2] == "Berlin: rain from 15:00, 8–14 °C"
    assert word_count("\n".join(lines)) <= WORD_BUDGET
    (one,) = asked(meteo)
    assert "latitude=52.52&longitude=13.41" in one
    assert "start_date=2024-10-23&end_date=2024-10-23" in one


async def test_a_full_brief_keeps_to_its_words_with_the_weather_in_it(box: BoxWorld) -> None:
    await live_in(box)
    title = "Write a long and careful letter to everybody who has asked for one"
    await box.sync(
        tasks=[
            {"id": f"t{n}", "projectId": "ada-launch", "title": f"{title} {n}",
             "dueDate": f"2024-10-{20 + n % 8}"}
            for n in range(60)
        ],
        events=[
            {"id": f"e{n}", "userId": "ada", "title": title, "startAt": f"2024-10-23T{n:02}:00:00Z"}
            for n in range(9, 18)
        ],
    )  # fmt: skip
    text = await brief(box)
    assert "rain from 15:00" in text
    assert 150 < word_count(text) <= WORD_BUDGET


def test_open_meteo_is_named_with_a_link_as_its_licence_asks() -> None:
    here = Outlook("Berlin", [Hour(12, 0, 8.0)], None, CREDIT_URL)
    said = weather_line(here, language())
    assert said == "Berlin: clear, 8 °C ([Open-Meteo](https://open-meteo.com/))"
    assert weather_line(None, language()) == ""


@pytest.mark.parametrize(
    ("host", "link"),
    [
        ("api.open-meteo.com", CREDIT_URL),
        ("open-meteo.com", CREDIT_URL),
        ("not-open-meteo.com", ""),
        ("open-meteo.com.example", ""),
        ("weather.example", ""),
    ],
)
async def test_only_open_meteo_itself_is_named(
    tmp_path: Path, meteo: OpenMeteo, host: str, link: str
) -> None:
    async with weather_box(tmp_path, meteo) as box:
        await live_in(box)
        await brief(box)
    async with weather_box(tmp_path, meteo, url=f"https://{host}/v1/forecast") as box:
        # What was fetched this hour is still good, so nobody is asked.
        found = await outlook(box.box.services, "ada", date(2024, 10, 23), "UTC")
    assert found is not None
    assert found.credit_url == link


async def test_a_key_in_the_address_stays_before_what_is_asked(
    tmp_path: Path, meteo: OpenMeteo
) -> None:
    async with weather_box(tmp_path, meteo, url=f"{meteo.url}?apikey=k") as box:
        await live_in(box)
        assert "rain from 15:00" in await brief(box)
    assert [one[:30] for one in asked(meteo)] == ["/v1/forecast?apikey=k&latitude"]


async def test_a_place_of_nobody_is_not_looked_up(box: BoxWorld, meteo: OpenMeteo) -> None:
    answer = await box.call("PUT", "/users/nobody/place", {"place": "Berlin"})
    assert (answer.status_code, meteo.seen) == (404, [])


async def test_nothing_is_asked_of_anybody_unless_it_is_on(
    tmp_path: Path, meteo: OpenMeteo
) -> None:
    async with weather_box(tmp_path, meteo, enabled=False) as box:
        assert (await box.get("/users/ada/place"))["enabled"] is False
        answer = await box.call("PUT", "/users/ada/place", {"place": "Berlin"})
        assert answer.status_code == 422
        assert "Berlin" not in await brief(box)
    assert meteo.seen == []


async def test_without_a_place_nothing_is_asked(box: BoxWorld, meteo: OpenMeteo) -> None:
    assert "°C" not in await brief(box)
    assert meteo.seen == []


async def test_a_place_is_looked_up_once_and_in_the_persons_country_first(
    box: BoxWorld, meteo: OpenMeteo
) -> None:
    await box.call("PATCH", "/users/ada", {"country": "US"})
    await live_in(box)
    known = await box.get("/users/ada/place")
    assert known["label"] == "Berlin, New Hampshire, United States"
    await live_in(box)
    await live_in(box, known["label"])
    assert len(asked(meteo, "/v1/search")) == 1
    await box.call("PATCH", "/users/ada", {"country": "FR"})
    await live_in(box, "10967")
    assert (await box.get("/users/ada/place"))["label"] == "Berlin, Land Berlin, Germany"
    assert (await box.call("DELETE", "/users/ada/place")).status_code == 204
    assert (await box.get("/users/ada/place"))["place"] is None
    assert (await box.call("DELETE", "/users/ada/place")).status_code == 404


@pytest.mark.parametrize("place", ["Atlantis", "x", "", "a" * 101, "Ber\x00lin"])
async def test_a_place_that_is_none_is_refused_by_its_field(box: BoxWorld, place: str) -> None:
    answer = await box.call("PUT", "/users/ada/place", {"place": place})
    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.json()["details"]] == ["place"]


async def test_a_place_cannot_add_to_the_request(box: BoxWorld, meteo: OpenMeteo) -> None:
    await box.call("PUT", "/users/ada/place", {"place": "x&name=Berlin#?/../"})
    (one,) = asked(meteo, "/v1/search")
    assert one.startswith("/v1/search?name=x%26name%3DBerlin%23%3F%2F..%2F&count=1")


async def test_people_of_a_place_share_what_was_fetched_in_this_hour(
    box: BoxWorld, meteo: OpenMeteo
) -> None:
    await box.person("bo")
    await box.project("bo")
    await live_in(box)
    await live_in(box, user="bo")
    await brief(box)
    assert "rain from 15:00" in await brief(box, "bo")
    assert len(asked(meteo)) == 1
    box.clock.advance(timedelta(hours=1))
    meteo.codes = [0] * 24
    assert "clear" in await brief(box)
    assert len(asked(meteo)) == 2


@pytest.mark.parametrize(
    "said", [b"<html>", b"{}", b'{"hourly": {"time": 1}}', b"\xff", b"[" * 9000]
)
async def test_an_answer_of_another_shape_leaves_the_line_out(
    box: BoxWorld, meteo: OpenMeteo, said: bytes
) -> None:
    await live_in(box)
    meteo.said = said
    assert "°C" not in await brief(box)


async def test_a_failure_leaves_the_line_out_and_is_not_repeated_for_ten_minutes(
    box: BoxWorld, meteo: OpenMeteo
) -> None:
    await live_in(box)
    meteo.failing = 429
    assert "°C" not in await brief(box)
    meteo.failing = 0
    await brief(box)
    assert len(asked(meteo)) == 1
    box.clock.advance(timedelta(minutes=10))
    assert "°C" in await brief(box)


async def test_a_service_that_hangs_holds_no_brief_up_for_longer_than_three_seconds(
    box: BoxWorld, meteo: OpenMeteo
) -> None:
    await live_in(box)
    meteo.hold = threading.Event()
    began = time.monotonic()
    assert "°C" not in await brief(box)
    assert time.monotonic() - began < 6
    began = time.monotonic()
    await brief(box)
    assert time.monotonic() - began < 2.5


async def test_a_service_inside_is_reached_only_where_the_operator_allows_it(
    tmp_path: Path, meteo: OpenMeteo
) -> None:
    weather = WeatherSettings(enabled=True, url=meteo.url, geocoding_url=meteo.geocoding_url)
    async with open_world(tmp_path / "data", settings=Settings(weather=weather)) as box:
        await box.person("ada")
        answer = await box.call("PUT", "/users/ada/place", {"place": "Berlin"})
        assert answer.status_code == 503
    assert meteo.seen == []


async def test_doctor_asks_for_a_forecast(meteo: OpenMeteo) -> None:
    allowed = EgressSettings(allow_private=("127.0.0.1/32",))
    weather = WeatherSettings(enabled=True, url=meteo.url, geocoding_url=meteo.geocoding_url)
    settings = Settings(weather=weather, egress=allowed)
    assert [f.level async for f in provider_checks.weather(settings)] == ["ok"]
    meteo.failing = 503
    (found,) = [f async for f in provider_checks.weather(settings)]
    assert (found.level, found.message) == ("warning", "the weather service answers 503")
    assert [f async for f in provider_checks.weather(Settings())] == []


async def test_another_users_place_is_nobodys_business(box: BoxWorld) -> None:
    await box.person("bo")
    other = await box.token_for("user:bo")
    for method, body in (("GET", None), ("PUT", {"place": "Berlin"}), ("DELETE", None)):
        answer = await box.call(method, "/users/ada/place", body, token=other)
        assert answer.status_code == 404
