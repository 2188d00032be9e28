-- What each daemon is at, told with each sign of life: its rate, what it has in flight, and its breakers.
ALTER TABLE vapisync.daemons ADD COLUMN report json;
