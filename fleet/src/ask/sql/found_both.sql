,
candidates AS (
    SELECT site FROM found WHERE leaks > 0 AND firmware IN ({firmware}, {against}) GROUP BY site
)
SELECT f.site, p.function, f.product, f.hardware, f.device,
       CAST(SUM(CASE WHEN f.firmware = {against} THEN f.left_blocks ELSE 0 END) AS BIGINT) AS old_blocks,
       CAST(SUM(CASE WHEN f.firmware = {firmware} THEN f.left_blocks ELSE 0 END) AS BIGINT) AS new_blocks
FROM candidates c
JOIN found f ON f.site = c.site
LEFT JOIN places p ON p.site = c.site
WHERE f.firmware IN ({firmware}, {against})
GROUP BY f.site, p.function, f.product, f.hardware, f.device
ORDER BY f.site, f.product, f.hardware, f.device
