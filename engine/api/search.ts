// One repository that a search found. Field names are Docker's:
// https://docs.docker.com/reference/api/engine/ (ImageSearch).
export interface SearchResult {
  name: string
  description: string
  star_count: number
  is_official: boolean
  /** Built by the Hub from a repository of sources; the Hub has stopped that, the field stays. */
  is_automated: boolean
}
