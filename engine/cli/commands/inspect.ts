// `tocker inspect`: everything that is known of containers, images, networks and volumes, as
// JSON or by a template.
import type { EngineClient } from '../../client/client.ts'
import { path } from '../../client/client.ts'
import { EngineError } from '../../errors.ts'
import { type Flags, UsageError } from '../flags.ts'
import { compileTemplate } from '../output/template/evaluate.ts'
import { userLine } from '../user-line.ts'
import type { Context, Verb } from '../verb.ts'
import { inspectFormatFlag } from './format-flag.ts'

/** In the order in which a name without a type is looked for. */
const kinds = {
  container: (name: string) => path('/containers/', name, '/json'),
  image: (name: string) => path('/images/', name, '/json'),
  network: (name: string) => path('/networks/', name),
  volume: (name: string) => path('/volumes/', name),
}
export type ObjectKind = keyof typeof kinds

export const verb: Verb = {
  usage: '[OPTIONS] NAME|ID [NAME|ID...]',
  flags: [
    inspectFormatFlag,
    { name: 'size', short: 's', help: 'Display total file sizes if the type is container' },
    {
      name: 'type',
      value: 'string',
      help: `Only inspect objects of the given type: ${Object.keys(kinds).join(', ')}`,
    },
  ],
  arity: [1, Number.POSITIVE_INFINITY],
  run: (context, flags, names) => {
    const type = flags.text('type') ?? ''
    if (type !== '' && !isKind(type))
      throw new UsageError(
        `"${type}" is not a valid value for --type: there are ${Object.keys(kinds).join(', ')}`,
        1,
      )
    return inspect(context, flags, names, type === '' ? undefined : type)
  },
}

function isKind(type: string): type is ObjectKind {
  return Object.hasOwn(kinds, type)
}

/** Prints what is found, tells of what is not, and has status 1 then: what scripts rely on. */
export async function inspect(
  { client, streams }: Context,
  flags: Flags,
  names: readonly string[],
  type?: ObjectKind,
  platform?: string,
): Promise<number> {
  const format = flags.text('format') ?? ''
  const print = format === 'json' || format === '' ? undefined : compileTemplate(format)
  const found: unknown[] = []
  const errors: string[] = []
  for (const name of names) {
    try {
      found.push(await find(client, name, type, { size: flags.has('size'), platform }))
    } catch (error) {
      errors.push(userLine(error))
    }
  }
  if (print) streams.out(found.map((one) => `${print(one)}\n`).join(''))
  else streams.out(`${JSON.stringify(found, undefined, format === 'json' ? undefined : 4)}\n`)
  streams.err(errors.join(''))
  return errors.length > 0 ? 1 : 0
}

async function find(
  client: EngineClient,
  name: string,
  type: ObjectKind | undefined,
  query: { size: boolean; platform: string | undefined },
): Promise<unknown> {
  if (type !== undefined) return client.json({ path: kinds[type](name), query })
  for (const target of Object.values(kinds)) {
    try {
      return await client.json({ path: target(name), query })
    } catch (error) {
      if (!(error instanceof EngineError) || error.kind !== 'not-found') throw error
    }
  }
  throw new EngineError('not-found', `No such object: ${name}`)
}
