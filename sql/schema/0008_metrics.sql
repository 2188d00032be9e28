-- What a save was about, decided when it is written: its end is counted by it.
ALTER TABLE vapisync.saves ADD COLUMN tier text NOT NULL DEFAULT 'other';

-- What is paused is counted every few seconds, however many keys there are.
CREATE INDEX credentials_paused ON vapisync.credentials (paused_reason) WHERE state = 'paused';
