// Passwords that are kept by a program: docker-credential-pass, -secretservice, -ecr-login …
//
// The protocol is one word on the command line, and a line or an object on its pipes:
//
//   echo https://index.docker.io/v1/ | docker-credential-pass get
//   {"ServerURL":"https://index.docker.io/v1/","Username":"mia","Secret":"…"}
//
// `store` takes that object on stdin, `erase` the server, `list` answers with an object
// of server and user. A failure is told on stdout, in plain words; some of the words are
// part of the protocol. Where Username is `<token>`, Secret is an identity token.
// https://github.com/docker/docker-credential-helpers
import * as z from 'zod/mini'
import { EngineError } from '../errors.ts'
import { converse } from '../syscalls/command.ts'
import type { Credentials } from './credentials.ts'
import { json, plain } from './errors.ts'

const answerSchema = z.object({ Username: z.string(), Secret: z.string() })
const listSchema = z.record(z.string(), z.string())

const tokenUser = '<token>'

/** @returns undefined when it knows nobody there */
export function helperGet(name: string, server: string): Credentials | undefined {
  const answer = ask(name, 'get', server, /credentials not found/i)
  if (answer === undefined) return undefined
  const { Username: username, Secret: secret } = parse(name, answerSchema, answer)
  return username === tokenUser ? { identityToken: secret } : { username, password: secret }
}

export function helperStore(name: string, server: string, credentials: Credentials): void {
  const { username = '', password = '', identityToken } = credentials
  const [user, secret] = identityToken === undefined ? [username, password] : [tokenUser, identityToken]
  ask(name, 'store', JSON.stringify({ ServerURL: server, Username: user, Secret: secret }))
}

export function helperErase(name: string, server: string): void {
  ask(name, 'erase', server, /credentials not found|not find|no such/i)
}

/** @returns users by server */
export function helperList(name: string): Record<string, string> {
  return parse(name, listSchema, ask(name, 'list', '') ?? '{}')
}

/** @returns undefined when it fails with the words that mean that there is nothing */
function ask(name: string, verb: string, input: string, nothing?: RegExp): string | undefined {
  // The name comes from config.json and becomes a program's: no path may hide in it.
  if (!/^[\w.-]+$/.test(name))
    throw new EngineError('invalid', `credsStore: ${JSON.stringify(name)} is no name of a credential helper`)
  const program = `docker-credential-${name}`
  const { status, stdout, stderr } = converse(program, [verb], input)
  if (status === 0) return stdout
  const words = plain(stdout || stderr) || `exit status ${status}`
  if (nothing?.test(words)) return undefined
  throw new EngineError('unavailable', `${program} ${verb}: ${words}`)
}

function parse<T>(name: string, schema: z.ZodMiniType<T>, text: string): T {
  const parsed = schema.safeParse(json(text))
  if (!parsed.success)
    throw new EngineError('unavailable', `docker-credential-${name} does not answer by its protocol`)
  return parsed.data
}
