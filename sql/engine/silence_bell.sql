-- The only daemon is awake and looks by itself, so nobody needs to ring. One that has just started looks by its poll, and
-- is rung for once somebody asks for it again. Losing this in a crash costs no more than a ring: the disk is not waited
-- for.
SELECT set_config('synchronous_commit', 'off', true), setval('vapisync.bell', 1)
