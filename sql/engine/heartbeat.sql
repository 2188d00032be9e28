-- Tells that this daemon lives, and how many do: each takes its part of every credential's limits.
-- $1 daemon, $2 version, $3 how long a silent one counts (ms), $4 what it is at (json)
WITH beat AS (
  INSERT INTO vapisync.daemons AS d (daemon_id, version, seen_at, report) VALUES ($1, $2, now(), $4::json)
  ON CONFLICT (daemon_id) DO UPDATE
     SET seen_at = excluded.seen_at, version = excluded.version, report = excluded.report
), gone AS (
  DELETE FROM vapisync.daemons WHERE seen_at < now() - interval '1 day'
)
SELECT 1 + count(*) FROM vapisync.daemons
 WHERE daemon_id <> $1 AND seen_at > now() - $3 * interval '1 millisecond'
