-- It is gone, or ($4) it turned out not to be ours to delete, and stays listed. $1 account, $2 kind, $3 object
WITH kept AS (
  UPDATE vapisync.leftovers SET due_at = NULL
   WHERE $4 AND (account_id, kind, object) = ($1, $2, $3)
)
DELETE FROM vapisync.leftovers WHERE NOT $4 AND (account_id, kind, object) = ($1, $2, $3)
