-- Whoever says STOP says it for a telephone number, whoever has that number among their
-- preferences, then or later. No reference to a user: the word outlives the account.
CREATE TABLE sms_opt_outs (
    phone_number TEXT PRIMARY KEY,
    at           TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO sms_opt_outs (phone_number, at)
     SELECT phone_number, updated_at FROM user_sms_preferences
      WHERE opted_out = 1 AND phone_number IS NOT NULL;
ALTER TABLE user_sms_preferences DROP COLUMN opted_out;
