// ~/.docker/config.json: read as Docker's client reads it, written so that nothing else
// in it is lost; and helpers, by a real program that speaks their protocol.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { CredentialStore, usersCredentials } from '../../../../engine/distribution/credentials.ts'
import { login, logout } from '../../../../engine/distribution/login.ts'
import { TestRegistry } from '../../../suites/test-registry.ts'

const hubServer = 'https://index.docker.io/v1/'
let directory: string
let store: CredentialStore

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lc-credentials-'))
  vi.stubEnv('DOCKER_CONFIG', directory)
  store = new CredentialStore()
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(directory, { recursive: true })
})

const write = (value: object): void => writeFileSync(join(directory, 'config.json'), JSON.stringify(value))
const read = (): Record<string, unknown> => JSON.parse(readFileSync(join(directory, 'config.json'), 'utf8'))
const base64 = (text: string): string => Buffer.from(text).toString('base64')

/** A helper that keeps things in a file, and writes down what it was asked. */
function installHelper(name: string): void {
  const path = join(directory, `docker-credential-${name}`)
  writeFileSync(
    path,
    `#!/bin/sh
at=${directory}/kept-${name}
echo "$1" >> ${directory}/asked
case $1 in
  store) cat > $at ;;
  get) cat > /dev/null; [ -e $at ] && cat $at || { echo "credentials not found in native keychain"; exit 1; } ;;
  erase) cat > /dev/null; rm $at ;;
  list) [ -e $at ] && echo '{"a.example":"mia"}' || echo '{}' ;;
esac
`,
  )
  chmodSync(path, 0o755)
  vi.stubEnv('PATH', `${directory}:${process.env.PATH}`)
}

describe('the file', () => {
  test('need not be there', () => {
    expect(store.get('a.example')).toBeUndefined()
    expect(store.list()).toEqual({})
    expect(store.erase('a.example')).toBe(false)
    expect(existsSync(store.path)).toBe(false)
  })
  test.each<[object, string, object | undefined]>([
    [{ auth: base64('mia:se:cret') }, 'a.example', { username: 'mia', password: 'se:cret' }],
    [{ username: 'mia', password: 'x' }, 'a.example', { username: 'mia', password: 'x' }],
    [
      { auth: base64('mia:'), identitytoken: 't' },
      'a.example',
      { username: 'mia', password: '', identityToken: 't' },
    ],
    [{ identitytoken: 't' }, 'a.example', { identityToken: 't' }],
    [{ registrytoken: 't' }, 'a.example', { registryToken: 't' }],
    [{}, 'a.example', undefined],
    [{ auth: base64('mia:x') }, 'b.example', undefined],
    [{ auth: base64('mia:x') }, 'a.example:5000', undefined],
  ])('%j', (entry, server, expected) => {
    write({ auths: { 'a.example': entry } })
    expect(store.get(server)).toEqual(expected)
  })
  test('has entries of old clients', () => {
    write({
      auths: { 'https://a.example/v1/': { auth: base64('mia:x') }, [hubServer]: { auth: base64('u:p') } },
    })
    expect(store.get('a.example')?.username).toBe('mia')
    expect(usersCredentials(store)('docker.io')).toEqual({ username: 'u', password: 'p' })
    expect(store.list()).toEqual({ 'https://a.example/v1/': 'mia', [hubServer]: 'u' })
  })
  test('keeps what it does not know, and is for its owner alone', () => {
    write({ auths: { 'b.example': { auth: base64('b:b'), x: 1 } }, HttpHeaders: { a: 'b' }, plugins: [1] })
    chmodSync(store.path, 0o644)
    expect(store.store('a.example', { username: 'mia', password: 'x' })).toBeUndefined()
    expect(read()).toEqual({
      auths: { 'b.example': { auth: base64('b:b'), x: 1 }, 'a.example': { auth: base64('mia:x') } },
      HttpHeaders: { a: 'b' },
      plugins: [1],
    })
    expect(statSync(store.path).mode & 0o777).toBe(0o600)
    expect(readdirSync(directory)).toEqual(['config.json'])
    expect(store.erase('a.example')).toBe(true)
    expect(store.erase('a.example')).toBe(false)
    expect(read().auths).toEqual({ 'b.example': { auth: base64('b:b'), x: 1 } })
  })
  test('may be a link', () => {
    mkdirSync(join(directory, 'dotfiles'))
    writeFileSync(join(directory, 'dotfiles/docker.json'), '{"a":1}')
    symlinkSync('dotfiles/docker.json', store.path)
    store.store('a.example', { username: 'mia', identityToken: 't' })
    expect(JSON.parse(readFileSync(join(directory, 'dotfiles/docker.json'), 'utf8'))).toEqual({
      a: 1,
      auths: { 'a.example': { auth: base64('mia:'), identitytoken: 't' } },
    })
    expect(readdirSync(join(directory, 'dotfiles'))).toEqual(['docker.json'])
  })
  test.each(['{', '[]', '{"auths":[]}', '{"credsStore":1}'])('with %s in it is left as it is', (text) => {
    writeFileSync(store.path, text)
    expect(() => store.get('a.example')).toThrow(/is no configuration of a Docker client/)
    expect(() => store.store('a.example', {})).toThrow(/is no configuration of a Docker client/)
    expect(readFileSync(store.path, 'utf8')).toBe(text)
  })
  test('an entry that is damaged is told, without what is in it', () => {
    write({ auths: { 'a.example': { auth: '%%%secret' } } })
    expect(() => store.get('a.example')).toThrow(
      'the login for a.example in config.json is damaged: log in again',
    )
  })
  test('what goes in comes out', () => {
    const user = fc.string({ minLength: 1 }).filter((text) => !/[:\0]/.test(text))
    fc.assert(
      fc.property(
        user,
        fc.string().filter((text) => !text.includes('\0')),
        (username, password) => {
          store.store('a.example', { username, password })
          expect(store.get('a.example')).toEqual({ username, password })
        },
      ),
      { numRuns: 25 },
    )
  })
})

