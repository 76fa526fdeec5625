import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { campaign, seedsFrom } from './campaign.ts';
import type { Edit, Mutant } from './mutants.ts';
import { drawProfile } from './profile.ts';
import { LAMBDA } from './subject.ts';
import type { Failure } from './sums.ts';

/** Among so many are the histories looked for that can show a mutant. */
const MOST_SEEDS = 20_000;
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Simulates histories on a copy of `lambda/` with the bug in it, until one breaks the promise.
 *
 * @returns that history, or null when the bug was not noticed
 * @throws when the text to replace is not in the file exactly once: then the mutant must be written anew
 */
export async function hunt(mutant: Mutant, histories: number): Promise<Failure | null> {
  const folder = await mkdtemp(join(tmpdir(), 'mutant-'));
  try {
    const copy = join(folder, 'lambda');
    await cp(fileURLToPath(LAMBDA), copy, { recursive: true });
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
    for (const edit of mutant.edits) await apply(edit, mutant.name, copy);
    const lambda = `${pathToFileURL(copy).href}/`;
    const seeds = seedsFrom(1, MOST_SEEDS)
      .values()
      .filter((seed) => mutant.shows?.(drawProfile(seed)) ?? true)
      .take(histories)
      .toArray();
    const { failures } = await campaign({
      seeds,
      lambda,
      untilFailure: true,
    });
    return failures[0] ?? null;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function apply({ file, search, replace }: Edit, name: string, folder: string): Promise<void> {
  const path = join(folder, file);
  const source = await readFile(path, 'utf8');
  const found = source.split(search).length - 1;
  if (found !== 1) throw new Error(`"${name}": expected its text once in ${file}, found it ${found} times`);
  await writeFile(
    path,
    source.replace(search, () => replace),
  );
}
