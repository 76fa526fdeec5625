/** What of the audit log is wanted. */
export interface Selection {
  /** `<resource>.<group>`, either of which may be `*`; a resource alone is meant in every group. */
  readonly resources: readonly string[];
  /** `*` for all. */
  readonly verbs: readonly string[];
}

/** Changes of Ingress and of what stands for it. */
export const DEFAULT_SELECTION: Selection = {
  resources: [
    'ingresses.networking.k8s.io',
    'ingressclasses.networking.k8s.io',
    '*.gateway.networking.k8s.io',
    '*.configuration.konghq.com',
  ],
  verbs: ['create', 'update', 'patch', 'delete', 'deletecollection'],
};

/** What an entry says it is about. */
export interface Subject {
  readonly stage: string;
  readonly verb: string;
  readonly objectRef: {
    readonly resource: string | null;
    readonly apiGroup: string | null;
    readonly subresource: string | null;
  } | null;
}

/** The stages in which a request is over. */
const STAGES = new Set(['ResponseComplete', 'Panic']);

/** Whether an entry is wanted. What is about no resource, such as `/healthz`, is wanted only with everything else. */
export function createSelects({ resources, verbs }: Selection): (subject: Subject) => boolean {
  const anyVerb = verbs.includes('*');
  const wantedVerbs = new Set(verbs);
  const patterns = resources.map(toPattern);
  const everything = patterns.some(({ resource, group }) => resource === '*' && group === '*');
  return ({ stage, verb, objectRef }) => {
    if (!STAGES.has(stage) || !(anyVerb || wantedVerbs.has(verb))) return false;
    if (!objectRef) return everything;
    if (objectRef.subresource === 'status') return false;
    return patterns.some(
      ({ resource, group }) =>
        (resource === '*' || resource === objectRef.resource) &&
        (group === '*' || group === (objectRef.apiGroup ?? '')),
    );
  };
}

/** FilterLogEvents takes no more (API reference). */
const MOST_CHARACTERS = 1024;

/**
 * Plain terms for the service, of which one is enough: each resource by its name, or by its group where all of a group are wanted.
 * Plain, so that a line which was cut, or is no JSON, is found as well. Undefined where terms could leave something out, and where
 * there are too many: then everything is read.
 */
export function toFilterPattern({ resources }: Selection): string | undefined {
  const terms = resources.map(toPattern).map(({ resource, group }) => (resource === '*' ? group : resource));
  if (terms.includes('*')) return undefined;
  // What is not letters, digits and underscores must be quoted (user guide, "Filter pattern syntax").
  const pattern = [...new Set(terms)].map((term) => (/^\w+$/.test(term) ? `?${term}` : `?"${term}"`)).join(' ');
  return pattern.length > MOST_CHARACTERS ? undefined : pattern;
}

function toPattern(text: string): { readonly resource: string; readonly group: string } {
  const dot = text.indexOf('.');
  return dot < 0 ? { resource: text, group: '*' } : { resource: text.slice(0, dot), group: text.slice(dot + 1) };
}
