-- What people are written to in (BCP 47), and their clocks and weeks; NULL is what is usual for them.
ALTER TABLE users ADD COLUMN locale TEXT;
ALTER TABLE preferences ADD COLUMN hour_cycle INTEGER CHECK (hour_cycle IN (12, 24));
ALTER TABLE preferences ADD COLUMN week_start INTEGER CHECK (week_start BETWEEN 0 AND 6);
