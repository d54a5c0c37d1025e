
SELECT r.firmware, COUNT(DISTINCT r.device) AS devices, COUNT(DISTINCT r.hardware) AS hardware, COUNT(*) AS recordings,
       SUM(r.hours) AS hours, CAST(SUM(r.events) AS BIGINT) AS events,
       CAST(SUM(r.lost_packets) AS BIGINT) AS lost_packets, CAST(SUM(r.damaged_bytes) AS BIGINT) AS damaged_bytes,
       COUNT(DISTINCT CASE WHEN r.conclusion = 'leak' THEN r.device END) AS leaking_devices,
       CAST(SUM(CASE WHEN r.conclusion IN ('uncertain', 'nothing-known') THEN 1 ELSE 0 END) AS BIGINT) AS nothing_claimed
FROM rec r
JOIN versions v ON v.firmware = r.firmware
GROUP BY v.place, r.firmware
ORDER BY v.place
