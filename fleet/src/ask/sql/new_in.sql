,
era AS (
    SELECT w.firmware, w.product, w.hardware, w.device, w.hours,
           CASE WHEN v.place = a.place THEN 'new' ELSE 'old' END AS age
    FROM watched w
    JOIN versions v ON v.firmware = w.firmware
    JOIN versions a ON a.firmware = {firmware}
    WHERE v.place <= a.place
),
strata AS (
    SELECT product, hardware,
           COUNT(DISTINCT CASE WHEN age = 'new' THEN device END) AS new_devices,
           COUNT(DISTINCT CASE WHEN age = 'old' THEN device END) AS old_devices,
           SUM(CASE WHEN age = 'old' THEN hours ELSE 0.0 END) AS old_hours
    FROM era GROUP BY product, hardware
),
leaking AS (
    SELECT f.site, e.product, e.hardware,
           COUNT(DISTINCT CASE WHEN e.age = 'new' THEN e.device END) AS new_leaking,
           COUNT(DISTINCT CASE WHEN e.age = 'old' THEN e.device END) AS old_leaking
    FROM found f
    JOIN era e ON e.firmware = f.firmware AND e.product = f.product AND e.hardware = f.hardware AND e.device = f.device
    WHERE f.leaks > 0
    GROUP BY f.site, e.product, e.hardware
),
candidates AS (SELECT site FROM leaking GROUP BY site HAVING SUM(new_leaking) > 0 AND SUM(old_leaking) = 0)
SELECT c.site, p.function, s.product, s.hardware, s.new_devices, s.old_devices, s.old_hours,
       COALESCE(l.new_leaking, 0) AS new_leaking
FROM candidates c
CROSS JOIN strata s
LEFT JOIN leaking l ON l.site = c.site AND l.product = s.product AND l.hardware = s.hardware
LEFT JOIN places p ON p.site = c.site
ORDER BY c.site, s.product, s.hardware
