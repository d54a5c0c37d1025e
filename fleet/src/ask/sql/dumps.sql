WITH
-- The last dump of each device with each version: the device is the unit.
dump AS (
    SELECT recording, device, firmware, uptime_s, allocations,
           ROW_NUMBER() OVER (PARTITION BY device, firmware ORDER BY uptime_s DESC, recording) AS place
    FROM recordings
    WHERE kind = 'dump' AND uptime_s IS NOT NULL AND COALESCE(recorded_at, ingested_at) >= CAST({since} AS TIMESTAMP)
)
