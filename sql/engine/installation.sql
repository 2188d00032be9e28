SELECT installation_id::text AS installation_id FROM vapisync.meta
