-- What the metrics tell of the database. It reads the queue up to a bound, and never the history.
-- $1 do orgs without a key use the platform's, $2 rows of the queue that are looked at
WITH counted AS MATERIALIZED (SELECT * FROM vapisync.unconverged($1, $2))
SELECT 'unconverged' AS family, s.state AS label, s.resources AS value
  FROM counted c, LATERAL (VALUES ('due', c.due), ('flying', c.flying), ('waiting', c.waiting), ('paused', c.paused),
                                  ('blocked', c.blocked)) AS s (state, resources)
UNION ALL
SELECT 'oldest', '', coalesce((SELECT o.age FROM vapisync.oldest_unconverged() o), 0)
UNION ALL
SELECT 'leftovers', '', count(*) FROM (SELECT FROM vapisync.leftovers LIMIT 10000) l
UNION ALL
SELECT 'paused', c.paused_reason, count(*)
  FROM vapisync.used_credentials($1) c WHERE c.state = 'paused' GROUP BY c.paused_reason
