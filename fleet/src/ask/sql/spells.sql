,
failures AS (
    SELECT recording, MIN(t_s) AS t_s FROM events_bad WHERE kind = 'failed-allocation' AND t_s IS NOT NULL GROUP BY recording
)
SELECT v.place, r.firmware, r.device, COALESCE(r.uptime_s, r.observed_s) - r.observed_s AS from_s,
       COALESCE(r.uptime_s, r.observed_s) - r.observed_s + COALESCE(f.t_s, r.observed_s) AS to_s,
       CASE WHEN f.t_s IS NULL THEN 0 ELSE 1 END AS failed
FROM rec r
JOIN versions v ON v.firmware = r.firmware
LEFT JOIN failures f ON f.recording = r.recording
ORDER BY v.place, r.device, r.recording
