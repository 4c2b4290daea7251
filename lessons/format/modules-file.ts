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
  const document: Document = parseDocument(await readFile(path, 'utf8'))
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
