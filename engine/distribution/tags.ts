// Which tags a repository has: a list in pages.
//
//   GET /v2/<repository>/tags/list          {"name":"app","tags":["1.0","1.1"]}
//   Link: </v2/app/tags/list?last=1.1&n=2>; rel="next"
import * as z from 'zod/mini'
import { formatReference, type Reference } from '../graph/reference.ts'
import { atRegistry, pullScope, type RegistryClient } from './client.ts'
import type { RegistryOptions } from './registry.ts'

const tagsSchema = z.object({ tags: z.optional(z.nullable(z.array(z.string()))) })

/** @returns in the registry's order. @throws EngineError `not-found` without such a repository */
export function listTags(
  reference: Reference,
  { registry, signal }: { registry: RegistryOptions; signal?: AbortSignal },
): Promise<string[]> {
  return atRegistry(reference.domain, 'pull', registry, signal, (client) => tagsAt(client, reference))
}

/** The same, in a conversation that is under way. */
export async function tagsAt(client: RegistryClient, reference: Reference): Promise<string[]> {
  const { domain, path } = reference
  const what = `repository ${formatReference({ domain, path }, 'familiar')}`
  const call = {
    method: 'GET',
    path: `/v2/${path}/tags/list`,
    scopes: [pullScope(path)],
  } as const
  const found: string[] = []
  for await (const { tags } of client.pages(what, call, tagsSchema)) found.push(...(tags ?? []))
  return found
}
