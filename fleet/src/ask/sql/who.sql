,
examples AS (
    SELECT r.firmware, r.product, r.hardware, r.device, MIN(r.source) AS source
    FROM rec r JOIN named s ON s.recording = r.recording
    WHERE s.site = {site} AND s.standing = 'leak'
    GROUP BY r.firmware, r.product, r.hardware, r.device
),
here AS (
    SELECT w.firmware, w.product, w.hardware, w.device, w.hours, e.source,
           CASE WHEN e.source IS NOT NULL THEN w.device END AS leaking
    FROM watched w
    LEFT JOIN examples e
        ON e.firmware = w.firmware AND e.product = w.product AND e.hardware = w.hardware AND e.device = w.device
),
parts AS (SELECT * FROM (VALUES ('firmware'), ('hardware'), ('product')) AS p (part)),
by_part AS (
    SELECT p.part, h.device, h.leaking, h.hours, h.source,
           CASE p.part WHEN 'firmware' THEN h.firmware WHEN 'hardware' THEN h.hardware ELSE h.product END AS which
    FROM here h CROSS JOIN parts p
)
SELECT part, which, COUNT(DISTINCT device) AS devices, COUNT(DISTINCT leaking) AS leaking, SUM(hours) AS hours,
       MIN(source) AS example
FROM by_part
GROUP BY part, which
ORDER BY part, which
