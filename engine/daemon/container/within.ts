// To wait for something, and not for ever.

/** Whether it happened in time. @param seconds -1: as long as it takes */
export async function within(event: Promise<unknown>, seconds: number): Promise<boolean> {
  if (seconds < 0) return event.then(() => true)
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), seconds * 1000)
  })
  try {
    return await Promise.race([event.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}
