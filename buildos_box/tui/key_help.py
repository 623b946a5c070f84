"""Every key in one text."""

KEYS = """\
1 Overview  2 Jobs  3 Schedule  4 Deliveries  5 Users  6 Cleanup  7 Charts
8 Log
arrows or j k g G ctrl+d ctrl+u   enter open   esc back   / filter
z local time or UTC   t light or dark   ctrl+r refresh   ? keys   q quit
ctrl+p palette: every action, screen, job, user, lane and cron by its words

Overview    f what failed   P pause or resume a lane
Jobs        c cancel  r retry  ! promote   y copy id   n the newest
            space select   a select all loaded
Job         c r ! y as above   o jobs of the same cause   l its log
            tab other pane
Schedule    r run the cron now   f what will be sent in the coming days
Deliveries  enter what it says   y copy id
Users       b brief now   d deliveries   enter their jobs
Cleanup     X clean up, after a question with the number
Charts      up down measure   left right time   enter its jobs   s span
            b by lane, type, user   tab the numbers
Log         p pause   n follow again   enter the job   y copy line

Filter words of jobs: type: status: user: lane: id: corr: since: until:
ended: error: archived: and free text; tab completes. A comma means or, a
leading - means not: -status:done,cancelled since:2h   -since:2h is older
ended:1h or ended:2024-10-23T08:00:00Z..2024-10-23T09:00:00Z
Of deliveries: user: channel: status: since: and free text.
Of the log: level: job: corr: and free text.   Of users: free text."""
