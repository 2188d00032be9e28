-- Objects that bear our mark. Those that no resource holds, nor may still find, were made in the history that was
-- lost: they are listed. $1 kind, $2 objects (json array)
INSERT INTO vapisync.leftovers (account_id, kind, remote_id, resource_id, reason)
SELECT o.account_id, $1, o.remote_id, o.resource_id, 'after_backup'
  FROM json_to_recordset($2::json) AS o (account_id text, remote_id text, resource_id bigint)
 WHERE NOT EXISTS (SELECT FROM vapisync.resources r
                    WHERE r.account_id = o.account_id AND r.remote_id = o.remote_id)
   AND NOT EXISTS (SELECT FROM vapisync.resources r
                    WHERE r.resource_id = o.resource_id AND r.remote_id IS NULL)
ON CONFLICT (account_id, kind, object) DO NOTHING
