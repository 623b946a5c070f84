"""The command palette: every action, screen, job, user, lane and cron by its words."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple, cast

from textual.binding import Binding
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.screen import Screen

from buildos_box.client import BoxRefused, BoxUnreachable
from buildos_box.tui.base_screen import BaseScreen
from buildos_box.tui.chart_metrics import MEASURES
from buildos_box.tui.charts import Charts
from buildos_box.tui.formatting import plain, state
from buildos_box.tui.host import PaletteHost
from buildos_box.tui.overview import Overview
from buildos_box.tui.schedule import Schedule
from buildos_box.tui.users import Users

Json = dict[str, Any]
MOST_USERS = 200
MOST_JOBS = 100
ENOUGH_LETTERS = 2
"""From so many letters on the server is asked for users of that name."""
RECENT_FACTOR = 2.0
"""By which the score of a command that was used lately counts more."""
FILTERS = (
    ("Failed jobs", "status:failed"),
    ("Running jobs", "status:running"),
    ("Jobs waiting to be retried", "status:retry"),
    ("Jobs of the last hour", "since:1h"),
    ("Archived jobs", "archived:yes"),
)
LOG_FILTERS = (("Warnings and errors of the log", "level:warning"),)


class Command(NamedTuple):
    """A line of the palette."""

    title: str
    help: str
    run: Callable[[], Any]


class Commands(Provider):
    """The commands of the palette; those used lately first."""

    def __init__(self, screen: Screen[Any], match_style: Any = None) -> None:
        super().__init__(screen, match_style)
        self._found: list[Command] = []
        self._all_users = True
        self._fetching: asyncio.Task[None] | None = None

    @property
    def _host(self) -> PaletteHost:
        return cast(PaletteHost, self.app)

    async def startup(self) -> None:
        """Begin to fetch what can be named."""
        # In a task of its own: a letter typed meanwhile cancels what awaits the start.
        self._fetching = asyncio.create_task(self._fetch())

    async def _fetch(self) -> None:
        """Jobs, users, lanes, crons. What is refused is left out."""
        client = self._host.client
        crons, lanes, jobs, people = await asyncio.gather(
            client.crons(),
            client.lanes(),
            client.jobs(limit=MOST_JOBS),
            client.people(limit=MOST_USERS),
            return_exceptions=True,
        )
        found: list[Command] = []
        if not isinstance(jobs, BaseException):
            found += [_of_job(self._host, job) for job in jobs["jobs"]]
        if not isinstance(people, BaseException):
            found += [command for one in people["items"] for command in self._of_user(one)]
            self._all_users = people.get("nextCursor") is None
        if not isinstance(lanes, BaseException):
            found += self._of_lanes(lanes["lanes"])
        if not isinstance(crons, BaseException):
            found += [command for cron in crons for command in self._of_cron(cron)]
        self._found = found

    async def discover(self) -> Hits:
        """Before anything is typed: what was used lately, then all that is not a name."""
        static = [*self._static()]
        if any(title not in {command.title for command in static} for title in self._host.recent):
            await self._fetched()
        commands = {command.title: command for command in [*static, *self._found]}
        recent = [title for title in self._host.recent if title in commands]
        for title in [*recent, *(c.title for c in static if c.title not in recent)]:
            command = commands[title]
            yield DiscoveryHit(title, self._used(command), help=command.help)

    async def search(self, query: str) -> Hits:
        """Every command that the letters fit; those with names come when they are fetched."""
        for hit in self._matching(query, self._static()):
            yield hit
        await self._fetched()
        for hit in self._matching(query, [*self._found, *await self._asked_for(query)]):
            yield hit

    async def _fetched(self) -> None:
        """Wait until the names are fetched."""
        if self._fetching is not None:
            await asyncio.wait({self._fetching})

    def _matching(self, query: str, commands: Iterable[Command]) -> Iterator[Hit]:
        matcher = self.matcher(query)
        seen: set[str] = set()
        for command in commands:
            score = matcher.match(command.title)
            if score <= 0 or command.title in seen:
                continue
            seen.add(command.title)
            score *= RECENT_FACTOR if command.title in self._host.recent else 1.0
            title = matcher.highlight(command.title)
            yield Hit(score, title, self._used(command), help=command.help)

    def _used(self, command: Command) -> Callable[[], Any]:
        def run() -> Any:
            self._host.used(command.title)
            return command.run()

        return run

    async def _asked_for(self, query: str) -> list[Command]:
        """Jobs and users that are not among those fetched at the start."""
        client, found = self._host.client, []
        try:
            if query.startswith("job-") and not any(query in one.title for one in self._found):
                found.append(_of_job(self._host, await client.job(query)))
            elif not self._all_users and len(query) >= ENOUGH_LETTERS:
                people = await client.people(text=query.split()[-1], limit=10)
                found += [command for one in people["items"] for command in self._of_user(one)]
        except (BoxRefused, BoxUnreachable):
            return []
        return found

    def _static(self) -> Iterable[Command]:
        host = self._host
        yield from self._of_bindings(self.screen, "", host.run_screen_action)
        for number, pane in enumerate(host.panes, 1):
            title = str(pane.id).title()
            yield Command(f"Go to {title}", f"Key {number}", partial(host.go_to, pane))
        for pane in [host.shown_pane, *(p for p in host.panes if p is not host.shown_pane)]:
            run = partial(host.run_pane_action, pane)
            yield from self._of_bindings(pane, f"{str(pane.id).title()}: ", run)
        for title, text in FILTERS:
            yield Command(title, text, partial(host.show_jobs, text))
        if host.is_admin:
            for title, text in LOG_FILTERS:
                yield Command(title, text, partial(host.show_log, text))
        for measure in MEASURES:
            charts = host.pane(Charts)
            show = partial(charts.show_measure, measure)
            yield Command(
                f"Chart of {measure.title}", "Over time", partial(host.go_to, charts, show)
            )
        yield Command("Themes", "Choose among all themes", host.action_change_theme)
        yield Command("Light or dark", "The theme on the other ground", host.action_theme)
        yield Command("UTC or local time", "By which clock times are told", host.action_zone)
        yield Command("Refresh", "Fetch afresh", host.action_refresh_all)
        yield Command("Keys", "Every key", host.action_keys)
        yield Command("Quit", "Leave the dashboard", host.exit)

    def _of_bindings(
        self, owner: BaseScreen | Screen[Any], before: str, run: Callable[[str], Any]
    ) -> Iterator[Command]:
        for binding in _bindings(owner):
            name = binding.action.partition("(")[0]
            if binding.description and owner.check_action(name, ()):
                key = binding.key_display or binding.key
                yield Command(
                    f"{before}{binding.description}", f"Key {key}", partial(run, binding.action)
                )

    def _of_user(self, user: Json) -> Iterator[Command]:
        host, key = self._host, str(user["id"])
        name = plain(f"{key} {user['name']}" if user["name"] != key else key)
        mail = plain(user["email"])
        yield Command(f"Jobs of {name}", mail, partial(host.show_jobs, f"user:{key}"))
        yield Command(f"Deliveries of {name}", mail, partial(host.show_deliveries, f"user:{key}"))
        if host.may_act:
            users = host.pane(Users)
            yield Command(f"Brief now for {name}", mail, partial(users.brief_of, key))

    def _of_lanes(self, lanes: list[Json]) -> Iterator[Command]:
        if not self._host.may_act:
            return
        overview = self._host.pane(Overview)
        for lane in lanes:
            verb = "Resume" if lane["paused"] else "Pause"
            switch = partial(overview.switch, lane["name"], paused=lane["paused"])
            yield Command(f"{verb} lane {plain(lane['name'])}", "Running jobs go on", switch)

    def _of_cron(self, cron: Json) -> Iterator[Command]:
        host, name = self._host, str(cron["name"])
        schedule = host.pane(Schedule)
        show = partial(host.go_to, schedule, partial(schedule.show_cron, name))
        yield Command(f"Cron {name}", plain(cron["does"]), show)
        if host.may_act and host.is_admin:
            run = partial(schedule.run_cron, name)
            yield Command(f"Run cron {name} now", plain(cron["does"]), run)


def _of_job(host: PaletteHost, job: Json) -> Command:
    title = f"Open {job['id']} {plain(job['job_type'])} {plain(job['user_id'])}".rstrip()
    return Command(title, state(job["status"]), partial(host.open_job, job["id"]))


def _bindings(owner: BaseScreen | Screen[Any]) -> Iterator[Binding]:
    """What the class and those above it of this program bind, each action once."""
    seen: set[str] = set()
    for kind in type(owner).__mro__:
        if not kind.__module__.startswith("buildos_box."):
            continue
        for binding in Binding.make_bindings(vars(kind).get("BINDINGS", ())):
            if binding.action not in seen:
                seen.add(binding.action)
                yield binding
