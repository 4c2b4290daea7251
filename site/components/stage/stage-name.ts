// Which way to look at a lesson its address asks for.

const names = ['present', 'notes', 'class'] as const
export type StageName = (typeof names)[number]

/** Undefined for the lesson itself. In a browser only. */
export function stageName(): StageName | undefined {
  const query = new URLSearchParams(location.search)
  return names.find((name) => query.has(name))
}

/** For the head of each page, before anything is drawn: without it the lesson would be seen for a moment. */
export const stageScript = `if(/[?&](${names.join('|')})\\b/.test(location.search))document.documentElement.classList.add('staged')`
