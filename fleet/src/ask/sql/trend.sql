
SELECT v.place, w.firmware, w.device, SUM(w.hours) AS hours, CAST(SUM(COALESCE(f.left_bytes, 0)) AS BIGINT) AS left_bytes,
       CAST(SUM(COALESCE(f.leaks, 0)) AS BIGINT) AS leaks
FROM watched w
JOIN versions v ON v.firmware = w.firmware
LEFT JOIN (SELECT * FROM found WHERE site = {site}) f
    ON f.firmware = w.firmware AND f.product = w.product AND f.hardware = w.hardware AND f.device = w.device
WHERE w.hours > 0.0
GROUP BY v.place, w.firmware, w.device
ORDER BY v.place, w.device
