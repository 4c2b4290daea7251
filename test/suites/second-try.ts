// A second try of a test needs the names that its first one took, and may have left taken.

/** What each daemon that is open does for that. @param since when the first try began, in ms */
export const clearings = new Set<(since: number) => Promise<void>>()
