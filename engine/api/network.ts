// Networks in Docker's API. Field names and types are Docker's:
// https://docs.docker.com/reference/api/engine/ (Network).

import * as z from 'zod/mini'
import { endpointSettingsSchema } from './endpoint.ts'
import { optional } from './host-config.ts'

export interface Network {
  Name: string
  Id: string
  /** RFC 3339. */
  Created: string
  Scope: 'local'
  Driver: string
  EnableIPv4: boolean
  EnableIPv6: boolean
  IPAM: { Driver: string; Options: Record<string, string> | null; Config: object[] | null }
  Internal: boolean
  Attachable: boolean
  Ingress: boolean
  ConfigFrom: { Network: string }
  ConfigOnly: boolean
  /** By id: those that run in it. Only of one that is inspected. */
  Containers: Record<string, NetworkContainer>
  Options: Record<string, string>
  Labels: Record<string, string>
}

export interface NetworkContainer {
  Name: string
  EndpointID: string
  MacAddress: string
  IPv4Address: string
  IPv6Address: string
}

/** `GET /networks/{id}/explain`: an extension of ours. */
export interface NetworkExplanation {
  Name: string
  /** Shell commands that make it, and those who are on it. */
  Made: string[]
  /** What is there now, by the commands that show it. */
  Now: { Command: string; Output: string }[]
}

const text = optional(z.string())
const flag = optional(z.boolean())
const map = optional(z.record(z.string(), z.string()))

/** Body of `POST /networks/create`. */
export const networkCreateSchema = z.object({
  Name: z.string(),
  Driver: text,
  Scope: text,
  Internal: flag,
  Attachable: flag,
  EnableIPv4: flag,
  EnableIPv6: flag,
  Ingress: flag,
  IPAM: optional(
    z.object({
      Driver: text,
      Options: map,
      Config: optional(
        z.array(z.object({ Subnet: text, IPRange: text, Gateway: text, AuxiliaryAddresses: map })),
      ),
    }),
  ),
  ConfigOnly: flag,
  ConfigFrom: optional(z.object({ Network: text })),
  Options: map,
  Labels: map,
})
export type NetworkCreate = z.infer<typeof networkCreateSchema>

/** Body of `POST /networks/{id}/connect`. */
export const networkConnectSchema = z.object({
  Container: z.string(),
  EndpointConfig: optional(endpointSettingsSchema),
})

/** Body of `POST /networks/{id}/disconnect`. */
export const networkDisconnectSchema = z.object({ Container: z.string(), Force: flag })
