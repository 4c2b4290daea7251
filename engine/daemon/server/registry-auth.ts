// X-Registry-Auth: who the user is at a registry, told with the one request that needs it;
// base64url of JSON. https://docs.docker.com/reference/api/engine/#authentication
import * as z from 'zod/mini'
import type { Credentials } from '../../distribution/credentials.ts'
import { EngineError } from '../../errors.ts'

export const authSchema = z.object({
  username: z.optional(z.string()),
  password: z.optional(z.string()),
  serveraddress: z.optional(z.string()),
  identitytoken: z.optional(z.string()),
  registrytoken: z.optional(z.string()),
})

/** @returns undefined for nobody. @throws EngineError `invalid` */
export function credentialsOf(header: string | string[] | undefined): Credentials | undefined {
  if (header === undefined || header === '') return undefined
  const result = authSchema.safeParse(json(String(header)))
  if (!result.success)
    throw new EngineError('invalid', 'invalid X-Registry-Auth header: it is no JSON in base64url')
  return credentialsFrom(result.data)
}

export function credentialsFrom(auth: z.infer<typeof authSchema>): Credentials | undefined {
  const { username, password, identitytoken, registrytoken } = auth
  const credentials = {
    ...(username ? { username } : {}),
    ...(password ? { password } : {}),
    ...(identitytoken ? { identityToken: identitytoken } : {}),
    ...(registrytoken ? { registryToken: registrytoken } : {}),
  }
  return Object.keys(credentials).length === 0 ? undefined : credentials
}

function json(header: string): unknown {
  try {
    return JSON.parse(Buffer.from(header, 'base64url').toString())
  } catch {
    return undefined
  }
}
