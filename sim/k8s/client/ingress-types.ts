import type { JsonObject, KubeObject } from "../objects/value.js";

export interface IngressBackend extends JsonObject {
  readonly service?: { readonly name: string; readonly port?: { readonly name?: string; readonly number?: number } };
}

export interface IngressPath extends JsonObject {
  readonly path?: string;
  readonly pathType: string;
  readonly backend: IngressBackend;
}

export interface Ingress extends KubeObject {
  readonly spec?: {
    readonly ingressClassName?: string;
    readonly defaultBackend?: IngressBackend;
    readonly tls?: readonly { readonly hosts?: readonly string[]; readonly secretName?: string }[];
    readonly rules?: readonly {
      readonly host?: string;
      readonly http?: { readonly paths: readonly IngressPath[] };
    }[];
  };
  readonly status?: {
    readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[] };
  };
}

export interface IngressClass extends KubeObject {
  readonly spec?: { readonly controller?: string };
}
