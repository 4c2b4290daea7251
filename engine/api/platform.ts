// For which machine an image is, as a query says it: `platform={"os":"linux","architecture":"arm64"}`.
// Field names are the OCI image specification's (image-index.md), as in Docker's API since 1.46.
import * as z from 'zod/mini'

export const platformSchema = z.object({
  os: z.string().check(z.minLength(1)),
  architecture: z.string().check(z.minLength(1)),
  variant: z.exactOptional(z.string()),
})
export type PlatformQuery = z.infer<typeof platformSchema>
