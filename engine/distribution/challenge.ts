// "Who are you?": the WWW-Authenticate header of a 401, taken apart. Pure.
//
//   WWW-Authenticate: Bearer realm="https://auth.docker.io/token",service="registry.docker.io",
//                     scope="repository:library/busybox:pull"
//   WWW-Authenticate: Basic realm="Registry"
//
// RFC 9110, 11.6.1: a list of challenges, each a scheme and a list of parameters, with
// the same comma between both; values are words or quoted strings, in which commas and
// backslashes may stand. A registry that says something else is not understood, and then
// simply has not asked for anything that we could give.

export interface Challenge {
  /** In lower case: `bearer`, `basic`. */
  scheme: string
  /** Names in lower case. */
  parameters: Readonly<Record<string, string>>
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const parameter = new RegExp(`\\s*(${token})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s,"]*))`, 'y')
const scheme = new RegExp(`[\\s,]*(${token})(?=[\\s,]|$)(?!\\s*=)`, 'y')

/** @param header one header, or all of that name */
export function parseChallenges(header: string | readonly string[] | undefined): Challenge[] {
  const lines = header === undefined ? [] : typeof header === 'string' ? [header] : header
  return lines.flatMap(parseLine)
}

function parseLine(line: string): Challenge[] {
  const found: Challenge[] = []
  let at = 0
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    const match = pattern.exec(line)
    if (match) at = pattern.lastIndex
    return match
  }
  for (let match = take(scheme); match !== null; match = take(scheme)) {
    const parameters = Object.create(null) as Record<string, string>
    for (let pair = take(parameter); pair !== null; pair = take(parameter)) {
      const [, name = '', quoted, bare = ''] = pair
      parameters[name.toLowerCase()] = quoted?.replace(/\\(.)/g, '$1') ?? bare
      if (take(/\s*,/y) === null) break
    }
    found.push({ scheme: (match[1] ?? '').toLowerCase(), parameters })
  }
  return found
}
