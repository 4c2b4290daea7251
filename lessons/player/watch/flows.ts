// Reads the conversations that the kernel tracks, from /proc/net/nf_conntrack or
// conntrack(8): both ends as they were asked, and as they answer. Where the two
// differ, an address was exchanged on the way.
//
// Kept are those of containers: the host has its own, and a look at it is one.
// Pure.
//
// Next: lessons/player/watch/network-cables.ts
import type { Flow, NetworkSpace } from './network-sample.ts'

const most = 12

export function flowsOf(lines: string, spaces: readonly NetworkSpace[]): Flow[] {
  const inside = new Set(
    spaces
      .slice(1)
      .flatMap(({ interfaces }) => interfaces.filter(({ kind }) => kind !== 'loopback'))
      .flatMap(({ addresses }) => addresses.map((one) => one.split('/')[0] ?? '')),
  )
  return lines
    .split('\n')
    .flatMap((line) => {
      const { flow, ends = [] } = flowOf(line) ?? {}
      return flow && ends.some((end) => inside.has(end)) ? [flow] : []
    })
    .slice(0, most)
}

/** `tcp 6 97 ESTABLISHED src=… dst=… sport=… dport=… src=… dst=… sport=… dport=… [ASSURED] …` */
function flowOf(line: string): { flow: Flow; ends: string[] } | undefined {
  const protocol = /^(?:ipv[46] +\d+ +)?([a-z][\w-]*) /.exec(line)?.[1]
  const [asked, answered] = [...line.matchAll(/\bsrc=(\S+) dst=(\S+)(?: sport=(\d+) dport=(\d+))?/g)].map(
    ([, src = '', dst = '', sport, dport]) => ({
      ...{ src, dst },
      from: place(src, sport),
      to: place(dst, dport),
    }),
  )
  if (protocol === undefined || !asked || !answered) return undefined
  const state = / ([A-Z][A-Z_]+) +src=/.exec(line)?.[1]
  return {
    ends: [asked.src, asked.dst, answered.src, answered.dst],
    flow: {
      protocol,
      ...(state === undefined ? {} : { state }),
      from: asked.from,
      to: asked.to,
      ...(answered.to === asked.from ? {} : { seenAs: answered.to }),
      ...(answered.from === asked.to ? {} : { answeredBy: answered.from }),
      ...(line.includes('[UNREPLIED]') ? { unanswered: true as const } : {}),
    },
  }
}

function place(address: string, port: string | undefined): string {
  if (port === undefined) return address
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
