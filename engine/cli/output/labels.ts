// Labels, as columns show them: `a=b,c=d`, sorted, since Go's maps have no order. Pure.

export function labelsOf(labels: Readonly<Record<string, string>> | null | undefined): string {
  return Object.entries(labels ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join(',')
}
