-- $1 credential
UPDATE vapisync.credentials SET inventory_at = NULL WHERE credential_id = $1
