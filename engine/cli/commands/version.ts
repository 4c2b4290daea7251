// `tocker version`: what this command is, and what the daemon is that it talks to.
import type { SystemVersion } from '../../api/system.ts'
import { newestVersion } from '../../client/client.ts'
import { errorLine } from '../../errors.ts'
import { packageVersion } from '../../version.ts'
import { compileTemplate } from '../output/template/evaluate.ts'
import type { Verb } from '../verb.ts'
import { inspectFormatFlag } from './format-flag.ts'

export const verb: Verb = {
  usage: '[OPTIONS]',
  flags: [inspectFormatFlag],
  arity: [0, 0],
  run: async ({ client, streams }, flags) => {
    const format = flags.text('format') ?? ''
    const print = format === '' || format === 'json' ? undefined : compileTemplate(format)
    let Server: SystemVersion | null = null
    let failure = ''
    try {
      Server = await client.json<SystemVersion>({ path: '/version' })
    } catch (error) {
      failure = `tocker: ${errorLine(error)}\n`
    }
    const own = {
      Platform: { Name: 'tocker' },
      Version: packageVersion(),
      ApiVersion: Server === null ? newestVersion : await client.version(),
      DefaultAPIVersion: newestVersion,
      GoVersion: process.version,
      Os: process.platform,
      Arch: process.arch === 'x64' ? 'amd64' : process.arch,
    }
    const answer = { Client: own, Server }
    if (print) streams.out(`${print(answer)}\n`)
    else if (format === 'json') streams.out(`${JSON.stringify(answer)}\n`)
    else streams.out(`${clientText(own)}${Server === null ? '' : `\n${serverText(Server)}`}`)
    streams.err(failure)
    return failure === '' ? 0 : 1
  },
}

interface ClientVersion {
  Version: string
  ApiVersion: string
  GoVersion: string
  Os: string
  Arch: string
}

function clientText({ Version, ApiVersion, GoVersion, Os, Arch }: ClientVersion): string {
  return `Client: tocker
 Version:           ${Version}
 API version:       ${ApiVersion}
 Node.js version:   ${GoVersion}
 OS/Arch:           ${Os}/${Arch}
`
}

/** Docker's daemons are written in Go, and name its version where ours names Node's. */
function serverText({
  Platform,
  Components,
  Version,
  ApiVersion,
  MinAPIVersion,
  GoVersion,
  Os,
  Arch,
}: SystemVersion): string {
  const language = GoVersion.startsWith('v') ? 'Node.js version:  ' : 'Go version:       '
  const others = (Components ?? [])
    .slice(1)
    .map(({ Name, Version: version }) => ` ${Name}:\n  Version:          ${version}\n`)
    .join('')
  return `Server: ${Platform?.Name ?? ''}
 Engine:
  Version:          ${Version}
  API version:      ${ApiVersion} (minimum version ${MinAPIVersion})
  ${language}${GoVersion}
  OS/Arch:          ${Os}/${Arch}
${others}`
}
