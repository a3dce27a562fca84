/** Where rules are tried: the emulator or a cluster. A rule sees no difference. */
import type { Kubernetes } from './kubernetes.ts'

/** A running Knative. */
export interface Target {
  readonly kind: 'emulator' | 'cluster'
  readonly namespace: string
  readonly kubernetes: Kubernetes
  /** The image whose entry point is `probe/probe.mjs`. */
  readonly image: string
  /** What a Service's `metadata.annotations` must say for the image to run here. */
  readonly annotations: Readonly<Record<string, string>>
  /** Whom a process may be asked to run as. */
  readonly user: number
  /** `host:port` that answers for every external host name. */
  readonly ingress: string
  /** What the processes of a Service have printed, those that ended included. */
  logs(service: string): Promise<string>
  /** Lets so much time pass: the emulator's clock is moved, a cluster is waited for. */
  passTime(ms: number): Promise<void>
  /** How much longer than on an idle laptop things may take. */
  readonly patience: number
  close(): Promise<void>
}
