// The two halves of a name that the API wants apart. What a name may be is the daemon's to say.

/** At the tag or the digest: `localhost:5000/app:1` is localhost:5000/app and 1. Pure. */
export function splitName(name: string): { repo: string; tag?: string } {
  const at = name.indexOf('@')
  if (at >= 0) return { repo: name.slice(0, at), tag: name.slice(at + 1) }
  const colon = name.lastIndexOf(':')
  if (colon <= name.lastIndexOf('/')) return { repo: name }
  return { repo: name.slice(0, colon), tag: name.slice(colon + 1) }
}
