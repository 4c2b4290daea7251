// Words for a POSIX shell: what stands between is taken literally.

/** `it's` -> `'it'\''s'`. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}

/** A command with its directory and environment, for a shell that gives us only a string to fill. */
export function wrapCommand(
  command: string,
  options: { cwd?: string | undefined; env?: Readonly<Record<string, string>> | undefined },
): string {
  const assignments = Object.entries(options.env ?? {}).map(([name, value]) => `${name}=${quote(value)}`)
  const environment = assignments.length > 0 ? `env ${assignments.join(' ')} ` : ''
  const directory = options.cwd === undefined ? '' : `cd ${quote(options.cwd)} && `
  return `${directory}exec ${environment}${command}`
}
