"""What calendar servers in use answer, in the shapes that people reported of them.

Rebuilt small from: sabre-io/dav (its `Response` writes the status before the address, and newer
ones a 418 where there is no property; Nextcloud and Baïkal are made of it), python-caldav/caldav
203 (that 418), sabre-io/dav 1075 (fruux: two marks that differ), nextcloud/integration_davc 170
(Radicale: a property that is missing, of a to-do that is there), lfos/calcurse 526 (Kolab: the
collection among its members, ETags without quotes), python-caldav/caldav's own samples of iCloud
(no prefixes), Google (prefixes declared late) and Zimbra (what is no calendar among calendars).
"""

from pathlib import Path

import pytest

from buildos_box.calendars.caldav.dav_client import if_match
from buildos_box.calendars.caldav.dav_xml import Multistatus, read_multistatus
from buildos_box.calendars.caldav.discovery import _collection, _is_calendar
from tests.calendars.caldav.accounts import account, open_box, sync
from tests.calendars.caldav.etag_proxy import Change, EtagProxy
from tests.calendars.caldav.servers import Radicale
from tests.calendars.caldav.test_todos import link, tasks, vtodo

SABRE = """<?xml version="1.0"?>
<d:multistatus xmlns:d="DAV:" xmlns:s="http://sabredav.org/ns"
 xmlns:cal="urn:ietf:params:xml:ns:caldav" xmlns:cs="http://calendarserver.org/ns/">
{}<d:sync-token>http://sabre.io/ns/sync/7</d:sync-token></d:multistatus>"""


def read(text: str) -> Multistatus:
    return read_multistatus(text.strip().encode())


def test_sabre_says_of_what_is_gone_404_and_418() -> None:
    found = read(
        SABRE.format("""
<d:response><d:status>HTTP/1.1 404 Not Found</d:status><d:href>/dav/ada/a.ics</d:href>
 <d:propstat><d:prop/><d:status>HTTP/1.1 418 I'm a teapot</d:status></d:propstat></d:response>
<d:response><d:href>/dav/ada/b.ics</d:href><d:propstat><d:prop>
 <d:getetag>&quot;3898&quot;</d:getetag></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat>
</d:response>""")
    )
    assert [(part.href, part.status) for part in found.parts] == [
        ("/dav/ada/a.ics", 404),
        ("/dav/ada/b.ics", 200),
    ]
    assert found.parts[1].text("d:getetag") == '"3898"'
    assert found.sync_token == "http://sabre.io/ns/sync/7"


def test_a_property_that_is_missing_is_no_deletion() -> None:
    (part,) = read("""<d:multistatus xmlns:d="DAV:"><d:response><d:href>/a.ics</d:href>
<d:propstat><d:prop><d:getetag>"1"</d:getetag></d:prop><d:status>HTTP/1.1 200 OK</d:status>
</d:propstat><d:propstat><d:prop><d:resourcetype/></d:prop><d:status>HTTP/1.1 404 Not Found
</d:status></d:propstat></d:response></d:multistatus>""").parts
    assert (part.status, part.text("d:getetag")) == (200, '"1"')
    assert part.props.find("d:resourcetype") is None


def test_kolabs_collection_among_its_members_has_no_data() -> None:
    (part,) = read("""<D:multistatus xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">
<D:response><D:href>/calendars/ada/calendar/</D:href><D:propstat><D:prop><D:getetag>1728205163
</D:getetag></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat><D:propstat><D:prop>
<C:calendar-data/></D:prop><D:status>HTTP/1.1 404 Not Found</D:status></D:propstat></D:response>
</D:multistatus>""").parts
    assert part.text("c:calendar-data") == ""
    assert part.text("d:getetag") == "1728205163"


