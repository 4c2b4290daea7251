// A container made by the daemon, and its image pulled first when that is what it takes:
// what `run` and `create` have in common.
import { existsSync, writeFileSync } from 'node:fs'
import { EngineError } from '../../errors.ts'
import { type Flags, UsageError } from '../flags.ts'
import type { Context } from '../verb.ts'
import { type CreateWords, createBody } from './create-body.ts'

type PullPolicy = 'always' | 'missing' | 'never'

/** @returns its id; warnings are told @throws UsageError, and EngineError in the daemon's words */
export async function makeContainer(context: Context, flags: Flags, words: CreateWords): Promise<string> {
  const { client, streams } = context
  const body = createBody(flags, words)
  const policy = flags.value('pull', parsePolicy) ?? 'missing'
  const cidfile = flags.text('cidfile')
  if (cidfile !== undefined && existsSync(cidfile))
    throw new UsageError(
      `container ID file found, make sure the other container isn't running or delete ${cidfile}`,
    )
  const platform = flags.text('platform')
  const request = () =>
    client.json<{ Id: string; Warnings: string[] | null }>({
      method: 'POST',
      path: '/containers/create',
      query: { name: flags.text('name'), platform: platform?.toLowerCase() },
      body,
    })
  const pull = async (): Promise<void> => {
    // Loaded now: mostly the image is here, and nobody's credentials are needed.
    const { pullFor } = await import('../pull-image.ts')
    await pullFor(context, words.image, { platform, quiet: flags.on('quiet'), missing: policy === 'missing' })
  }
  if (policy === 'always') await pull()
  const { Id, Warnings } = await request().catch(async (error: unknown) => {
    if (policy !== 'missing' || !isNoImage(error)) throw error
    await pull()
    return request()
  })
  for (const warning of Warnings ?? []) streams.err(`WARNING: ${warning}\n`)
  if (cidfile !== undefined) writeFileSync(cidfile, Id, { flag: 'wx' })
  return Id
}

/** A network or a container that is named and missing is not-found, too. */
function isNoImage(error: unknown): boolean {
  return (
    error instanceof EngineError &&
    error.kind === 'not-found' &&
    /no such image|was found but does not match/i.test(error.message)
  )
}

function parsePolicy(text: string): PullPolicy {
  if (text !== 'always' && text !== 'missing' && text !== 'never')
    throw new RangeError(`invalid pull option: '${text}': must be one of "always", "missing" or "never"`)
  return text
}
