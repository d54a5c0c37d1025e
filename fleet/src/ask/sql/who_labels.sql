,
leaking AS (SELECT recording FROM named WHERE site = {site} AND standing = 'leak' GROUP BY recording)
SELECT l.label AS part, l.content AS which, COUNT(DISTINCT r.device) AS devices,
       COUNT(DISTINCT CASE WHEN k.recording IS NOT NULL THEN r.device END) AS leaking, SUM(r.hours) AS hours,
       MIN(CASE WHEN k.recording IS NOT NULL THEN r.source END) AS example
FROM labels l
JOIN rec r ON r.recording = l.recording
LEFT JOIN leaking k ON k.recording = l.recording
GROUP BY l.label, l.content
ORDER BY l.label, l.content
