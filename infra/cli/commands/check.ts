import { checkSchema, readAnswer } from '../answers.ts';
import { labelled } from '../layout.ts';
import { howToSet, inOperatorsTerms } from '../operators-terms.ts';
import { bad, bold, dim, good } from '../screen.ts';
import { type ExitStatus, printJson, type Session } from '../session.ts';
import { formatTime } from '../times.ts';

/** Tries everything a run depends on, and says what to do about what is not in order. */
export async function check(session: Session): Promise<ExitStatus> {
  const answer = await session.fn.invoke({ mode: 'check' }, { repeatable: true });
  const { status, checks } = readAnswer(checkSchema, answer);
  if (session.json) {
    printJson(session, answer);
    return status === 'ok' ? 0 : 1;
  }
  const keys = new Set<string>();
  const said = (text: string) => {
    if (session.local) return text;
    const translated = inOperatorsTerms(text);
    for (const key of translated.keys) keys.add(key);
    return translated.text;
  };
  const { screen, fn, now } = session;
  screen.print(`${bold(fn.name)} ${dim(`at ${formatTime(now())}`)}`);
  const rows = checks.map(({ name, ok, detail, fix }): [string, string] => {
    // An error's message ends with what to do.
    const found = said(detail.endsWith(fix) ? detail.slice(0, detail.length - fix.length).trimEnd() : detail);
    return [
      `${ok ? good('ok    ') : bad('FAILED')}  ${name}`,
      ok || fix === '' ? found : `${found}\n${bold('What to do:')} ${said(fix)}`,
    ];
  });
  screen.print(labelled(rows, screen.columns));
  const failed = checks.filter(({ ok }) => !ok).length;
  if (keys.size > 0 && failed > 0) screen.print(dim(`\n${howToSet([...keys])}`));
  screen.print(
    status === 'ok' ? good('\nEverything a run needs is there.') : bad(`\n${failed} of ${checks.length} not in order.`),
  );
  return status === 'ok' ? 0 : 1;
}
