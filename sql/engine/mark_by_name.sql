-- This account refuses our metadata. $1 credential
UPDATE vapisync.credentials SET marks_by_name = true WHERE credential_id = $1 AND NOT marks_by_name
