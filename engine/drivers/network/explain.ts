// What there is of a network in the kernel now, and the commands that made it: both as
// somebody would type them. Run by hand, the first list makes the same network again.
//
// Called by jobs/network-query.ts.
import { EngineError } from '../../errors.ts'
import { commandWith } from '../../syscalls/command.ts'
import type { BridgeNetwork, Endpoint } from './driver.ts'
import { networkText, publishedText, shortName } from './firewall.ts'
import { bridgeLines, sandboxLines, vethLines } from './ip-batch.ts'

export interface Member {
  endpoint: Endpoint
  /** Of a process in its sandbox. */
  pid: number
}

/** Shell commands, each complete. @param table of nft */
export function commandsOf(table: string, network: BridgeNetwork, members: readonly Member[]): string[] {
  return [
    ...(network.adopted ? [] : [typed('ip -batch -', bridgeLines(network))]),
    typed('nft -f -', [networkText(table, network)]),
    ...members.flatMap(({ endpoint, pid }) => [
      typed('ip -batch -', vethLines(network, endpoint, pid)),
      typed(`nsenter --net=/proc/${pid}/ns/net ip -batch -`, sandboxLines(endpoint)),
      ...(endpoint.published.length === 0
        ? []
        : [typed('nft -f -', [publishedText(table, endpoint, 'add')])]),
    ]),
  ]
}

function typed(command: string, lines: readonly string[]): string {
  return `${command} <<'END'\n${lines.join('\n').trimEnd()}\nEND`
}

/** What each command says now; what went wrong where it fails. */
export async function stateOf(
  table: string,
  network: BridgeNetwork,
  members: readonly Member[],
): Promise<{ command: string; output: string }[]> {
  const name = shortName(network)
  const commands = [
    ['ip', '-brief', 'address', 'show', 'dev', network.bridge],
    ['ip', '-brief', 'link', 'show', 'master', network.bridge],
    ...members.map(({ pid }) => ['nsenter', `--net=/proc/${pid}/ns/net`, 'ip', '-brief', 'address']),
    ...['from', 'into', 'towards', 'leaving'].map((map) => [
      'nft',
      'list',
      'chain',
      'inet',
      table,
      `${map}-${name}`,
    ]),
    ['nft', 'list', 'map', 'inet', table, 'published'],
  ]
  return await Promise.all(
    commands.map(async ([file = '', ...args]) => ({
      command: [file, ...args].join(' '),
      output: await said(file, args),
    })),
  )
}

async function said(file: string, args: readonly string[]): Promise<string> {
  try {
    return (await commandWith(file, args, '')).trimEnd()
  } catch (error) {
    if (error instanceof EngineError) return error.message
    throw error
  }
}
