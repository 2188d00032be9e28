-- $1 credential ids
SELECT c.credential_id, c.platform, c.fingerprint, c.base_url, c.key_sealed, c.account_id, c.marks_by_name
  FROM unnest($1::bigint[]) AS i (credential_id),
       LATERAL (SELECT * FROM vapisync.credentials x WHERE x.credential_id = i.credential_id OFFSET 0) c
