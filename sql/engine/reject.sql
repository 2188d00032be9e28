-- Settles one rejected report that settle.sql left alone.
-- $1 report (json), $2 daemon, $3 W: how long a lost request may still land (ms)
SELECT status, due_now, undone, stuck, vapisync.is_linked(($1::json ->> 'resource_id')::bigint) AS linked,
       (SELECT json_agg(e) FROM vapisync.ended_saves(($1::json ->> 'resource_id')::bigint) e) AS ended
  FROM vapisync.reject($1::json, $2, $3)
