,
of_device AS (
    SELECT f.site, f.device, SUM(f.left_bytes) / SUM(w.hours) * 24.0 AS bytes_per_device_day
    FROM found f
    JOIN watched w ON w.firmware = f.firmware AND w.product = f.product AND w.hardware = f.hardware AND w.device = f.device
    WHERE f.leaks > 0 AND w.hours > 0.0
    GROUP BY f.site, f.device
),
devices AS (SELECT COUNT(DISTINCT device) AS watched_devices FROM watched)
SELECT o.site, p.function, COUNT(*) AS devices, MAX(d.watched_devices) AS watched_devices,
       AVG(o.bytes_per_device_day) AS bytes_per_device_day
FROM of_device o
CROSS JOIN devices d
LEFT JOIN places p ON p.site = o.site
GROUP BY o.site, p.function
ORDER BY COUNT(*) * AVG(o.bytes_per_device_day) DESC, o.site
