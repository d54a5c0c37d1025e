
SELECT firmware, product, hardware, device, hours
FROM watched
WHERE firmware IN ({firmware}, {against}) AND hours > 0.0
ORDER BY product, hardware, device, firmware
