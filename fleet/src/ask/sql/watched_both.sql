
SELECT product, hardware, device,
       SUM(CASE WHEN firmware = {against} THEN hours END) AS old_hours,
       SUM(CASE WHEN firmware = {firmware} THEN hours END) AS new_hours
FROM watched
WHERE firmware IN ({firmware}, {against}) AND hours > 0.0
GROUP BY product, hardware, device
ORDER BY product, hardware, device
