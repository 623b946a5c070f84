-- Where a person wants the weather of: looked up once by its name
CREATE TABLE weather_places (
    user_id      TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    name         TEXT NOT NULL,
    label        TEXT NOT NULL,
    latitude     REAL NOT NULL CHECK (latitude BETWEEN -90 AND 90),
    longitude    REAL NOT NULL CHECK (longitude BETWEEN -180 AND 180),
    looked_up_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What was told of a place and day, for everybody there; hours is NULL where it could not be had
CREATE TABLE weather_forecasts (
    latitude   REAL NOT NULL,
    longitude  REAL NOT NULL,
    timezone   TEXT NOT NULL,
    day        TEXT NOT NULL,
    hours      TEXT CHECK (hours IS NULL OR json_valid(hours)),
    fetched_at TEXT NOT NULL,
    PRIMARY KEY (latitude, longitude, timezone, day)
) STRICT, WITHOUT ROWID;
