,
renamed AS (SELECT unnamed_stack, MIN(site) AS site FROM names GROUP BY unnamed_stack),
places AS (SELECT site, MIN(function) AS function FROM stacks WHERE frame = 0 GROUP BY site),
blocks AS (
    SELECT d.firmware, d.device, COALESCE(n.site, s.site) AS site,
           CAST(SUM(s.outstanding_blocks) AS BIGINT) AS blocks, CAST(SUM(s.outstanding_bytes) AS BIGINT) AS bytes
    FROM dump d
    JOIN sites s ON s.recording = d.recording
    LEFT JOIN renamed n ON n.unnamed_stack = s.stack
    WHERE d.place = 1
    GROUP BY d.firmware, d.device, COALESCE(n.site, s.site)
)
SELECT b.firmware, b.site, p.function, b.device, b.blocks, b.bytes
FROM blocks b LEFT JOIN places p ON p.site = b.site
ORDER BY b.firmware, b.site, b.device
