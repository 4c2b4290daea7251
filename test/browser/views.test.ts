// The live views in a real browser, drawn from what the real VM says: their text,
// both themes, three sizes of screen, and axe.
//
// Lessons show namespaces and a cgroup. The other views stand in the place of the
// first: the page's WebSocket is led through here, and samples that the VM gave
// for them take the place of those that it asked for.
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import { type Browser, chromium, type Page, type WebSocketRoute } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { WatchView } from '../../lessons/format/lesson.ts'
import { sample as watchSamples } from '../../lessons/player/watch/sampler.ts'
import type { Sample } from '../../lessons/player/watch/samples.ts'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import type { Sandbox } from '../../sandbox-vm/sandbox.ts'
import { type Site, startSite } from '../../site/server/server.ts'
import { openVm } from '../suites/vm.ts'

const executablePath =
  ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
    existsSync(path),
  ) ?? ''
const block = 'enter/watch-1'
let site: Site
let vm: Sandbox
let browser: Browser
let page: Page
let shots: string
let route: WebSocketRoute | undefined
/** Whether the page gets no samples but ours. */
let ours = false

beforeAll(async () => {
  shots = process.env.LEARN_CONTAINERS_SCREENSHOTS ?? (await mkdtemp(join(tmpdir(), 'lc-shots-')))
  site = await startSite({ root: join(packageRoot(), 'dist/site'), port: 0, open: openVm })
  vm = await site.sandbox
  const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking']
  browser = await chromium.launch({ executablePath, args })
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    reducedMotion: 'reduce',
  })
  page = await context.newPage()
  page.setDefaultTimeout(60_000)
  await page.routeWebSocket(/\/sandbox/, (socket) => {
    route = socket
    const server = socket.connectToServer()
    socket.onMessage((message) => server.send(message))
    server.onMessage((message) => {
      if (!ours || !String(message).includes('"type":"watch"')) socket.send(message)
    })
  })
  await page.goto(site.url)
})
afterAll(async () => {
  await vm
    ?.exec(
      `umount /root/views/merged; rm -rf /root/views; rmdir /sys/fs/cgroup/views/*/ /sys/fs/cgroup/views
ip netns del lc-web; ip netns del lc-db; ip link del lc-br0; nft delete table ip lc-view; sysctl -q net.ipv4.ip_forward=0`,
    )
    .catch(() => undefined)
  await browser?.close()
  await site?.close()
  if (!process.env.LEARN_CONTAINERS_SCREENSHOTS) await rm(shots, { recursive: true, force: true })
})

/** The first samples of a view; `between` is called after each. */
async function samplesOf(
  view: WatchView,
  args: Record<string, string>,
  count: number,
  between: (seen: number) => void = () => {},
): Promise<Sample[]> {
  const found: Sample[] = []
  const stop = new AbortController()
  const watched = { type: 'watch' as const, id: 'x', line: 1, markdown: '', view, args }
  // The session of the page's lesson, whose terminals are ours.
  const session = (await vm.exec('ls -t /run/lab | head -n 1')).stdout.trim()
  await watchSamples(vm, session, watched, stop.signal, (one) => {
    found.push(one)
    if (found.length >= count) stop.abort()
    else between(found.length)
  }).catch((error: unknown) => {
    if (!stop.signal.aborted) throw error
  })
  return found
}

function show(samples: readonly Sample[]): void {
  ours = true
  for (const one of samples)
    route?.send(JSON.stringify({ type: 'event', event: { type: 'watch', id: block, sample: one } }))
}

async function runStep(step: string): Promise<void> {
  for (const one of await page.locator(`#${step} .run`).all()) {
    await one.locator('.lab-button').click()
    await page.waitForSelector(`[data-block="${await one.getAttribute('data-block')}"][data-state=passed]`)
  }
}

