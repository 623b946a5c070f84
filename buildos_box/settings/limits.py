"""Limits per user on everything that costs the operator money, disk space or time."""

from typing import Annotated

from buildos_box.settings.section import (
    NotNegative,
    NotNegativeFloat,
    Section,
    doc,
)

MIB = 1024 * 1024


class LimitsSettings(Section, frozen=True, kw_only=True):
    """What one user may use. A day is a day in UTC; 0 takes a limit away."""

    briefs_per_day: Annotated[
        int, doc("Briefs of one user that requests may have written in a day.", ge=0)
    ] = 20
    mails_per_day: Annotated[int, doc("Mails to one user in a day.", ge=0)] = 50
    sms_per_day: Annotated[
        int, doc("Text messages to one user in a day, whatever their own dailyLimit says.", ge=0)
    ] = 20
    jobs_per_day: Annotated[
        int, doc("Requests for work (/queue/…, feed reads) about one user in a day.", ge=0)
    ] = 500
    llm_share: Annotated[
        float, doc("Share of llm.daily_budget_usd and _tokens that one user may spend.", gt=0, le=1)
    ] = 0.25
    llm_tokens_per_day: Annotated[
        NotNegative | None,
        doc("Tokens of language models for one user in a day; by llm_share if unset, and "
            "200,000 without a budget."),
    ] = None  # fmt: skip
    llm_usd_per_day: Annotated[
        NotNegativeFloat | None,
        doc("US dollars of language models for one user in a day; by llm_share if unset."),
    ] = None
    codes_per_user_hour: Annotated[
        int, doc("Confirmation codes that one user may ask for in an hour.", ge=0)
    ] = 3
    codes_per_user_day: Annotated[
        int, doc("Confirmation codes that one user may ask for in 24 hours.", ge=0)
    ] = 10
    codes_per_target_hour: Annotated[
        int, doc("Codes and sign-in links to one number or mail address in an hour.", ge=0)
    ] = 3
    codes_per_target_day: Annotated[
        int, doc("Codes and sign-in links to one number or mail address in 24 hours.", ge=0)
    ] = 5
    codes_per_address_hour: Annotated[
        int,
        doc("Codes and sign-in links that are asked for from one IP address in an hour.", ge=0),
    ] = 10
    codes_per_hour: Annotated[
        int, doc("Codes and sign-in links to all numbers and mail addresses in an hour.", ge=0)
    ] = 60
    max_bytes_per_user: Annotated[
        int, doc("Bytes that one user's projects, tasks, notes and events may take.", ge=0)
    ] = 64 * MIB
    projects_per_user: Annotated[int, doc("Projects of one user.", ge=0)] = 1_000
    tasks_per_user: Annotated[int, doc("Tasks of one user.", ge=0)] = 20_000
    notes_per_user: Annotated[int, doc("Notes of one user.", ge=0)] = 10_000
    events_per_user: Annotated[int, doc("Calendar events of one user.", ge=0)] = 50_000
    dependencies_per_user: Annotated[
        int, doc("Dependencies between the tasks of one user.", ge=0)
    ] = 50_000
    caldav_accounts_per_user: Annotated[int, doc("CalDAV accounts of one user.", ge=0)] = 5
    feed_cpu_seconds: Annotated[
        float, doc("Processor time that one reading of a calendar feed may take.", gt=0)
    ] = 10
    feed_cpu_seconds_per_day: Annotated[
        float, doc("Processor time for all calendar feeds of one user in a day.", gt=0)
    ] = 120
    requests_in_flight_per_token: Annotated[
        int, doc("Requests of one user, or of one viewer's token, that are answered at once.", ge=1)
    ] = 8
    requests_in_flight_per_service_token: Annotated[
        int, doc("The same of a token with scope service or admin, which acts for many.", ge=1)
    ] = 64
    tracking_hits_per_minute: Annotated[
        int, doc("Opens and clicks of mails that one address may have counted; 0: no limit.", ge=0)
    ] = 300
    max_connections: Annotated[
        int, doc("Connections at once; fewer where the system allows fewer files.", ge=1)
    ] = 1000
    max_connections_per_address: Annotated[
        int, doc("Connections of one address; at most half of all. Not for trusted proxies.", ge=1)
    ] = 200
    request_head_seconds: Annotated[
        float, doc("Longest wait for a request's line and headers.", gt=0)
    ] = 10
    request_body_seconds: Annotated[
        float, doc("Longest wait for a request's body; a second more for each 16 KiB.", gt=0)
    ] = 20
    response_stall_seconds: Annotated[
        float, doc("How long a client may take nothing of its answer.", gt=0)
    ] = 30