describe('helpers', () => {
  test('keep passwords, and the file has none', () => {
    installHelper('test')
    write({ credsStore: 'test' })
    expect(store.get('a.example')).toBeUndefined()
    expect(store.store('a.example', { username: 'mia', password: 'secret' })).toBe('test')
    expect(read()).toEqual({ credsStore: 'test', auths: { 'a.example': {} } })
    expect(store.get('a.example')).toEqual({ username: 'mia', password: 'secret' })
    expect(store.list()).toEqual({ 'a.example': 'mia' })
    store.store('a.example', { username: 'mia', identityToken: 'token' })
    expect(store.get('a.example')).toEqual({ identityToken: 'token' })
    expect(store.erase('a.example')).toBe(true)
    expect(store.get('a.example')).toBeUndefined()
    expect(read()).toEqual({ credsStore: 'test', auths: {} })
  })
  test('can be for one registry', () => {
    installHelper('one')
    write({ credHelpers: { 'a.example': 'one' }, auths: { 'b.example': { auth: base64('b:b') } } })
    store.store('a.example', { username: 'mia', password: 'x' })
    expect(store.get('b.example')).toEqual({ username: 'b', password: 'b' })
    expect(store.get('a.example')).toEqual({ username: 'mia', password: 'x' })
  })
  test('that are missing, fail, or talk nonsense', () => {
    write({ credsStore: 'missing' })
    expect(() => store.get('a')).toThrow('the program docker-credential-missing is not installed')
    write({ credsStore: '../../bin/sh' })
    expect(() => store.get('a')).toThrow(/is no name of a credential helper/)
    installHelper('bad')
    write({ credsStore: 'bad' })
    writeFileSync(join(directory, 'docker-credential-bad'), '#!/bin/sh\necho "keyring is locked"; exit 1\n')
    expect(() => store.get('a')).toThrow('docker-credential-bad get: keyring is locked')
    writeFileSync(join(directory, 'docker-credential-bad'), '#!/bin/sh\necho hello\n')
    expect(() => store.get('a')).toThrow('docker-credential-bad does not answer by its protocol')
  })
})

test('login keeps what the registry takes, and nothing else; logout forgets it', async () => {
  await using registry = await TestRegistry.open({ users: { mia: 'secret' }, auth: 'token' })
  await expect(login(registry.host, { username: 'mia', password: 'x' }, { store })).rejects.toThrow(/login/)
  expect(store.list()).toEqual({})
  await login(registry.host, { username: 'mia', password: 'secret' }, { store })
  expect(JSON.stringify(read())).not.toContain('secret')
  expect(store.get(registry.host)).toEqual({ username: 'mia', password: '', identityToken: 'identity-mia' })
  expect(logout(registry.host, store)).toBe(true)
  expect(logout(registry.host, store)).toBe(false)
})
