,
here AS (
    SELECT w.firmware, w.product, w.hardware, w.device, w.hours,
           CASE WHEN f.leaks > 0 THEN w.device END AS leaking
    FROM watched w
    LEFT JOIN (SELECT * FROM found WHERE site = {site}) f
        ON f.firmware = w.firmware AND f.product = w.product AND f.hardware = w.hardware AND f.device = w.device
),
examples AS (
    SELECT r.firmware, r.product, r.hardware, r.recording, MIN(r.source) AS source
    FROM rec r JOIN named s ON s.recording = r.recording
    WHERE s.site = {site} AND s.standing = 'leak'
    GROUP BY r.firmware, r.product, r.hardware, r.recording
),
parts AS (
    SELECT 1 AS sorted, 'firmware' AS part, h.firmware AS which, COUNT(DISTINCT h.device) AS devices,
           COUNT(DISTINCT h.leaking) AS leaking, SUM(h.hours) AS hours
    FROM here h GROUP BY h.firmware
    UNION ALL
    SELECT 2, 'hardware', h.hardware, COUNT(DISTINCT h.device), COUNT(DISTINCT h.leaking), SUM(h.hours)
    FROM here h GROUP BY h.hardware
    UNION ALL
    SELECT 3, 'product', h.product, COUNT(DISTINCT h.device), COUNT(DISTINCT h.leaking), SUM(h.hours)
    FROM here h GROUP BY h.product
    UNION ALL
    SELECT 4, l.label, l.content, COUNT(DISTINCT r.device),
           COUNT(DISTINCT CASE WHEN e.recording IS NOT NULL THEN r.device END), SUM(r.hours)
    FROM labels l
    JOIN rec r ON r.recording = l.recording
    LEFT JOIN examples e ON e.recording = l.recording
    GROUP BY l.label, l.content
),
shown AS (
    SELECT 1 AS sorted, firmware AS which, MIN(source) AS source FROM examples GROUP BY firmware
    UNION ALL SELECT 2, hardware, MIN(source) FROM examples GROUP BY hardware
    UNION ALL SELECT 3, product, MIN(source) FROM examples GROUP BY product
)
SELECT p.part, p.which, p.devices, p.leaking, p.hours, s.source AS example
FROM parts p LEFT JOIN shown s ON s.sorted = p.sorted AND s.which = p.which
ORDER BY p.sorted, p.part, p.which
