// So many at a time, in the order in which they came.

/** @returns a function that runs work as soon as there is room */
export function atMost(count: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let free = count
  return async (work) => {
    if (free > 0) free--
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      // The room goes to the next in line directly, so that nobody slips in between.
      const next = waiting.shift()
      if (next === undefined) free++
      else next()
    }
  }
}
