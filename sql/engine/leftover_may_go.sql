-- Asked again right before it goes. $1 account, $2 kind, $3 object, $4 the attempt of the object that was kept
SELECT coalesce(bool_and(vapisync.leftover_may_go(l) AND r.marker IS NOT DISTINCT FROM nullif($4, '')), false) AS may
  FROM vapisync.leftovers l JOIN vapisync.resources r ON r.resource_id = l.resource_id
 WHERE (l.account_id, l.kind, l.object) = ($1, $2, $3)