@pytest.mark.parametrize(
    ("listed", "kinds"),
    [
        # iCloud: the default namespace, declared again on the way
        ("""<multistatus xmlns="DAV:"><response xmlns="DAV:"><href>/7/calendars/work/</href>
<propstat><prop><displayname xmlns="DAV:">Work</displayname><resourcetype><collection/>
<calendar xmlns="urn:ietf:params:xml:ns:caldav"/></resourcetype>
<supported-calendar-component-set xmlns="urn:ietf:params:xml:ns:caldav"><comp name="VTODO"/>
</supported-calendar-component-set></prop><status>HTTP/1.1 200 OK</status></propstat>
</response></multistatus>""", (False, True)),
        # Google: prefixes of its own, an address with an encoded @
        ("""<D:multistatus xmlns:D="DAV:" xmlns:caldav="urn:ietf:params:xml:ns:caldav">
<D:response xmlns:md="urn:mobileme:davservices"><D:href>/v2/x%40group.example/events/</D:href>
<D:propstat><D:status>HTTP/1.1 200 OK</D:status><D:prop><D:displayname>Work</D:displayname>
<D:resourcetype><D:collection/><caldav:calendar/></D:resourcetype>
<caldav:supported-calendar-component-set><caldav:comp name="VEVENT"/>
</caldav:supported-calendar-component-set></D:prop></D:propstat></D:response>
</D:multistatus>""", (True, False)),
        # Zimbra: a mailbox and an address book beside it; no kinds said, which is every kind
        ("""<D:multistatus xmlns:D="DAV:"><D:response><D:href>/dav/ada/Inbox/</D:href><D:propstat>
<D:status>HTTP/1.1 200 OK</D:status><D:prop><D:resourcetype><D:collection/>
<C:schedule-inbox xmlns:C="urn:ietf:params:xml:ns:caldav"/></D:resourcetype></D:prop>
</D:propstat></D:response><D:response><D:href>/dav/ada/Contacts/</D:href><D:propstat>
<D:status>HTTP/1.1 200 OK</D:status><D:prop><D:resourcetype><D:collection/>
<C:addressbook xmlns:C="urn:ietf:params:xml:ns:carddav"/></D:resourcetype></D:prop></D:propstat>
</D:response><D:response><D:href>/dav/ada/Work/</D:href><D:propstat><D:status>HTTP/1.1 200 OK
</D:status><D:prop><D:resourcetype><D:collection/><C:calendar
 xmlns:C="urn:ietf:params:xml:ns:caldav"/></D:resourcetype><D:displayname>Work</D:displayname>
</D:prop></D:propstat></D:response></D:multistatus>""", (True, True)),
    ],
    ids=["iCloud", "Google", "Zimbra"],
)  # fmt: skip
def test_the_calendars_among_what_is_listed(listed: str, kinds: tuple[bool, bool]) -> None:
    (found,) = [_collection(part.href, part) for part in read(listed).parts if _is_calendar(part)]
    assert (found.name, (found.has_events, found.has_todos)) == ("Work", kinds)


def test_of_two_marks_the_one_counts_by_which_changes_can_be_asked_for() -> None:
    (part,) = read("""<d:multistatus xmlns:d="DAV:" xmlns:cs="http://calendarserver.org/ns/">
<d:response><d:href>/a/</d:href><d:propstat><d:prop><cs:getctag>http://sabre.io/ns/sync/0
</cs:getctag><d:sync-token>0</d:sync-token></d:prop><d:status>HTTP/1.1 200 OK</d:status>
</d:propstat></d:response></d:multistatus>""").parts
    found = _collection("/a/", part)
    assert (found.mark, found.sync_token) == ("0", "0")


@pytest.mark.parametrize(
    ("served", "asked"),
    [
        ('"71705e"', '"71705e"'),
        ('W/"71705e"', '"71705e"'),  # nginx with gzip (koreader/koreader 15715)
        ('"71705e-gzip"', '"71705e"'),  # Apache (super-productivity/super-productivity 9154)
        ('"71705e--gzip"', '"71705e"'),  # Jetty
        ('"a-gzipped"', '"a-gzipped"'),
        ("1728205163", "1728205163"),
        ("*", "*"),
    ],
)
def test_what_proxies_add_to_an_etag_is_not_asked_for(served: str, asked: str) -> None:
    assert if_match(served) == {"If-Match": asked}


@pytest.mark.parametrize(
    "change",
    [lambda tag: f"W/{tag}", lambda tag: f'{tag[:-1]}-gzip"'],
    ids=["weak", "gzip"],
)
async def test_changes_go_through_a_proxy_that_marks_etags(tmp_path: Path, change: Change) -> None:
    with Radicale(tmp_path / "server") as server:
        chores = server.make("Chores", "VTODO")
        server.put(f"{chores}one.ics", vtodo("one", title="Sweep"))
        with EtagProxy(server.url, change) as proxy:
            async with open_box(tmp_path / "box") as box:
                await box.sync(projects=[{"id": "home", "userId": "ada", "name": "Home"}])
                await link(box, proxy)  # type: ignore[arg-type]
                task = (await tasks(box))["Sweep"]
                await box.call("PATCH", f"/tasks/{task['id']}", {"title": "Sweep twice"})
                await sync(box)
                assert "SUMMARY:Sweep twice" in server.read(f"{chores}one.ics")
                assert (await account(box))["status"] == "ok"


async def test_a_server_that_never_takes_its_own_etag_is_told_of(tmp_path: Path) -> None:
    with Radicale(tmp_path / "server") as server:
        chores = server.make("Chores", "VTODO")
        server.put(f"{chores}one.ics", vtodo("one", title="Sweep"))
        with EtagProxy(server.url, lambda tag: f'{tag[:-1]}-odd"') as proxy:
            async with open_box(tmp_path / "box") as box:
                await box.sync(projects=[{"id": "home", "userId": "ada", "name": "Home"}])
                await link(box, proxy)  # type: ignore[arg-type]
                task = (await tasks(box))["Sweep"]
                await box.call("PATCH", f"/tasks/{task['id']}", {"title": "Sweep twice"})
                await sync(box)
                found = await account(box)
                assert found["status"] == "failing"
                assert "has changed at the CalDAV server" in found["error"]
                assert "SUMMARY:Sweep\r\n" in server.read(f"{chores}one.ics")
                assert await box.db.all("SELECT * FROM notes") == []
