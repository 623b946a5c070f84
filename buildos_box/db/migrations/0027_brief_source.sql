-- Why the built-in analyst wrote a brief's analysis: not_configured, budget, unavailable
ALTER TABLE daily_briefs ADD COLUMN why_built_in TEXT;
