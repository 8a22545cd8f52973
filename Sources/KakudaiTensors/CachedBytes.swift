/// Outputs larger than this have left the caches before anybody reads them, and are written past them.
let cachedBytes = 8 << 20

/// The same for what takes hardly any arithmetic: rows come faster than memory takes them, so that caches help for longer.
let cachedBytesOfCopies = 2 * cachedBytes

/// Floats that stay in a second-level cache of 512 KB beside what is read and written meanwhile.
let floatsOfSmallCache = 98_304
