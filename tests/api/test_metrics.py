"""`GET /metrics` and `HEAD /health`."""

from prometheus_client.parser import text_string_to_metric_families

from tests.world import BoxWorld


async def scrape(box: BoxWorld) -> dict[str, float]:
    """By name and labels in order, as Prometheus' own parser reads them."""
    answer = await box.call("GET", "/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = {}
    for family in text_string_to_metric_families(answer.text):
        assert family.documentation
        for sample in family.samples:
            labels = ",".join(f'{name}="{value}"' for name, value in sample.labels.items())
            name = f"{sample.name}{{{labels}}}" if labels else sample.name
            assert name not in found
            assert name.startswith("buildos_box_")
            found[name.removeprefix("buildos_box_")] = sample.value
    return found


async def test_the_figures_follow_what_happens(box: BoxWorld) -> None:
    before = await scrape(box)
    assert before['lane_waiting{lane="llm"}'] == 0
    await box.person("ada")
    await box.project("ada")
    await box.post("/queue/brief", {"userId": "ada"})
    waiting = await scrape(box)
    assert waiting['lane_waiting{lane="llm"}'] == 1
    assert waiting['jobs{status="pending",type="generate_daily_brief"}'] == 1
    await box.work()
    after = await scrape(box)
    assert after['attempts_total{outcome="completed",type="generate_daily_brief"}'] == 1
    assert after['attempts_total{outcome="completed",type="generate_brief_email"}'] == 1
    assert after['effects{kind="mail",state="done"}'] == 1
    assert after['http_requests_total{method="POST",route="/queue/brief",status="200"}'] == 1
    assert after['http_request_seconds_count{route="/queue/brief"}'] == 1
    assert after["process_resident_bytes"] > 10_000_000
    again = await scrape(box)
    assert again['attempts_total{outcome="completed",type="generate_daily_brief"}'] == 1


async def test_unknown_paths_make_one_line_however_many_there_are(box: BoxWorld) -> None:
    for n in range(5):
        await box.call("GET", f"/nothing-{n}")
    found = await scrape(box)
    assert found['http_requests_total{method="GET",route="none",status="404"}'] == 5


async def test_only_an_admin_sees_them(box: BoxWorld) -> None:
    assert (await box.api.get("/metrics")).status_code == 401
    for scope in ("service", "user:ada"):
        token = await box.token_for(scope)
        assert (await box.call("GET", "/metrics", token=token)).status_code == 403


async def test_no_name_of_a_person_is_in_them(box: BoxWorld) -> None:
    await box.person("zebulon")
    await box.post("/queue/brief", {"userId": "zebulon"})
    await box.work()
    await box.get("/users/zebulon")
    assert "zebulon" not in (await box.call("GET", "/metrics")).text


async def test_head_tells_health_by_its_status(box: BoxWorld) -> None:
    answer = await box.api.head("/health")
    plain = await box.api.get("/health")
    assert answer.status_code == plain.status_code
    assert answer.content == b""
