-- Which of these objects are no find for a resource: another one holds them, or they are to be deleted.
-- $1 resource, $2 account, $3 kind, $4 remote ids
SELECT r.remote_id FROM vapisync.resources r
 WHERE r.account_id = $2 AND r.remote_id = ANY ($4::text[]) AND r.resource_id <> $1
UNION
SELECT l.remote_id FROM vapisync.leftovers l
 WHERE l.account_id = $2 AND l.kind = $3 AND l.object = ANY ($4::text[])
   AND l.reason IN ('duplicate', 'replaced', 'other_account') AND l.due_at IS NOT NULL
