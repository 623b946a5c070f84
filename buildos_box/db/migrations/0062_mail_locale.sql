-- The language of a mail's own words (BCP 47), so that each attempt has the same bytes; NULL is English.
ALTER TABLE emails ADD COLUMN locale TEXT;
