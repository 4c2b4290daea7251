// tockerd over TCP and TLS, and whoever comes to it: `tocker` by flags and by Docker's variables, the
// stock client, and those with a wrong certificate, who read in one line what is wrong. Needs root.
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import { type Authority, makeAuthority } from '../suites/certificates.ts'
import { Tockerd } from '../suites/tockerd.ts'

const isRoot = process.platform === 'linux' && process.getuid?.() === 0

describe.runIf(isRoot)('TLS (needs root)', () => {
  let tockerd: Tockerd
  let host: string
  let plain: string
  let us: Authority
  let others: Authority
  const at = (...names: string[]): string => join(tockerd.directory, ...names)
  beforeAll(async () => {
    tockerd = await Tockerd.open()
    us = makeAuthority(at('us'))
    others = makeAuthority(at('others'))
    certificates('good', us, us)
    certificates('stranger', us, others)
    certificates('elsewhere', others, us)
    const [first, second] = [await freePort(), await freePort()]
    host = `tcp://127.0.0.1:${first}`
    plain = `tcp://127.0.0.1:${second}`
    await restart([`--host=${host}`, '--tlsverify'])
  })
  afterAll(() => tockerd[Symbol.asyncDispose]())

  async function restart(flags: string[]): Promise<void> {
    await tockerd.stop()
    const { cert, key } = us.files
    const files = [`--tlscacert=${at('good/ca.pem')}`, `--tlscert=${cert}`, `--tlskey=${key}`]
    await tockerd.start(['--storage-driver=vfs', ...files, ...flags])
  }

  /** A directory as DOCKER_CERT_PATH names it. */
  function certificates(name: string, server: Authority, client: Authority): void {
    mkdirSync(at(name))
    writeFileSync(at(name, 'ca.pem'), server.ca)
    writeFileSync(at(name, 'cert.pem'), client.client.cert)
    writeFileSync(at(name, 'key.pem'), client.client.key)
  }
  const tocker = async (words: string[], env: Record<string, string> = {}, input = '') => {
    const { exitCode, stdout, stderr } = await execa(
      process.execPath,
      [join(packageRoot(), 'dist/tocker.mjs'), ...words],
      { reject: false, input, env: { DOCKER_CONFIG: at('config'), ...env } },
    )
    return { exitCode, stdout, stderr }
  }
  const by = (name: string) => ({ DOCKER_HOST: host, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: at(name) })
  const flags = (name: string): string[] => [
    ...['-H', host, '--tlsverify', '--tlscacert', at(name, 'ca.pem')],
    ...['--tlscert', at(name, 'cert.pem'), '--tlskey', at(name, 'key.pem')],
  ]

  test('with good certificates everything works, streams that are no HTTP any more among it', async () => {
    expect(await tocker(['version', '--format', '{{.Server.Os}}'], by('good'))).toMatchObject({
      stdout: 'linux',
    })
    const run = [
      'run',
      '-i',
      '--rm',
      '--network',
      'none',
      'busybox',
      'sh',
      '-c',
      'tr a-z A-Z; echo err >&2; exit 3',
    ]
    const said = { exitCode: 3, stdout: 'HELLO', stderr: 'err' }
    expect(await tocker(run, by('good'), 'hello')).toMatchObject(said)
    expect(await tocker([...flags('good'), ...run], {}, 'hello')).toMatchObject(said)
    const docker = await execa('docker', run, { reject: false, input: 'hello', env: { ...by('good') } })
    expect(docker).toMatchObject(said)
    // Whoever does not ask who it is may come, too, if the daemon knows him.
    expect(
      await tocker(['--tls', 'version', '-f', '{{.Server.Os}}'], {
        ...by('elsewhere'),
        DOCKER_TLS_VERIFY: '',
      }),
    ).toMatchObject({ stdout: 'linux' })
  })

  test('a context of the stock client is one of ours', async () => {
    const files = ['ca', 'cert', 'key'].map((name) => `${name}=${at('good', `${name}.pem`)}`).join(',')
    const env = { DOCKER_CONFIG: at('contexts') }
    await execa('docker', ['context', 'rm', '-f', 'remote'], { env })
    await execa('docker', ['context', 'create', 'remote', '--docker', `host=${host},${files}`], { env })
    const version = ['version', '-f', '{{.Server.Os}}']
    expect(await tocker(['-c', 'remote', ...version], env)).toMatchObject({ stdout: 'linux' })
    await execa('docker', ['context', 'use', 'remote'], { env })
    expect(await tocker(version, env)).toMatchObject({ stdout: 'linux' })
    await refused(tocker(['-c', 'nope', ...version], env), 'context "nope": context not found')
  })

  /** @param reason the whole line, after its address */
  const refused = async (
    answer: Promise<{ exitCode?: number | undefined; stderr: string }>,
    reason: string,
  ) => {
    const { exitCode, stderr } = await answer
    expect(exitCode).toBe(1)
    expect(stderr.split('\n')).toHaveLength(1)
    expect(stderr).toContain(reason)
  }

  test('without a certificate, or with one of somebody else', async () => {
    mkdirSync(at('none'), { recursive: true })
    copyFileSync(at('good/ca.pem'), at('none/ca.pem'))
    await refused(tocker(['ps'], by('none')), 'it wants a certificate of yours: --tlscert and --tlskey')
    await refused(tocker(['ps'], by('stranger')), 'it does not accept your certificate')
  })

  test('a daemon that is not the one', async () => {
    await refused(
      tocker(['ps'], by('elsewhere')),
      'its certificate is not signed by an authority that you trust',
    )
    mkdirSync(at('no-ca'), { recursive: true })
    for (const name of ['cert.pem', 'key.pem']) copyFileSync(at('good', name), at('no-ca', name))
    await refused(tocker(['ps'], by('no-ca')), 'its certificate is not signed by an authority that you trust')
    // An address of ours that its certificate does not have.
    const named = { ...by('good'), DOCKER_HOST: host.replace('127.0.0.1', '127.0.0.2') }
    await restart([`--host=${named.DOCKER_HOST}`, `--host=${host}`, '--tlsverify'])
    await refused(tocker(['ps'], named), 'its certificate is for another name')
  })

  test('files that are no certificates', async () => {
    certificates('bad', us, us)
    writeFileSync(at('bad/cert.pem'), 'nothing')
    await refused(tocker(['ps'], by('bad')), `${at('bad/cert.pem')} is no certificate`)
    certificates('mixed', us, us)
    writeFileSync(at('mixed/key.pem'), others.client.key)
    await refused(tocker(['ps'], by('mixed')), 'is not that of the certificate')
    await refused(
      tocker([...flags('good'), '--tlskey', '/nowhere', 'ps']),
      'could not read the TLS file /nowhere',
    )
  })

  test('TLS on one side alone', async () => {
    await refused(tocker(['-H', host, 'ps']), 'perhaps it speaks TLS: --tlsverify')
    await tockerd.stop()
    await tockerd.start(['--storage-driver=vfs', `--host=${plain}`])
    await refused(tocker(['ps'], { ...by('good'), DOCKER_HOST: plain }), 'it does not speak TLS')
    expect(await tocker(['-H', plain, 'version', '-f', '{{.Server.Os}}'])).toMatchObject({ stdout: 'linux' })
  })
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}
