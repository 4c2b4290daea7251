// What the search finds on the English pages; loaded when somebody searches.
import { type SearchDocument, searchDocuments } from './search-documents.ts'

declare const data: SearchDocument[]

export { data }

export default {
  watch: ['../lessons/content/**/*'],
  load: (): Promise<SearchDocument[]> => searchDocuments('en'),
}
