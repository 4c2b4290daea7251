// Reads the networks of the machine: which network namespaces there are, what
// stands in each, and how the host leads packets from one to another.
//
// A namespace has no list that one could ask for. It is found where it is held:
// by processes (/proc/PID/ns/net), and by names (/run/netns). The shell compares
// those files itself, and starts nothing for it. What it starts is an ip for the host,
// and in turns an ip for each of the others, or nft: what changes unseen is seen a
// frame later. Where an interface of the host comes, goes or changes its state, the
// others are looked at at once.
//
// Next: lessons/player/watch/network-links.ts
import { flowsOf } from './flows.ts'
import { type Frame, printable } from './frames.ts'
import { natOf } from './nat-rules.ts'
import { readSpace } from './network-links.ts'
import type { NetworkSample, NetworkSpace } from './network-sample.ts'
import type { ViewReader } from './sampler.ts'

/** Namespaces beside the host's that are looked into, and that are counted. */
const [mostSpaces, mostCounted] = [8, 40]
const mostMembers = 60

/** What ip said of a namespace, by the path it was entered by, and when. */
type Said = Map<string, { text: string; at: number }>

export class NetworkReader implements ViewReader {
  readonly stale = false
  #said: Said = new Map()

  script(): string {
    // `[ a -ef b ]`: the same inode, so the same namespace. A FIFO named hostname would hold us up for ever.
    return `read -r up rest < /proc/uptime
printf 'head\\nuptime %s\\n' "$up"
[ ! -e "/proc/\${pid:-}/ns/net" ] || printf 'pid %s\\n' "$pid"
while read -r line; do case $line in Ip:*) printf '%s\\n' "$line";; esac; done < /proc/net/snmp
for t in "$LAB_DIR"/terminals/*; do
  read -r p < "$t" && read -r line < "/proc/$p/stat" && printf 'terminal %s %s\\n' "\${t##*/}" "$line"
done 2>/dev/null
printf '\\0'
host=/proc/1/ns/net
[ -e $host ] || host=/proc/$$/ns/net
set --
members=0
for f in "/proc/\${pid:-}/ns/net" /run/netns/* /run/docker/netns/* /proc/[0-9]*/ns/net; do
  [ -e "$f" ] || continue
  if [ "$f" -ef $host ]; then continue; fi
  n=1
  for s; do [ "$f" -ef "$s" ] && break; n=$((n + 1)); done
  [ $n -le $# ] || [ $# -ge ${mostCounted} ] || set -- "$@" "$f"
  [ $n -le ${mostSpaces} ] && [ $((members += 1)) -le ${mostMembers} ] || continue
  case $f in
    /proc/*)
      p=\${f#/proc/}; p=/proc/\${p%%/*}
      read -r line < "$p/stat" && printf 'process\\t%s %s\\0' $n "$line"
      [ "$p/root" -ef / ] || [ -L "$p/root/etc/hostname" ] || [ ! -f "$p/root/etc/hostname" ] ||
        ! read -r line < "$p/root/etc/hostname" || printf 'hostname\\t%s %s\\0' $n "$line" ;;
    /run/netns/*) printf 'name\\t%s %s\\0' $n "\${f##*/}" ;;
  esac
done 2>/dev/null
[ "$paths" = "$*" ] && [ $frame -ne 0 ] || ids=$(stat -Lc '%i %n' $host "$@" 2>/dev/null)
paths=$*
printf 'ids\\n%s\\n\\0more\\n%s\\0' "$ids" $(($# > ${mostSpaces} ? $# - ${mostSpaces} : 0))
look() {
  printf 'space\\n%s\\n' "$1"; shift
  "$@" ip -j -d -s -batch - 2>/dev/null <<END
addr
route
END
  printf '\\0'
}
look $host
links=$paths
for i in /sys/class/net/*; do
  read -r line < "$i/operstate"; links="$links $i $line"
  read -r line < "$i/flags"; links="$links $line"
done 2>/dev/null
n=0
for s; do
  [ $((n += 1)) -le ${mostSpaces} ] || break
  if [ $((frame % 2)) -eq 0 ] || [ "$links" != "$seen" ]; then look "$s" nsenter --net="$s"
  else printf 'space\\n%s\\nsame\\0' "$s"; fi
done
seen=$links
if [ $frame -eq 0 ] || [ $((frame % 2)) -eq 1 ]; then
  rules=$(nft -s list ruleset 2>/dev/null)
  [ \${#rules} -lt 300000 ] || rules=
  flows=
  case $rules in *masquerade*|*dnat*|*snat*)
    if [ -r /proc/net/nf_conntrack ]; then flows=$(grep -m 300 . /proc/net/nf_conntrack)
    elif command -v conntrack > /dev/null; then flows=$(conntrack -L 2>/dev/null); fi
  esac
fi
printf 'rules\\n%s\\0flows\\n%s\\0' "$rules" "$flows"`
  }

