"""The dashboard's layout, in Textual CSS."""

CSS = """
#status, #tabs, #trouble, #lines, .note, #cleanup-counts { height: auto; }
#status, #tabs, #stream { text-wrap: nowrap; text-overflow: ellipsis; }
#banner { display: none; height: auto; text-style: reverse; }
ContentSwitcher { height: 1fr; }
Pane { height: 1fr; }
.stale { opacity: 60%; }

FilterInput { height: 1; border: none; background: $surface; }
#counts { height: auto; max-height: 12; }
#overview-main, #jobs-list { width: 1fr; }
#stream, #jobs-detail { display: none; }
.-wide #stream {
    display: block;
    width: 46;
    height: 1fr;
    border-left: solid $foreground 30%;
    padding-left: 1;
}
.-wide #jobs-detail {
    display: block;
    width: 60;
    border-left: solid $foreground 30%;
    padding-left: 1;
}

#jobs-table, #deliveries-table, #users-table, #stale, #next-briefs, #forecast { height: 1fr; }
#crons { height: auto; max-height: 60%; }
#cron-note { padding-bottom: 1; }
#cleanup-counts { padding-bottom: 1; }

.job-view { height: 1fr; }
.job-head { height: auto; padding-bottom: 1; }
.job-body { height: 1fr; }
.job-timeline, .job-data { width: 1fr; }
.job-timeline { border-right: solid $foreground 30%; }
.job-timeline:focus, .job-data:focus { background: $surface; }
.job-timeline > Static, .job-data > Static { height: auto; }
#jobs-detail .job-body { layout: vertical; }
#jobs-detail .job-timeline {
    border-right: none;
    border-bottom: solid $foreground 30%;
    height: 1fr;
    width: 100%;
}
#jobs-detail .job-data { height: 1fr; width: 100%; }
"""
