-- the password is encrypted with the instance's key, and bound to its row
ALTER TABLE calendar_feeds ADD COLUMN username TEXT;
ALTER TABLE calendar_feeds ADD COLUMN sealed_password TEXT;
