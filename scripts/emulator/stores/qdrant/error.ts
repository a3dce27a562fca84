/** The errors that Qdrant answers, with its own wording and status (qdrant `storage/content_manager/errors.rs`). */

/** An error that the caller may see. */
export class QdrantError extends Error {
  override name = 'QdrantError'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** The request is well formed but cannot be carried out. */
export const wrongInput = (description: string): QdrantError =>
  new QdrantError(400, `Wrong input: ${description}`)

/** The body does not have the form of this request. */
export const formatError = (description: string): QdrantError =>
  new QdrantError(400, `Format error in JSON body: ${description}`)

/** A value of the body is out of its range. */
export const validationError = (field: string, reason: string): QdrantError =>
  new QdrantError(422, `Validation error in JSON body: [${field}: ${reason}]`)

/** Something named in the request is absent. */
export const notFound = (description: string): QdrantError =>
  new QdrantError(404, `Not found: ${description}`)

/** A part of Qdrant's API that only a real server has. */
export const notServed = (feature: string): QdrantError =>
  new QdrantError(
    400,
    `Bad request: ${feature} is not served by the embedded vector store; set QDRANT_URL to a Qdrant server`,
  )
