// Numbers for Prometheus, in its text format: one line a number, and above each group what
// it counts. Pure.
// https://prometheus.io/docs/instrumenting/exposition_formats/

export interface Metric {
  /** `tockerd_containers`; counters end in `_total`. */
  name: string
  help: string
  type: 'counter' | 'gauge'
  values: readonly { labels?: Readonly<Record<string, string>>; value: number }[]
}

/** @returns all of them, ending in a line feed as the format wants it */
export function metricsText(metrics: readonly Metric[]): string {
  return metrics
    .map(({ name, help, type, values }) =>
      [
        `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`,
        `# TYPE ${name} ${type}`,
        ...values.map(({ labels = {}, value }) => `${name}${labelsText(labels)} ${value}`),
      ]
        .map((line) => `${line}\n`)
        .join(''),
    )
    .join('')
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
