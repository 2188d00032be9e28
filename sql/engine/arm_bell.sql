-- Asks writers to ring for the next $1 ms. Never shortens what another daemon asked for.
SELECT setval('vapisync.bell',
              greatest((SELECT last_value FROM vapisync.bell),
                       (extract(epoch FROM clock_timestamp()) * 1000)::bigint + $1))
