,
latest AS (
    SELECT device, product, hardware, firmware, left_s, free_bytes, leak_bytes_per_s, source,
           ROW_NUMBER() OVER (PARTITION BY device ORDER BY moment DESC, recording) AS place
    FROM rec
)
SELECT device, product, hardware, firmware, left_s / 3600.0 AS left_hours, free_bytes, leak_bytes_per_s, source
FROM latest
WHERE place = 1 AND left_s IS NOT NULL
ORDER BY left_s, device
