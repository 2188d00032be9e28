-- How long until a leftover may be deleted (ms); null: none is to be.
SELECT ceil(extract(epoch FROM l.due_at - now()) * 1000)::bigint AS wait_ms
  FROM (SELECT min(due_at) AS due_at FROM vapisync.leftovers WHERE due_at IS NOT NULL) l
