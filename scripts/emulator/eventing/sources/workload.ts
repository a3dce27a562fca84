/** A pod template as a Service, so that what finds a function's command and Secrets finds a pod's as well. */
import type { EventingObject, PodTemplate } from '../../manifests/eventing-types.ts'
import type { ServiceResource } from '../../manifests/types.ts'
import { toEnvironment } from '../../serving/environment.ts'
import type { RunCommand } from '../../serving/replica.ts'

/** How a process for a Service is found. */
export interface Workshop {
  readonly resolveCommand: (service: ServiceResource) => Promise<RunCommand>
  readonly resolveEnv: (service: ServiceResource) => Readonly<Record<string, string>>
  /** The ingress, which is the forward proxy of every process. */
  readonly proxyUrl: () => string
}

/** What to run, and with which environment. */
export interface Workload {
  readonly plan: RunCommand
  readonly environment: Readonly<Record<string, string>>
}

/** Finds command and environment of a pod template. @throws Error that says what the template lacks */
export async function toWorkload(
  owner: EventingObject,
  template: PodTemplate,
  workshop: Workshop,
): Promise<Workload> {
  const service = toService(owner, template)
  const plan = await workshop.resolveCommand(service)
  const {
    K_SERVICE: _service,
    K_CONFIGURATION: _configuration,
    K_REVISION: _revision,
    ...environment
  } = toEnvironment(service, owner.name, {
    resolved: workshop.resolveEnv(service),
    proxyUrl: workshop.proxyUrl(),
    image: plan.env,
  })
  return { plan, environment }
}

function toService(owner: EventingObject, template: PodTemplate): ServiceResource {
  const { file, line, namespace, name, labels, annotations } = owner
  return {
    file,
    line,
    namespace,
    name,
    labels,
    annotations,
    template: {
      ...template,
      port: 8080,
      portName: 'http1',
      containerConcurrency: 0,
      timeoutSeconds: 300,
      readinessProbe: {
        kind: 'tcp',
        initialDelaySeconds: 0,
        periodSeconds: 0,
        timeoutSeconds: 1,
        successThreshold: 1,
        failureThreshold: 3,
      },
    },
    traffic: [],
  }
}
