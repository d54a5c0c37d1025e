,
candidates AS (
    SELECT site FROM found WHERE leaks > 0 AND firmware IN ({firmware}, {against}) GROUP BY site
)
SELECT f.site, p.function, f.firmware, f.product, f.hardware, f.device, f.left_blocks, f.leaks
FROM candidates c
JOIN found f ON f.site = c.site
LEFT JOIN places p ON p.site = c.site
WHERE f.firmware IN ({firmware}, {against})
ORDER BY f.site, f.product, f.hardware, f.device, f.firmware
