-- Push services that refuse this box's key, so that an operator hears of it once a day
CREATE TABLE push_refusals (
    host       TEXT PRIMARY KEY,
    alerted_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Which delivery a mail or an SMS carries
CREATE INDEX notification_deliveries_provider ON notification_deliveries (channel, provider_id)
    WHERE provider_id IS NOT NULL;
