/** A store that a contract suite runs against, and what to leave out of it. */

/** Cases that a target cannot pass, with the reason. */
export interface Skip {
  reason: string
  tests: string[]
}

/** One store under test. `open` gives what a client needs to reach it. */
export interface Target<Access> {
  name: string
  open(): Promise<{ access: Access; close(): Promise<void> }>
  skip?: Skip[]
}

/** The reason why `test` is left out on `target`, if it is. */
export function skipReason(target: Target<unknown>, test: string): string | undefined {
  return target.skip?.find(({ tests }) => tests.includes(test))?.reason
}
