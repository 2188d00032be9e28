-- Who keeps the server from removing dead rows: a queue becomes slow behind an old transaction. What a role may
-- not see of others is null; members of pg_read_all_stats see all.
SELECT coalesce(json_agg(json_build_object('what', h.what, 'who', h.who, 'transactions', h.age,
         'since', h.since) ORDER BY h.age DESC), '[]')::text
  FROM (
    SELECT * FROM (
      SELECT 'session' AS what,
             concat_ws(' ', a.pid, a.usename, nullif(a.application_name, ''), a.state) AS who,
             greatest(age(a.backend_xmin), age(a.backend_xid)) AS age, a.xact_start AS since
        FROM pg_stat_activity a
       WHERE a.pid <> pg_backend_pid() AND (a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL)
      UNION ALL
      SELECT 'replication slot', s.slot_name, greatest(age(s.xmin), age(s.catalog_xmin)), NULL
        FROM pg_replication_slots s WHERE s.xmin IS NOT NULL OR s.catalog_xmin IS NOT NULL
      UNION ALL
      SELECT 'prepared transaction', p.gid, age(p.transaction), p.prepared FROM pg_prepared_xacts p
    ) all_holders ORDER BY age DESC NULLS LAST LIMIT 3) h
