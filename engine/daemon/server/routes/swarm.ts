// What Docker has beyond one machine and its engine: swarms and plugins. There are none
// here, and clients that ask are told so in Docker's words, or with an empty list.
import { EngineError } from '../../../errors.ts'
import type { Exchange } from '../exchange.ts'
import type { Route } from '../router.ts'

const resources = ['swarm', 'nodes', 'services', 'tasks', 'secrets', 'configs']

export function swarmRoutes(): Route[] {
  return [
    { method: 'POST', path: '/swarm/leave', handle: notPart },
    { method: 'POST', path: '/swarm/init', handle: noSwarm },
    { method: 'POST', path: '/swarm/join', handle: noSwarm },
    ...resources.flatMap((name) =>
      (['GET', 'POST', 'DELETE'] as const).flatMap((method) =>
        [`/${name}`, `/${name}/*rest`].map((path) => ({ method, path, handle: noManager })),
      ),
    ),
    { method: 'GET', path: '/plugins', handle: (exchange: Exchange) => exchange.json(200, []) },
    {
      method: 'GET',
      path: '/plugins/:name/json',
      handle: ({ parameters }: Exchange) => {
        throw new EngineError('not-found', `plugin "${parameters.name}" not found`)
      },
    },
  ]
}

/** Docker's words. */
export function noManager(): never {
  throw new EngineError(
    'unavailable',
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
  )
}

function notPart(): never {
  throw new EngineError('unavailable', 'This node is not part of a swarm')
}

function noSwarm(): never {
  throw new EngineError('not-implemented', 'tockerd is an engine of one machine: it has no swarms')
}
