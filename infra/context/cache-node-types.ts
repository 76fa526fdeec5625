const SMALL = ['micro', 'small', 'medium'];
const LARGE = ['large', 'xlarge', '2xlarge', '4xlarge'];
const GRAVITON = [...LARGE, '8xlarge', '12xlarge', '16xlarge'];
const INTEL = [...LARGE, '12xlarge', '24xlarge'];

/**
 * Sizes of each family of nodes on which ElastiCache makes a Valkey or Redis OSS cache with a replica and encryption (ElastiCache API reference, CacheNode;
 * user guide, "Supported node types"). The earlier generations that are closed to new caches are left out, and so is r6gd, which wants data tiering.
 */
const FAMILIES: Readonly<Record<string, readonly string[]>> = {
  t2: SMALL,
  t3: SMALL,
  t4g: SMALL,
  m4: [...LARGE, '10xlarge'],
  m5: INTEL,
  m6g: GRAVITON,
  m7g: GRAVITON,
  r4: [...LARGE, '8xlarge', '16xlarge'],
  r5: INTEL,
  r6g: GRAVITON,
  r7g: GRAVITON,
  c7gn: GRAVITON,
};

/** What `cacheNodeType` can be. */
export const CACHE_NODE_TYPES: readonly string[] = Object.entries(FAMILIES).flatMap(([family, sizes]) =>
  sizes.map((size) => `cache.${family}.${size}`),
);
