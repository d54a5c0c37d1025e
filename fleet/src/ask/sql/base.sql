WITH
-- Recordings over time, since the moment that was asked for.
rec AS (
    SELECT recording, device, product, hardware, firmware, source, uptime_s, observed_s, observed_s / 3600.0 AS hours,
           lost_packets, events, damaged_bytes, conclusion, left_s, free_bytes, leak_bytes_per_s,
           COALESCE(recorded_at, ingested_at) AS moment
    FROM recordings
    WHERE kind = 'trace' AND COALESCE(recorded_at, ingested_at) >= CAST({since} AS TIMESTAMP)
),
-- Call sites, by the names that they have now.
renamed AS (SELECT unnamed_stack, MIN(site) AS site FROM names GROUP BY unnamed_stack),
named AS (
    SELECT s.recording, COALESCE(n.site, s.site) AS site, s.standing, s.verdict, s.left_blocks, s.left_bytes,
           s.outstanding_blocks, s.outstanding_bytes
    FROM sites s LEFT JOIN renamed n ON n.unnamed_stack = s.stack
),
places AS (SELECT site, MIN(function) AS function FROM stacks WHERE frame = 0 GROUP BY site),
-- Versions in the order in which they were first seen.
first_seen AS (SELECT firmware, MIN(moment) AS moment FROM rec GROUP BY firmware),
versions AS (
    SELECT v.firmware, COUNT(*) AS place
    FROM first_seen v
    JOIN first_seen f ON f.moment < v.moment OR (f.moment = v.moment AND f.firmware <= v.firmware)
    GROUP BY v.firmware
),
-- How long each device was watched with each version.
watched AS (
    SELECT firmware, product, hardware, device, SUM(hours) AS hours
    FROM rec GROUP BY firmware, product, hardware, device
),
-- What each call site left behind on each device in that time, and whether that was ever called a leak.
found AS (
    SELECT r.firmware, r.product, r.hardware, r.device, s.site,
           CAST(SUM(s.left_blocks) AS BIGINT) AS left_blocks, CAST(SUM(s.left_bytes) AS BIGINT) AS left_bytes,
           CAST(SUM(CASE WHEN s.standing = 'leak' THEN 1 ELSE 0 END) AS BIGINT) AS leaks
    FROM rec r JOIN named s ON s.recording = r.recording
    GROUP BY r.firmware, r.product, r.hardware, r.device, s.site
)