/** Photographs the view at each size and theme, and asks axe about it. */
async function look(name: string): Promise<void> {
  for (const [width, height, place] of [
    [1280, 800, '.machine .live'],
    [1920, 1080, '.machine .live'],
    [360, 740, '.watch .live'],
  ] as const) {
    await page.setViewportSize({ width, height })
    const sheet = page.locator('.drawer[aria-expanded=true]')
    if (await sheet.isVisible()) await sheet.click()
    const live = page.locator(place).first()
    await live.scrollIntoViewIfNeeded()
    for (const theme of ['light', 'dark']) {
      await page.evaluate((to) => document.documentElement.classList.toggle('dark', to === 'dark'), theme)
      await page.waitForTimeout(200)
      await live.screenshot({ path: join(shots, `view-${name}-${width}-${theme}.png`) })
      const { violations } = await new AxeBuilder({ page }).include(place).analyze()
      const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
      expect(
        serious.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`),
        `${name} ${width} ${theme}`,
      ).toEqual([])
    }
    expect(await page.evaluate(() => document.documentElement.scrollWidth), name).toBeLessThanOrEqual(width)
    const wider = await live.evaluate((figure) => figure.scrollWidth - figure.clientWidth)
    expect(wider, `${name} ${width}`).toBeLessThanOrEqual(0)
  }
  await page.setViewportSize({ width: 1280, height: 800 })
}

test('namespaces: the host’s lanes run down, and what is its own is a block with a letter', async () => {
  await page.goto(`http://127.0.0.1:${site.port}/lessons/unshare-pid`)
  await page.waitForSelector('.bar[data-state=ready]')
  await runStep('break-it')
  await runStep('enter')
  const inner = page.locator('.machine .live [data-process]', { hasText: /^[^a-z]*bash.*PID 1 ←/s }).first()
  await inner.waitFor()
  expect(await inner.locator('td.own').allTextContents()).toEqual([
    expect.stringMatching(/mnt: own, [A-Z], \d+/),
    expect.stringMatching(/pid: own, [A-Z], \d+/),
  ])
  expect(await inner.locator('td.host').count()).toBe(6)
  const width = (kind: string) =>
    inner
      .locator(`td.${kind} > i`)
      .first()
      .evaluate((lane) => lane.getBoundingClientRect().width)
  expect(await width('own')).toBeGreaterThan(4 * (await width('host')))
  await page
    .locator('.machine .live .told', { hasText: 'bash has mnt, pid of its own, and shares 6 with the host.' })
    .waitFor()
  await look('namespaces')
})

test('processes: two numbers in one row, and nothing where the container sees nothing', async () => {
  const terminals = (await vm.exec('ls -d /run/lab/*/terminals | head -n 1')).stdout.trim()
  const pid = (
    await vm.exec(`ps -o pid= --ppid $(pgrep -P $(cat ${terminals}/inside) unshare)`)
  ).stdout.trim()
  const found = await samplesOf('processes', { pid }, 1)
  show(found)
  const inner = page.locator(`.machine .live [data-process="${pid}"]`)
  await inner.locator('.first', { hasText: /^1$/ }).waitFor()
  expect(await page.locator('.machine .live .unseen').count()).toBeGreaterThan(0)
  await look('processes')
})

test('cgroups: weights of 2 to 1 are bars of 2 to 1', async () => {
  const path = '/sys/fs/cgroup/views'
  await vm.exec(`mkdir -p ${path}; echo '+cpu +memory +pids' > ${path}/cgroup.subtree_control
mkdir -p ${path}/large ${path}/small; echo 50 > ${path}/small/cpu.weight; echo 40M > ${path}/memory.max
for g in large small; do
  # On one CPU, and that after the move: a cpuset that is entered sets the CPUs anew.
  setsid sh -c 'echo $$ > "$1/cgroup.procs"; exec taskset 1 sh -c "while :; do :; done"' sh ${path}/$g < /dev/null > /dev/null 2>&1 &
done`)
  const found = await samplesOf('cgroup', { path }, 8)
  await vm.exec(`echo 1 > ${path}/cgroup.kill`)
  show(found)
  const width = (name: string) =>
    page
      .locator(`.machine .live [data-child=${name}] .bar i`)
      .evaluate((bar) => bar.getBoundingClientRect().width)
  await expect.poll(() => width('large')).toBeGreaterThan(20)
  const ratio = (await width('large')) / (await width('small'))
  expect(ratio).toBeGreaterThan(1.5)
  expect(ratio).toBeLessThan(3.5)
  await look('cgroup')
})

test('networks: a cable to each room, the way out is lit, and a door leads to its room', async () => {
  await vm.exec(`ip link add lc-br0 type bridge; ip addr add 172.18.0.1/16 dev lc-br0; ip link set lc-br0 up
for n in 2:web 3:db; do
  ip netns add lc-\${n#*:}; ip link add v-\${n#*:} type veth peer name eth0 netns lc-\${n#*:}
  ip link set v-\${n#*:} master lc-br0 up; ip -n lc-\${n#*:} link set eth0 up
  ip -n lc-\${n#*:} addr add 172.18.0.\${n%:*}/16 dev eth0; ip -n lc-\${n#*:} route add default via 172.18.0.1
done
sysctl -q net.ipv4.ip_forward=1
nft -f - <<'END'
table ip lc-view {
  chain out {
    type nat hook postrouting priority srcnat
    ip saddr 172.18.0.0/16 oifname != "lc-br0" masquerade
  }
  chain in {
    type nat hook prerouting priority dstnat
    fib daddr type local tcp dport 8080 dnat to 172.18.0.2:80
  }
}
END`)
  const found = await samplesOf('network', {}, 3, (seen) => {
    if (seen === 1) void vm.exec('ip netns exec lc-web ping -c 40 -i 0.1 10.0.2.2')
  })
  show(found)
  const live = page.locator('.machine .live')
  await live.locator('[data-room=lc-web] [data-interface=eth0]', { hasText: '172.18.0.2/16' }).waitFor()
  // Nobody's way is lit, until one is chosen: by the keyboard.
  const lit = () => live.locator('.wire.lit').count()
  expect(await lit()).toBe(0)
  await live.locator('[data-room=lc-web] button').focus()
  await page.keyboard.press('Enter')
  await expect.poll(lit).toBe(4)
  await live
    .locator('[data-told]', { hasText: 'lc-web gets out by eth0, and is 10.0.2.15 out there.' })
    .waitFor()
  // The wire's end is at the plug in the room's wall.
  const letter = await live.locator('[data-room=lc-web]').getAttribute('data-letter')
  const path = await live.locator(`[data-wire*="/"][data-letter=${letter}] .wire`).getAttribute('d')
  const plug = await live.locator('[data-room=lc-web] .plug').evaluate((one) => {
    const [box, map] = [one.getBoundingClientRect(), one.closest('.map')?.getBoundingClientRect()]
    return { x: box.x + box.width / 2 - (map?.x ?? 0), y: box.y + box.height / 2 - (map?.y ?? 0) }
  })
  const [x = 0, y = 0] = path?.split(' ').slice(-2).map(Number) ?? []
  expect(Math.hypot(x - plug.x, y - plug.y)).toBeLessThan(2)
  // Packets move in its cable, and through the gate; in words, too.
  expect(await live.locator('.packets').count()).toBeGreaterThan(2)
  expect(await live.locator('[data-cable]', { hasText: 'eth0 in lc-web' }).textContent()).toMatch(
    /v-web, port of lc-br0 in the machine to eth0 in lc-web: up, \d+ packets? a second/,
  )
  expect(await live.locator('[data-door=":8080"]').textContent()).toContain(
    ':8080 leads to 172.18.0.2:80 lc-web',
  )
  expect(await live.locator('[data-mask]').textContent()).toContain('172.18.0.0/16 leaves as 10.0.2.15')
  await look('network')
})

test('layers: whiteouts, what is hidden, and a copy-up as it happens', async () => {
  await vm.exec(`mkdir -p /root/views/lower /root/views/lower2/old /root/views/upper /root/views/work /root/views/merged
cd /root/views; echo a > lower/gone; echo b > lower2/old/b; echo c > lower2/kept; head -c 300000 /dev/zero > lower/big
mount -t overlay overlay -o lowerdir=lower:lower2,upperdir=upper,workdir=work merged
cd merged; rm gone; rm -r old; mkdir old; touch "$(printf 'two\\n--- end\\033[31m')"`)
  const found = await samplesOf('layers', { path: '/root/views/merged' }, 2, () => {
    void vm.exec('echo >> /root/views/merged/big')
  })
  show(found)
  const live = page.locator('.machine .live')
  await live.locator('.copies', { hasText: 'copied up: big, 293 KiB' }).waitFor()
  const upper = live.locator('[data-layer=upper]')
  expect(await upper.locator('.whiteout').textContent()).toMatch(/gone\s*✕ whiteout/)
  expect(await upper.locator('.opaque').textContent()).toMatch(/old\/\s*▧ opaque/)
  expect(await live.locator('.layer .hidden .label').allTextContents()).toEqual([
    'big',
    'gone',
    'old/',
    'old/b',
  ])
  expect(await live.locator('.merged li').allTextContents()).toEqual(
    expect.arrayContaining([expect.stringContaining('two\\n--- end\\e[31m')]),
  )
  await look('layers')
})
