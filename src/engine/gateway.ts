/**
 * Joins what the host offers to a guest: for each environment one gateway that passes requests on to the part that they are
 * for. The parts know nothing of each other.
 */
import type { Clock } from '../base/clock.ts';
import type { BindingSet } from '../bindings/binding-set.ts';
import { EnvironmentBindings, type EnvironmentBindingsOptions } from '../bindings/environment-bindings.ts';
import type { EgressGate } from '../egress/gate.ts';
import type { DeployedVersion } from '../functions/registry.ts';
import type { GuestRequestHead } from '../protocol/messages.ts';
import type { GatewayLink, GuestGateway, OpenGateway } from '../supervisor/sandbox-port.ts';

/** `bindings`: of the functions that this environment was told of. */
export type OpenGuestGateway = (
  version: DeployedVersion,
  environmentId: string,
  bindings: BindingSet | undefined,
) => OpenGateway;

/** One service of a gateway. */
export type GatewayPart = Omit<GuestGateway, 'request'> & {
  request(request: object, body: Uint8Array): void;
};

export interface GatewayParts {
  readonly egress: EgressGate;
  readonly clock: Clock;
  /** How many invocations led to one. */
  readonly hopsOf: EnvironmentBindingsOptions['hopsOf'];
}

export function createGateways({ egress, clock, hopsOf }: GatewayParts): OpenGuestGateway {
  return (version, environmentId, bindings) => (link) => {
    const openers: Readonly<Record<GuestRequestHead['service'], () => GatewayPart>> = {
      network: () => openNetwork(egress, version, environmentId, link),
      bindings: () => openBindings({ set: bindings, clock, hopsOf }, version, environmentId, link),
    };
    const open = new Map<GuestRequestHead['service'], GatewayPart>();
    return {
      request(service, request, body) {
        let part = open.get(service);
        if (part === undefined) {
          part = openers[service]();
          open.set(service, part);
        }
        part.request(request, body);
      },
      close() {
        for (const part of open.values()) part.close();
      },
    };
  };
}

function openNetwork(
  egress: EgressGate,
  { configuration, version, networkCredentials }: DeployedVersion,
  environmentId: string,
  link: GatewayLink,
): GatewayPart {
  return egress.open(
    { functionName: configuration.functionName, version, environmentId },
    { configuration: configuration.network, credentials: networkCredentials },
    (event, body) => link.send('network', event, body),
  );
}

function openBindings(
  parts: Pick<EnvironmentBindingsOptions, 'set' | 'clock' | 'hopsOf'>,
  { configuration }: DeployedVersion,
  environmentId: string,
  link: GatewayLink,
): GatewayPart {
  const { functionName, trustDomain } = configuration;
  return new EnvironmentBindings({
    ...parts,
    context: { functionName, trustDomain, environmentId },
    requestId: () => link.requestId(),
    send: (event, body) => link.send('bindings', event, body),
  });
}
