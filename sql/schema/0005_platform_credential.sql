-- The platform key is one row, whatever key the file holds today.
ALTER TABLE vapisync.credentials ADD COLUMN platform boolean NOT NULL DEFAULT false;
CREATE UNIQUE INDEX credentials_platform ON vapisync.credentials (platform) WHERE platform;
UPDATE vapisync.credentials SET platform = true
 WHERE credential_id = (SELECT max(credential_id) FROM vapisync.credentials);
