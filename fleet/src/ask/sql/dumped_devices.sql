
SELECT firmware, device, uptime_s, allocations FROM dump WHERE place = 1 ORDER BY firmware, device
