-- Prolongs one claim, if it is still ours. $1 resource, $2 token, $3 lease (ms)
UPDATE vapisync.work
   SET leased_until = now() + $3 * interval '1 millisecond'
 WHERE resource_id = $1 AND token = $2
RETURNING resource_id
