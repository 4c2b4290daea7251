// Amounts as people read them. Pure; for the site and the terminal.

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** 52428800 -> "50 MiB", 1572864 -> "1.5 MiB". */
export function bytesInWords(bytes: number): string {
  const step = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10))
  const value = bytes / 1024 ** step
  const digits = step === 0 || value >= 100 || Number.isInteger(value) ? 0 : 1
  return `${value.toFixed(digits)} ${units[step] ?? ''}`
}

/** CPUs in use -> percent of one. */
export function percentOfCpu(cpus: number): string {
  return String(Math.round(cpus * 100))
}
