,
lost AS (
    SELECT firmware, product, hardware, device, CAST(SUM(left_bytes) AS BIGINT) AS left_bytes,
           CAST(SUM(leaks) AS BIGINT) AS leaks
    FROM found GROUP BY firmware, product, hardware, device
)
SELECT w.device, w.product, w.hardware, w.firmware, w.hours, COALESCE(l.left_bytes, 0) AS left_bytes,
       COALESCE(l.leaks, 0) AS leaks
FROM watched w
LEFT JOIN lost l ON l.firmware = w.firmware AND l.product = w.product AND l.hardware = w.hardware AND l.device = w.device
WHERE w.hours > 0.0
ORDER BY w.product, w.hardware, w.firmware, w.device
