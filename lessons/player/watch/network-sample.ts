// What the live view of networks is made of: the host's network namespace, those
// of containers, and what the host does with packets that pass.
//
// Read by network.ts from ip, nft and /proc; plain data.
//
// Next: lessons/player/watch/network.ts

interface Counter {
  bytes: number
  packets: number
}

export interface NetworkInterface {
  index: number
  name: string
  /** `loopback`, `bridge`, `veth`, …: ip-link(8) has the list. A card is a `device`. */
  kind: string
  /** As ip says it: UP, DOWN, LOWERLAYERDOWN (the other end is), UNKNOWN (it cannot tell). */
  state: string
  /** Somebody said `ip link set … up`. */
  up: boolean
  /** The bridge that it is a port of. */
  master?: string
  /** `ip link set … alias`: what whoever made it wrote beside it. */
  label?: string
  /** `172.18.0.2/16`; those that every interface makes up for itself (fe80::) are left out. */
  addresses: string[]
  /** The other end of a veth: its index, and this namespace's own number for the namespace where it lies, if that is another. */
  peer?: { index: number; netnsid?: number }
  received: Counter
  sent: Counter
}

export interface NetworkRoute {
  /** `default` or `172.18.0.0/16`. */
  to: string
  via?: string
  device: string
}

export interface NetworkSpace {
  /** Inode number of the namespace, as text. */
  id: string
  /** When it was looked at: as the sample, or some time before. */
  at: number
  /** As `ip netns` calls it. */
  name?: string
  /** From the /etc/hostname of a container. */
  hostname?: string
  processes: { pid: number; command: string; terminal?: string }[]
  interfaces: NetworkInterface[]
  routes: NetworkRoute[]
}

/** A rule that gives packets another sender. */
export interface Masquerade {
  /** Networks that it is for; everybody's where there are none. `10.0.0.0/8`, or `10.0.0.0-10.1.255.255`. */
  from: string[]
  /** Interfaces by which packets came in, and by which they leave; all where there are none. */
  in: string[]
  out: string[]
  /** Leaving by all but these. */
  notOut: string[]
  /** A fixed address, where it is not simply that of the interface. */
  as?: string
}

/** A rule that sends what comes for a port of the host to somebody else. */
export interface Publication {
  protocol: string
  /** The address of the host that it is for; any without. */
  address?: string
  port: string
  to: string
  /** Where it is another one. */
  toPort?: string
}

/** A conversation that the kernel tracks. An end is `172.18.0.2:80`. */
export interface Flow {
  protocol: string
  /** ESTABLISHED and the like: TCP has them. */
  state?: string
  from: string
  to: string
  /** Who the other side takes the sender for, where that was changed. */
  seenAs?: string
  /** Who answers in truth, where that was changed. */
  answeredBy?: string
  /** Nobody has answered yet. */
  unanswered?: true
}

export interface NetworkSample {
  view: 'network'
  /** Milliseconds since the sandbox was started: rates are measured with its own clock. */
  at: number
  /** The host's first. */
  spaces: NetworkSpace[]
  /** How many more namespaces there are. */
  more: number
  /** net.ipv4.ip_forward: whether the host passes packets on that are not for itself. */
  forwards: boolean
  /** How many it has passed on so far. */
  forwarded: number
  masquerades: Masquerade[]
  publications: Publication[]
  flows: Flow[]
  /** Namespace of the process that the lesson asks about. */
  focus?: string
}
