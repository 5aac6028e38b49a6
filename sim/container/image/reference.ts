import { UsageError } from "../../core/index.js";
import { demandDigest, type Digest } from "./digest.js";

/** What a user calls an image: "alpine", "ghcr.io/me/app:1.2", "nginx@sha256:…". */
export interface Reference {
  /** "docker.io" where nothing is said. */
  readonly registry: string;
  /** "library/alpine" for "alpine" on Docker Hub. */
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

const component = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const repositoryPattern = new RegExp(`^${component}(?:/${component})*$`);
const tagPattern = /^\w[\w.-]{0,127}$/;
const hub = "docker.io";

/** Whether a repository's name is one that registries take: distribution-spec, "Pulling manifests". */
export const isRepository = (name: string): boolean => name.length <= 255 && repositoryPattern.test(name);
export const isTag = (tag: string): boolean => tagPattern.test(tag);

/**
 * Takes a reference apart as Docker does (distribution's reference package): what stands before the first slash is a
 * registry where it has a dot, a colon or is "localhost".
 * @param fallback the tag where there is neither tag nor digest; undefined leaves it open
 * @throws UsageError for what is no reference
 */
export function parseReference(text: string, fallback: string | undefined = "latest"): Reference {
  const [named = "", digest, ...more] = text.split("@");
  const slash = named.indexOf("/");
  const first = slash < 0 ? "" : named.slice(0, slash);
  const isRegistry = first === "localhost" || /[.:]/.test(first) || first !== first.toLowerCase();
  const registry = isRegistry ? (first === "index.docker.io" ? hub : first) : hub;
  const rest = isRegistry ? named.slice(slash + 1) : named;
  const colon = rest.lastIndexOf(":");
  const path = colon < 0 ? rest : rest.slice(0, colon);
  const tag = colon < 0 ? undefined : rest.slice(colon + 1);
  const repository = registry === hub && !path.includes("/") ? `library/${path}` : path;
  if (more.length > 0 || !isRepository(repository) || (tag !== undefined && !isTag(tag)))
    throw new UsageError(
      `invalid reference format: "${text}"`,
      'Write "name", "name:tag" or "name@sha256:…"; a repository\'s name is in lower case.',
    );
  const chosen = tag ?? (digest === undefined ? fallback : undefined);
  return {
    registry,
    repository,
    ...(chosen !== undefined && { tag: chosen }),
    ...(digest !== undefined && { digest: demandDigest(digest) }),
  };
}

const suffix = ({ tag, digest }: Reference): string =>
  (tag === undefined ? "" : `:${tag}`) + (digest === undefined ? "" : `@${digest}`);

/** In full: "docker.io/library/alpine:latest". */
export const formatReference = (of: Reference): string => `${of.registry}/${of.repository}${suffix(of)}`;

/** As Docker shows it: "alpine:latest". */
export function familiarName(of: Reference): string {
  if (of.registry !== hub) return formatReference(of);
  return of.repository.replace(/^library\/(?=[^/]+$)/, "") + suffix(of);
}
