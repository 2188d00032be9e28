-- $1 the daemon that ends
DELETE FROM vapisync.daemons WHERE daemon_id = $1
