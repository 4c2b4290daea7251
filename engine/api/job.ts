// What the daemon tells of its jobs: GET /jobs and GET /jobs/{id}, which Docker's API does not have.
/** `canceled`: whoever asked went away, as `docker run -d` does from the wait that it began with. */
type JobStatus = 'running' | 'done' | 'failed' | 'canceled'

/** What `GET /jobs` says of one: an extension of ours to Docker's API. */
export interface JobReport {
  Id: string
  Name: string
  Args: Readonly<Record<string, unknown>>
  Status: JobStatus
  /** RFC 3339. */
  Started: string
  /** Until now, while it runs. */
  Milliseconds: number
  Error?: string
  /** How many records its trace has; 0 when nobody asked for one. */
  Traced: number
}
