// The live view of networks on a real kernel: what its probe finds of bridges,
// cables and rules that are really there. The machine of this test is a set of
// namespaces of its own, with a PID 1, so the host's network is not touched.
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { FrameReader } from '../../lessons/player/watch/frames.ts'
import { NetworkReader } from '../../lessons/player/watch/network.ts'
import { type NetworkPicture, networkPicture } from '../../lessons/player/watch/network-picture.ts'
import { leftovers } from '../leftovers.mjs'

/** Runs each script in turn on one machine, and looks at it after each. */
async function pictures(...scripts: string[]): Promise<NetworkPicture[]> {
  const probe = `frame=0\n${new NetworkReader().script()}\nprintf 'end\\0'`
  const steps = ['mount -t tmpfs run /run; ip link set lo up', ...scripts].join(`\n${probe}\n`)
  const machine = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']
  const { stdout } = await execa(
    'unshare',
    [...machine, 'sh', '-c', `LAB_DIR=/run/lab\n${steps}\n${probe}`],
    {
      encoding: 'buffer',
    },
  )
  const found: NetworkPicture[] = []
  const reader = new FrameReader((frame) => {
    const sample = new NetworkReader().read(frame)
    const picture = sample && networkPicture(sample, found.at(-1))
    if (picture) found.push(picture)
  })
  reader.push(stdout)
  return found
}

/** On this very machine, of what is made below: other suites may run beside this one, and have other things. */
function escaped(): string[] {
  return leftovers().filter((line) =>
    /^interface (lc-out|lc-in|br0|veth[23])\b|netns\/(web|data|world)/.test(line),
  )
}

/** A process in a namespace of its own, which is `$pid`: the one that the view is asked about. */
const room = `unshare --net sleep 60 < /dev/null > /dev/null & pid=$!
until [ ! /proc/$pid/ns/net -ef /proc/1/ns/net ]; do sleep 0.05; done`

describe.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
  'the view of networks (needs root on Linux)',
  () => {
    test('a namespace that is empty, a cable, and its end pushed through the wall', async () => {
      const [empty, alone, coiled, pushed, up] = await pictures(
        room,
        'ip link add lc-out type veth peer name lc-in',
        'ip link set lc-in netns $pid; ip link set lc-out up; ip addr add 10.77.0.1/24 dev lc-out',
        `nsenter --target $pid --net sh -c 'ip link set lo up; ip link set lc-in up; ip addr add 10.77.0.2/24 dev lc-in'
ping -c 2 -i 0.2 -W 2 10.77.0.2 > /dev/null`,
      )
      expect(empty?.rooms).toEqual([])
      expect(alone?.rooms).toMatchObject([{ letter: 'A', way: { reach: 'nowhere' } }])
      expect(alone?.sample.focus).toBe(alone?.rooms[0]?.space.id)
      expect(coiled?.cables).toMatchObject([
        { a: { space: { id: coiled?.host.id } }, b: { space: { id: coiled?.host.id } }, live: false },
      ])
      expect(pushed?.cables).toMatchObject([
        {
          a: { at: { name: 'lc-out', state: 'LOWERLAYERDOWN', addresses: ['10.77.0.1/24'] } },
          b: { at: { name: 'lc-in', up: false }, space: { id: pushed?.rooms[0]?.space.id } },
          live: false,
        },
      ])
      expect(pushed?.rooms[0]?.way.reach).toBe('unplugged')
      expect(up?.cables[0]).toMatchObject({ live: true, b: { at: { addresses: ['10.77.0.2/24'] } } })
      expect(up?.cables[0]?.forth).toBeGreaterThan(0)
      expect(up?.cables[0]?.back).toBeGreaterThan(0)
      expect(up?.rooms[0]?.way.reach).toBe('neighbours')
      expect(escaped()).toEqual([])
    })

    test('two containers on a bridge, the way out with another address, and a published port', async () => {
      // The world is a namespace, too, at the other end of the machine's eth0.
      const [, bridged, opened] = await pictures(
        `ip link add br0 type bridge; ip addr add 172.18.0.1/16 dev br0; ip link set br0 up
ip netns add world; ip link add eth0 type veth peer name card netns world
ip -n world addr add 192.0.2.1/24 dev card; ip -n world link set card up
ip addr add 192.0.2.2/24 dev eth0; ip link set eth0 up; ip route add default via 192.0.2.1
sysctl -q net.ipv4.ip_forward=0
n=1; for name in web "data base"; do
  ip netns add "$name"; n=$((n + 1))
  ip link add veth$n type veth peer name eth0 netns "$name"
  ip link set veth$n master br0 up; ip -n "$name" link set eth0 up
  ip -n "$name" addr add 172.18.0.$n/16 dev eth0; ip -n "$name" route add default via 172.18.0.1
done
ip link set veth3 alias "tocker: db"
until ip -j link show veth2 | grep -q '"UP"' && ip -j link show veth3 | grep -q '"UP"'; do sleep 0.05; done`,
        `sysctl -q net.ipv4.ip_forward=1
nft -f - <<'END'
table ip lc-view {
  chain out {
    type nat hook postrouting priority srcnat
    ip saddr 172.18.0.0/16 oifname != "br0" counter masquerade
  }
  chain in {
    type nat hook prerouting priority dstnat
    fib daddr type local tcp dport 8080 dnat to 172.18.0.2:80
  }
}
END
ip netns exec web ping -c 3 -i 0.1 -W 2 192.0.2.1 > /dev/null`,
      )
      expect(bridged?.rooms.map(({ name }) => name)).toEqual(['world', 'web', 'tocker: db'])
      expect(bridged?.rooms[1]?.way).toMatchObject({ reach: 'stopped', bridge: { name: 'br0' } })
      expect(bridged?.cables).toMatchObject([
        { a: { at: { name: 'veth2', master: 'br0' } }, b: { space: { name: 'web' } }, live: true },
        { a: { at: { name: 'veth3', master: 'br0' } }, b: { space: { name: 'data base' } }, live: true },
        { a: { at: { name: 'eth0' } }, b: { space: { name: 'world' } }, live: true },
      ])
      expect(opened?.rooms.map(({ way }) => way)).toMatchObject([
        { reach: 'neighbours' },
        { reach: 'outside', out: 'eth0', as: '192.0.2.2', gateway: '172.18.0.1' },
        { reach: 'outside', as: '192.0.2.2' },
      ])
      expect(opened?.sample.publications).toEqual([
        { protocol: 'tcp', port: '8080', to: '172.18.0.2', toPort: '80' },
      ])
      expect(opened?.forwarded).toBeGreaterThan(0)
      expect(escaped()).toEqual([])
    })
  },
)
