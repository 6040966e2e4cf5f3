/**
 * Joins what the host offers to a guest: for each environment one gateway that passes requests on to the part that they are
 * for. The parts know nothing of each other.
 */
import type { EgressGate } from '../egress/gate.ts';
import type { DeployedVersion } from '../functions/registry.ts';
import type { GuestRequestHead } from '../protocol/messages.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import type { GatewayLink, GuestGateway, OpenGateway } from '../supervisor/sandbox-port.ts';

export type OpenGuestGateway = (version: DeployedVersion, environmentId: string) => OpenGateway;

/** One service of a gateway. */
export type GatewayPart = Omit<GuestGateway, 'request'> & {
  request(request: object, body: Uint8Array): void;
};

export interface GatewayParts {
  readonly egress: EgressGate;
}

export function createGateways({ egress }: GatewayParts): OpenGuestGateway {
  return (version, environmentId) => (link) => {
    const parts: Partial<Record<GuestRequestHead['service'], GatewayPart>> = {
      network: openNetwork(egress, version, environmentId, link),
    };
    return {
      request(service, request, body) {
        const part = parts[service];
        if (part === undefined) throw new ProtocolError('guestRequest.service', 'one that is offered', service);
        part.request(request, body);
      },
      close() {
        for (const part of Object.values(parts)) part.close();
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
