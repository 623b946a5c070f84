-- One name for one instant, in the tables as in the code
ALTER TABLE brief_schedule RENAME COLUMN next_run_at TO notify_at;
ALTER TABLE scheduled_sms_messages RENAME COLUMN asked_as TO request_hash;
ALTER TABLE scheduled_sms_messages RENAME COLUMN ask_at TO reconcile_at;
ALTER TABLE scheduled_sms_messages RENAME COLUMN asked TO reconcile_tries;
