// Rows of the database that cannot be read: the daemon starts, says which and what to do, and the
// others go on. Needs root.
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { NetworkStage } from '../suites/network-stage.ts'
import type { Tockerd } from '../suites/tockerd.ts'

const isRoot = process.platform === 'linux' && process.getuid?.() === 0

describe.runIf(isRoot)('damaged rows', () => {
  /** The daemon is down meanwhile. */
  async function damaged(tockerd: Tockerd, ...statements: string[]): Promise<void> {
    await tockerd.kill()
    {
      using database = new DatabaseSync(join(tockerd.directory, 'root/image/vfs/graph.db'))
      for (const statement of statements) expect(database.prepare(statement).run().changes).toBe(1)
    }
    await tockerd.start()
  }
  const warnings = ({ log }: Tockerd): string[] =>
    log.split('\n').flatMap((line) => (line.includes('damaged') ? [JSON.parse(line).msg] : []))

  test('of networks', async () => {
    await using stage = await NetworkStage.open([])
    const { tockerd } = stage
    const ok = (...words: string[]): Promise<string> => tockerd.ok(...words)
    for (const name of ['text', 'version', 'whole']) await ok('network', 'create', name)
    await ok('network', 'create', '--subnet', '10.77.0.0/16', 'subnet')
    await stage.sleeper('on-text', '--network', 'text')
    await stage.sleeper('on-version', '--network', 'version')
    await stage.sleeper('on-whole', '--network', 'whole')
    await stage.sleeper('on-bridge')
    const address = await ok(
      ...['inspect', '-f', '{{.NetworkSettings.Networks.bridge.IPAddress}}', 'on-bridge'],
    )
    await damaged(
      tockerd,
      `UPDATE network SET record = '{' WHERE name = 'text'`,
      `UPDATE network SET record = json_set(record, '$.version', 9) WHERE name = 'version'`,
      `UPDATE network SET record = json_set(record, '$.pools[0].Subnet', 'here') WHERE name = 'subnet'`,
      `UPDATE network SET record = '' WHERE name = 'bridge'`,
      `UPDATE network SET record = 'null' WHERE name = 'host'`,
    )
    const said = warnings(tockerd)
    for (const name of ['text', 'version', 'subnet'])
      expect(said.filter((line) => line.includes(`network ${name} `))).toEqual([
        expect.stringMatching(new RegExp(`is damaged.*docker network rm ${name}`)),
      ])
    for (const name of ['bridge', 'host'])
      expect(said.filter((line) => line.includes(`network ${name} `))).toEqual([
        expect.stringContaining('made anew'),
      ])

    // The others, and those that run, go on.
    expect((await ok('ps', '--format', '{{.Names}}')).split('\n').toSorted()).toEqual(
      ['on-bridge', 'on-text', 'on-version', 'on-whole'].toSorted(),
    )
    expect(await ok('exec', 'on-whole', 'sh', '-c', 'ping -c 1 -w 5 $(hostname)')).toContain('1 packets')
    await stage.sleeper('new', '--network', 'whole')
    expect(await ok('exec', 'new', 'ping', '-c', '1', '-w', '5', 'on-whole')).toContain('0% packet loss')
    await stage.sleeper('new-on-bridge')
    const ping = await ok('exec', 'new-on-bridge', 'ping', '-c', '1', '-w', '5', address)
    expect(ping).toContain('0% packet loss')
    await ok('run', '--rm', '--network', 'host', 'busybox', 'true')

    // Nobody comes to the damaged ones, and what to do is said.
    for (const name of ['text', 'version', 'subnet']) {
      const { exitCode, stderr } = await tockerd.docker(['run', '--rm', '--network', name, 'busybox', 'true'])
      expect(exitCode).toBe(125)
      expect(stderr).toMatch(new RegExp(`record of network ${name} .*damaged.*docker network rm ${name}`))
    }
    expect((await tockerd.docker(['network', 'create', 'text'])).stderr).toContain('already exists')
    await ok('rm', '-f', 'on-text', 'on-version')
    await ok('network', 'rm', 'text', 'version', 'subnet')
    for (const name of ['text', 'version']) await ok('network', 'create', name)
    await ok('run', '--rm', '--network', 'text', 'busybox', 'true')
    await damaged(tockerd)
    expect(warnings(tockerd)).toEqual(said)
    await stage.clear()
  })

  test('of endpoints, containers and volumes', async () => {
    await using stage = await NetworkStage.open([])
    const { tockerd } = stage
    const ok = (...words: string[]): Promise<string> => tockerd.ok(...words)
    await ok('volume', 'create', 'labels')
    await ok('volume', 'create', '-o', 'type=tmpfs', '-o', 'device=tmpfs', 'options')
    await stage.sleeper('port', '-p', '8080:80')
    await ok('create', '--name', 'text', '-v', 'labels:/a', 'busybox')
    const id = await ok('create', '--name', 'version', 'busybox')
    await stage.sleeper('runs')
    await stage.sleeper('whole')
    await damaged(
      tockerd,
      `UPDATE endpoint SET record = '[' WHERE json_array_length(record, '$.published') > 0`,
      `UPDATE container SET record = '{"version":' WHERE name = 'text'`,
      `UPDATE container SET record = json_set(record, '$.version', 9) WHERE name = 'version'`,
      `UPDATE container SET record = '7' WHERE name = 'runs'`,
      `UPDATE volume SET labels = '{' WHERE name = 'labels'`,
      `UPDATE volume SET options = '"no"' WHERE name = 'options'`,
    )
    const said = warnings(tockerd)
    for (const name of ['text', 'version', 'runs'])
      expect(said.filter((line) => line.includes(`container ${name} `))).toEqual([
        expect.stringMatching(new RegExp(`is damaged.*docker rm ${name}`)),
      ])
    for (const name of ['labels', 'options'])
      expect(said.filter((line) => line.includes(`volume ${name} `))).toHaveLength(1)

    expect((await ok('ps', '-a', '--format', '{{.Names}}')).split('\n').toSorted()).toEqual(['port', 'whole'])
    expect((await tockerd.docker(['start', 'text'])).stderr).toMatch(
      /container text .*damaged.*docker rm text/,
    )
    await ok('restart', '-t', '0', 'port')
    expect(await ok('port', 'port')).toContain('80/tcp -> 0.0.0.0:8080')
    expect((await ok('volume', 'ls', '-q')).split('\n').toSorted()).toEqual(['labels', 'options'])
    await ok('run', '--rm', '-v', 'labels:/a', 'busybox', 'touch', '/a/file')
    const refused = await tockerd.docker(['run', '--rm', '-v', 'options:/a', 'busybox', 'true'])
    expect(refused.stderr).toMatch(/volume options .*damaged/)
    await ok('rm', 'text', id.slice(0, 6))
    await ok('rm', '-f', 'runs')
    await ok('volume', 'rm', 'labels', 'options')
    await ok('create', '--name', 'text', 'busybox')
    await damaged(tockerd)
    expect(warnings(tockerd)).toEqual(said)
    await stage.clear()
  })
})
