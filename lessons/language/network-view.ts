// The words of the live view of networks. Part of the views' words, views.ts.
//
// What ip(8) and nft(8) say (eth0, bridge, masquerade) stays as it is.
import type { Reach } from '../player/watch/network-way.ts'
import type { Language } from './language.ts'

/** What a sentence about a way may name; empty where there is none. */
interface WayFacts {
  who: string
  by: string
  bridge: string
  gateway: string
  router: string
  out: string
  as: string
}

const en = {
  outside: 'outside',
  bridge: 'bridge',
  forwards: 'passes packets on',
  stops: 'passes nothing on: ip_forward is 0',
  everybody: 'everybody',
  masked: (from: string, as: string) => `${from} leaves as ${as}`,
  door: (port: string, to: string) => `${port} leads to ${to}`,
  doors: 'Published ports',
  noAddress: 'no address',
  nobody: 'nobody is in it',
  /** As ip calls them. */
  states: {
    DOWN: 'down',
    LOWERLAYERDOWN: 'far end down',
    DORMANT: 'waits',
    NOTPRESENT: 'not there',
    TESTING: 'being tested',
  } as Record<string, string>,
  up: 'up',
  elsewhere: 'leads out of sight',
  elsewhereNote: 'to a namespace that no process and no name here holds',
  rooms: 'Network namespaces',
  cables: 'Cables',
  cable: (a: string, b: string, state: string) => `${a} to ${b}: ${state}`,
  inRoom: (name: string, room: string) => `${name} in ${room}`,
  portOf: (name: string, bridge: string) => `${name}, port of ${bridge}`,
  rate: (packets: number) => `${packets} ${packets === 1 ? 'packet' : 'packets'} a second`,
  quiet: 'nothing moves',
  show: (room: string) => `Show the way out of ${room}`,
  alone: 'No other network namespace yet: every process is in the one of the machine.',
  flows: 'Conversations that the kernel tracks',
  seenAs: (address: string) => `seen outside as ${address}`,
  answeredBy: (address: string) => `answered by ${address}`,
  unanswered: 'no answer yet',
  ways: {
    nowhere: ({ who }) => `${who} has nothing but lo, and that is down: it cannot even reach itself.`,
    itself: ({ who }) => `${who} has nothing but lo: it reaches itself, and nobody else.`,
    unplugged: ({ who, by }) =>
      `${who} has a cable at ${by} that is not up at both ends: nothing gets through.`,
    nameless: ({ who, by }) => `${who} has a cable at ${by}, and no address there.`,
    neighbours: ({ who, bridge }) =>
      bridge === ''
        ? `${who} reaches the other end of its cable, and nothing beyond: it has no default route.`
        : `${who} reaches whoever is on ${bridge}, and nothing beyond: it has no default route.`,
    lost: ({ who, gateway }) =>
      `${who} sends what is for elsewhere to ${gateway}, and nobody here has that address.`,
    stopped: ({ who, router, out }) =>
      out === ''
        ? `${who} sends what is for elsewhere to ${router}, which has no way on itself.`
        : `${who} sends what is for elsewhere to ${router}, which passes nothing on.`,
    unmasked: ({ who, out }) =>
      `${who} gets out by ${out} with its own address, and no answer finds the way back to that.`,
    outside: ({ who, router, out, as }) =>
      as === ''
        ? `${who} gets out through ${router}, by ${out}.`
        : `${who} gets out by ${out}, and is ${as} out there.`,
  } satisfies Record<Reach, (facts: WayFacts) => string> as Record<Reach, (facts: WayFacts) => string>,
  summary: (rooms: number, cables: number) =>
    `${rooms} network ${rooms === 1 ? 'namespace' : 'namespaces'} beside the machine’s, ${cables} ${cables === 1 ? 'cable' : 'cables'}`,
}

const zh: typeof en = {
  outside: '外面的世界',
  bridge: '网桥',
  forwards: '会转发数据包',
  stops: '不转发：ip_forward 为 0',
  everybody: '所有地址',
  masked: (from, as) => `${from} 出去时变成 ${as}`,
  door: (port, to) => `${port} 通往 ${to}`,
  doors: '已发布的端口',
  noAddress: '没有地址',
  nobody: '里面没有进程',
  states: {
    DOWN: '未启用',
    LOWERLAYERDOWN: '对端未启用',
    DORMANT: '等待中',
    NOTPRESENT: '不存在',
    TESTING: '测试中',
  },
  up: '已启用',
  elsewhere: '通往视野之外',
  elsewhereNote: '通往一个这里没有进程、也没有名字持有的命名空间',
  rooms: '网络命名空间',
  cables: '网线',
  cable: (a, b, state) => `${a} 到 ${b}：${state}`,
  inRoom: (name, room) => `${room} 里的 ${name}`,
  portOf: (name, bridge) => `${name}（${bridge} 的端口）`,
  rate: (packets) => `每秒 ${packets} 个数据包`,
  quiet: '没有数据包经过',
  show: (room) => `显示 ${room} 出去的路`,
  alone: '还没有别的网络命名空间：所有进程都在这台机器自己的那个里。',
  flows: '内核跟踪的会话',
  seenAs: (address) => `在外面看来是 ${address}`,
  answeredBy: (address) => `由 ${address} 应答`,
  unanswered: '还没有应答',
  ways: {
    nowhere: ({ who }) => `${who} 只有 lo，而且未启用：连自己都够不着。`,
    itself: ({ who }) => `${who} 只有 lo：够得着自己，够不着别人。`,
    unplugged: ({ who, by }) => `${who} 的 ${by} 上有一根网线，但并非两端都启用：什么都过不去。`,
    nameless: ({ who, by }) => `${who} 的 ${by} 上有一根网线，但那里没有地址。`,
    neighbours: ({ who, bridge }) =>
      bridge === ''
        ? `${who} 够得着网线的另一端，再远就不行了：它没有默认路由。`
        : `${who} 够得着 ${bridge} 上的邻居，再远就不行了：它没有默认路由。`,
    lost: ({ who, gateway }) => `${who} 把发往别处的包交给 ${gateway}，而这里谁也没有这个地址。`,
    stopped: ({ who, router, out }) =>
      out === ''
        ? `${who} 把发往别处的包交给${router}，而它自己也没有出路。`
        : `${who} 把发往别处的包交给${router}，而它不转发。`,
    unmasked: ({ who, out }) => `${who} 带着自己的地址从 ${out} 出去，外面的应答找不到回来的路。`,
    outside: ({ who, router, out, as }) =>
      as === '' ? `${who} 经过${router}，从 ${out} 出去。` : `${who} 从 ${out} 出去，在外面是 ${as}。`,
  },
  summary: (rooms, cables) => `除这台机器自己的之外有 ${rooms} 个网络命名空间，${cables} 根网线`,
}

export type NetworkWords = typeof en

export const networkWords: Record<Language, NetworkWords> = { en, zh }