  read(frame: Frame): NetworkSample | undefined {
    const said = readSaid(frame, this.#said)
    this.#said = said
    return parseNetwork(frame, said)
  }
}

/** @param before of the last frame: for those that were not looked at in this one */
function readSaid(frame: Frame, before: Said): Said {
  const at = timeOf(frame)
  return new Map(
    frame.all('space').map((record) => {
      const cut = record.indexOf('\n')
      const [path, text] = [record.slice(0, cut), record.slice(cut + 1)]
      return [path, text === 'same' ? (before.get(path) ?? { text: '', at }) : { text, at }]
    }),
  )
}

/** Undefined where not even the host's own interfaces could be read. */
export function parseNetwork(frame: Frame, said = readSaid(frame, new Map())): NetworkSample | undefined {
  const head = frame.text('head')
  const inodes = new Map(
    frame
      .text('ids')
      .split('\n')
      .map((line) => [line.slice(line.indexOf(' ') + 1), line.split(' ')[0] ?? ''] as const),
  )
  const idOf = (path: string): string => inodes.get(path) ?? path
  const terminals = terminalsOf(head)
  const [host = ''] = said.keys()
  const spaces = [...said].flatMap(([path, { text, at }], number): NetworkSpace[] => {
    const found = readSpace(text)
    // Gone since it was found.
    if (!found) return []
    const facts = (kind: string): string[] =>
      frame
        .all(kind)
        .flatMap((record) => (record.startsWith(`${number} `) ? [record.slice(record.indexOf(' ') + 1)] : []))
    const [[name], [hostname]] = [facts('name'), facts('hostname')]
    return [
      {
        id: idOf(path),
        at,
        ...(name === undefined ? {} : { name: printable(name) }),
        ...(hostname === undefined ? {} : { hostname: printable(hostname) }),
        processes: membersOf(facts('process'), terminals),
        ...found,
      },
    ]
  })
  if (spaces[0]?.id !== idOf(host)) return undefined
  const [, forwarding, , , , , forwarded] = head.match(/^Ip: \d.*$/m)?.[0].split(' ') ?? []
  const asked = /^pid (\d+)$/m.exec(head)?.[1]
  // Whose namespace is not among the others is in the host's.
  const focus = asked === undefined ? undefined : (inodes.get(`/proc/${asked}/ns/net`) ?? spaces[0].id)
  return {
    view: 'network',
    at: timeOf(frame),
    spaces,
    more: Number(frame.text('more')),
    forwards: forwarding === '1',
    forwarded: Number(forwarded ?? 0),
    ...natOf(frame.text('rules')),
    flows: flowsOf(frame.text('flows'), spaces),
    ...(focus === undefined ? {} : { focus }),
  }
}

function timeOf(frame: Frame): number {
  return Number(/^uptime ([\d.]+)/m.exec(frame.text('head'))?.[1] ?? 0) * 1000
}

/** Number of a terminal's device -> its name in the lesson. */
function terminalsOf(head: string): Map<number, string> {
  const terminals = new Map<number, string>()
  for (const [, name = '', stat = ''] of head.matchAll(/^terminal (\S+) (.*)$/gm)) {
    const tty = readStat(stat)?.tty
    if (tty !== undefined && tty !== 0) terminals.set(tty, name)
  }
  return terminals
}

function membersOf(
  lines: readonly string[],
  terminals: ReadonlyMap<number, string>,
): NetworkSpace['processes'] {
  const members = new Map<number, NetworkSpace['processes'][number]>()
  for (const line of lines) {
    const found = readStat(line)
    if (!found) continue
    const terminal = terminals.get(found.tty)
    members.set(found.pid, {
      pid: found.pid,
      command: found.command,
      ...(terminal === undefined ? {} : { terminal }),
    })
  }
  return [...members.values()].sort((a, b) => a.pid - b.pid)
}

/** proc_pid_stat(5): the command's name may hold anything, ")" too. */
function readStat(line: string): { pid: number; command: string; tty: number } | undefined {
  const [, pid, command = '', rest = ''] = /^(\d+) \((.*)\) (.*)$/.exec(line) ?? []
  if (pid === undefined) return undefined
  return { pid: Number(pid), command: printable(command), tty: Number(rest.split(' ')[4] ?? 0) }
}
