-- Whoever asks for a sign-in link gives an address; whose it is has to be found at once
CREATE INDEX users_email ON users (lower(email)) WHERE email IS NOT NULL;
