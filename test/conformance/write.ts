// Writes engine/libcontainer/CONFORMANCE.md anew:  node test/conformance/write.ts
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../sandbox-vm/package-root.ts'
import { page, pagePath } from './page.ts'

const path = join(packageRoot(), pagePath)
writeFileSync(path, page(existsSync(path) ? readFileSync(path, 'utf8') : ''))
