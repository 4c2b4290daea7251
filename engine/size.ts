// Sizes as people write them: `200M`, `1.5g`, `64kb`, `1GiB` (go-units RAMInBytes and
// FromHumanSize). Pure; what to say about one that is none is the caller's.

const units = ['', 'k', 'm', 'g', 't', 'p']

/** @param step 1024, and 1000 where Docker counts in those @returns bytes; undefined for what is no size */
export function bytesOf(text: string, step: 1024 | 1000 = 1024): number | undefined {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?) ?([kmgtp]?)i?b?$/i.exec(text) ?? []
  return digits === undefined
    ? undefined
    : Math.floor(Number(digits) * step ** units.indexOf(unit.toLowerCase()))
}
