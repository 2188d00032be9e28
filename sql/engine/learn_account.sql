-- The account that answers to this key. $1 credential, $2 account
UPDATE vapisync.credentials SET account_id = $2
 WHERE credential_id = $1 AND account_id IS DISTINCT FROM $2
