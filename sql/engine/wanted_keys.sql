-- The top-level keys of all that was ever wanted of a resource, as far as history goes. Asked only when a
-- look-up found an object: any version may have made it. $1 resource
SELECT DISTINCT k.key
  FROM vapisync.outbox o, json_object_keys(o.payload) AS k (key)
 WHERE o.resource_id = $1 AND o.op = 'upsert'
