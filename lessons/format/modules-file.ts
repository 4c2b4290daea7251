// modules.yaml, written to: a new lesson gets its place in it.
//
// As a document, not as data: comments, order and spelling stay as they are.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Document, isMap, isSeq, parseDocument } from 'yaml'
import { contentDirectory } from './catalogue.ts'

/** Puts the lesson at the end of its module. @returns false when modules.yaml has no such module */
export async function addToModules(module: string, slug: string): Promise<boolean> {
  const path = join(contentDirectory(), 'modules.yaml')
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    // A directory of somebody's own begins with its first lesson.
    return firstModule(module)
  })
  const document: Document = parseDocument(text)
  if (!isSeq(document.contents)) throw new Error(`${path} is no list of modules`)
  const found = document.contents.items.find((one) => isMap(one) && one.get('id') === module)
  if (!isMap(found)) return false
  const lessons = found.get('lessons')
  if (!isSeq(lessons)) found.set('lessons', document.createNode([slug], { flow: true }))
  else if (!lessons.items.some((one) => String(one) === slug)) lessons.add(document.createNode(slug))
  // Lines stay as long as somebody wrote them.
  await writeFile(path, document.toString({ lineWidth: 0, flowCollectionPadding: false }))
  return true
}

function firstModule(module: string): string {
  return `# Modules and the order of their lessons.\n- id: ${module}\n  title: ${module}\n  summary: What its lessons have in common.\n`
}
