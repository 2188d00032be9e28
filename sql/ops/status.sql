-- How everything is. It reads the queue, and what is indexed for it, but never the history.
-- $1 seconds after which what waits is overdue, $2 do orgs without a key use the platform's
WITH unconverged AS MATERIALIZED (
  SELECT * FROM vapisync.unconverged($2, NULL)
), oldest AS MATERIALIZED (
  SELECT * FROM vapisync.oldest_unconverged()
), daemons AS (
  SELECT d.daemon_id, d.version, d.report, d.seen_at, d.seen_at > now() - interval '15 seconds' AS alive
    FROM vapisync.daemons d
), gone AS (
  SELECT count(*) AS daemons FROM daemons d WHERE NOT d.alive
), shown AS (
  SELECT d.* FROM daemons d WHERE d.alive
   UNION ALL
  (SELECT d.* FROM daemons d WHERE NOT d.alive ORDER BY d.seen_at DESC LIMIT 20)
), keys AS (
  SELECT c.credential_id, c.platform, c.paused_reason,
         CASE WHEN isfinite(c.paused_until) THEN c.paused_until END AS paused_until,
         (SELECT json_agg(x.org_id) FROM (SELECT o.org_id FROM vapisync.orgs o
           WHERE o.credential_id = c.credential_id ORDER BY o.org_id LIMIT 10) x) AS orgs
    FROM vapisync.used_credentials($2) c WHERE c.state = 'paused' ORDER BY c.credential_id LIMIT 100
), paused_orgs AS (
  SELECT o.org_id, o.paused_at, o.paused_reason FROM vapisync.orgs o
   WHERE o.paused_at IS NOT NULL ORDER BY o.paused_at LIMIT 100
), failed AS (
  SELECT count(*) AS entries FROM (
    SELECT FROM vapisync.outcomes d
     WHERE d.state <> 'synced' AND d.state = 'failed' AND d.finished_at > now() - interval '1 day' LIMIT 1000) d
), leftovers AS (
  SELECT count(*) AS objects FROM (SELECT FROM vapisync.leftovers LIMIT 1000) l
), resync AS (
  SELECT count(*) AS resources FROM (SELECT FROM vapisync.resync LIMIT 1000) l
), problems AS (
  SELECT p.code, p.message, p.hint
    FROM unconverged u LEFT JOIN oldest o ON true, LATERAL (VALUES
      (vapisync.identity() = 'other_database', 'other_database',
       'this database was restored elsewhere or copied, and nothing is sent from it',
       'vapisync restored'),
      (NOT EXISTS (SELECT FROM daemons d WHERE d.alive), 'no_daemon',
       'no daemon has been seen for 15 seconds',
       'start vapisync serve, and see its log'),
      (u.blocked > 0, 'blocked',
       format('%s: Vapi refused what is wanted', CASE u.blocked WHEN 1 THEN '1 resource is blocked'
              ELSE u.blocked || ' resources are blocked' END),
       'vapisync outbox list; then save something else, or replay, discard or roll back'),
      (EXISTS (SELECT FROM keys), 'keys_paused',
       'a Vapi key is paused, and what uses it waits',
       'see keys below; vapisync doctor tries them'),
      (u.orgs_without_key > 0, 'no_key',
       format('%s with saves to send %s no Vapi key', CASE u.orgs_without_key WHEN 1 THEN '1 org'
              ELSE u.orgs_without_key || ' orgs' END, CASE u.orgs_without_key WHEN 1 THEN 'has' ELSE 'have' END),
       'vapisync workspace set ORG [--platform]'),
      (o.age > $1, 'overdue',
       format('%s/%s of org %s has waited for %s s', o.kind, o.key, o.org_id, o.age),
       format('vapisync why %s/%s --org %s', o.kind, o.key, o.org_id))
    ) p(holds, code, message, hint)
   WHERE p.holds
)
SELECT json_build_object(
  'healthy', NOT EXISTS (SELECT FROM problems),
  'problems', (SELECT coalesce(json_agg(p), '[]') FROM problems p),
  'daemons', (SELECT coalesce(json_agg(json_build_object('daemonId', d.daemon_id, 'version', d.version,
      'alive', d.alive, 'report', d.report, 'seenAt', d.seen_at,
      'ageSeconds', extract(epoch FROM now() - d.seen_at)::bigint) ORDER BY d.seen_at DESC), '[]') FROM shown d),
  'daemonsGone', (SELECT daemons FROM gone),
  'unconverged', (SELECT json_build_object('due', u.due, 'flying', u.flying, 'waiting', u.waiting,
      'paused', u.paused, 'blocked', u.blocked) FROM unconverged u),
  'oldest', (SELECT json_build_object('entryId', vapisync.entry_id(o.resource_id, o.version), 'org', o.org_id,
      'resource', o.kind || '/' || o.key, 'since', o.created_at, 'ageSeconds', o.age) FROM oldest o),
  'keys', (SELECT coalesce(json_agg(json_build_object('credential', k.credential_id, 'platform', k.platform,
      'reason', k.paused_reason, 'until', k.paused_until, 'orgs', coalesce(k.orgs, '[]'))), '[]') FROM keys k),
  'orgsPaused', (SELECT coalesce(json_agg(json_build_object('org', p.org_id, 'since', p.paused_at,
      'reason', p.paused_reason)), '[]') FROM paused_orgs p),
  'failedEntriesToday', (SELECT entries FROM failed),
  'leftovers', (SELECT objects FROM leftovers),
  'toResync', (SELECT resources FROM resync))::text
