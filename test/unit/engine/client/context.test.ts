// Contexts, in the files that Docker's own client makes of them.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findEndpoint } from '../../../../engine/client/endpoint.ts'
import { makeAuthority } from '../../../suites/certificates.ts'

const hasDocker = (() => {
  try {
    execFileSync('docker', ['context', 'ls'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

describe.runIf(hasDocker)('contexts', () => {
  let directory: string
  let env: Record<string, string>
  const docker = (...words: string[]): string =>
    execFileSync('docker', words, {
      env: { PATH: process.env.PATH, ...env },
      encoding: 'utf8',
      stdio: 'pipe',
    })
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'lc-context-'))
    env = { DOCKER_CONFIG: directory }
    const { ca, client } = makeAuthority(directory)
    for (const [name, text] of Object.entries({ ca, cert: client.cert, key: client.key }))
      writeFileSync(join(directory, `${name}.pem`), text)
    const files = ['ca', 'cert', 'key'].map((name) => `${name}=${join(directory, `${name}.pem`)}`).join(',')
    docker('context', 'create', 'here', '--docker', 'host=unix:///run/here.sock')
    docker('context', 'create', 'plain', '--docker', 'host=tcp://plain:1234')
    docker('context', 'create', 'secure', '--docker', `host=tcp://secure,${files}`)
    docker('context', 'create', 'odd', '--docker', 'host=tcp://odd:1,skip-tls-verify=true')
    docker('context', 'create', 'shell', '--docker', 'host=ssh://somebody@somewhere')
  })
  afterAll(() => rmSync(directory, { recursive: true }))

  test('by flag, by variable, or the current one', () => {
    const here = { kind: 'unix', path: '/run/here.sock' }
    const plain = { kind: 'tcp', host: 'plain', port: 1234 }
    expect(findEndpoint({ context: 'here' }, env)).toMatchObject(here)
    expect(findEndpoint({}, { ...env, DOCKER_CONTEXT: 'plain' })).toEqual({
      name: 'tcp://plain:1234',
      ...plain,
    })
    expect(findEndpoint({}, env)).toMatchObject({ path: '/run/tocker.sock' })
    docker('context', 'use', 'plain')
    expect(findEndpoint({}, env)).toMatchObject(plain)
    expect(findEndpoint({ context: 'here' }, { ...env, DOCKER_HOST: 'tcp://other' })).toMatchObject(here)
    // An address counts before a name that somebody chose once.
    for (const words of [
      { ...env, DOCKER_HOST: 'unix:///x' },
      { ...env, TOCKER_HOST: 'unix:///x' },
    ])
      expect(findEndpoint({}, { ...words, DOCKER_CONTEXT: 'here' })).toMatchObject({ path: '/x' })
    expect(findEndpoint({ host: 'unix:///x' }, { ...env, DOCKER_CONTEXT: 'here' })).toMatchObject({
      path: '/x',
    })
    expect(findEndpoint({ context: 'default' }, env)).toMatchObject({ path: '/run/tocker.sock' })
    docker('context', 'use', 'default')
    expect(findEndpoint({}, env)).toMatchObject({ path: '/run/tocker.sock' })
  })

  test('with its certificates', () => {
    expect(findEndpoint({ context: 'secure' }, env)).toMatchObject({
      ...{ host: 'secure', port: 2376 },
      tls: { verify: true, ca: readFileSync(join(directory, 'ca.pem')) },
    })
    expect(findEndpoint({ context: 'odd' }, env)).toMatchObject({ host: 'odd', tls: { verify: false } })
  })

  test('that are not there, or say nothing', () => {
    expect(() => findEndpoint({ context: 'nope' }, env)).toThrow(/context "nope": context not found/)
    expect(() => findEndpoint({}, { ...env, DOCKER_CONTEXT: 'nope' })).toThrow(/context not found/)
    expect(() => findEndpoint({ context: 'here', host: 'tcp://x' }, env)).toThrow(
      'conflicting options: cannot specify both --host and --context',
    )
    expect(() => findEndpoint({ context: 'shell' }, env)).toThrow(/there are unix:\/\/ and tcp:\/\//)
    const bad = join(directory, 'bad')
    mkdirSync(bad)
    writeFileSync(join(bad, 'config.json'), '{')
    expect(() => findEndpoint({}, { DOCKER_CONFIG: bad })).toThrow(/config.json cannot be read as JSON/)
  })
})
