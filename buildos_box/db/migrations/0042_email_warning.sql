-- Why mail cannot reach a user's address with the configured mail server
ALTER TABLE users ADD COLUMN email_warning TEXT;
