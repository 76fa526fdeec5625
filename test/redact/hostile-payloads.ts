/**
 * Texts of about `characters` characters, each built to make one loop or pattern of the redactor look back, look ahead or go deep
 * as often as possible, with what each is made of.
 */
export function hostilePayloads(characters: number): [name: string, text: string][] {
  const many = (text: string) => text.repeat(characters / text.length);
  /** Wrapped as often as there is room. */
  const wrapped = (text: string, wrap: (text: string) => string): string => {
    const next = wrap(text);
    return next.length > characters ? text : wrapped(next, wrap);
  };
  const numbered = (entry: (index: number) => string) =>
    Array.from({ length: characters / entry(10_000).length }, (_, index) => entry(index)).join(',');
  const deeper = (line: string) =>
    Array.from({ length: Math.sqrt(2 * characters) - line.length }, (_, column) => ' '.repeat(column) + line).join(
      '\n',
    );

  return [
    ['deep nesting', `${many('[')}"key"`],
    ['deep nesting under secrets', many('{"key":')],
    ['pairs without a value', `key&${many('&')}`],
    ['one value at the end', `${many('key&')}=`],
    ['escapes', `"key":"${many('\\')}`],
    ['quotes', many('"key')],
    ['colons', `{key${many(':')}`],
    ['words before colons', `{${many('key key key key key key key key key key key !:')}`],
    ['white space', `{"key"${many(' ')}`],
    ['white space first', `${many('\n')}key`],
    ['apostrophes', `{key:${many("'")}`],
    ['strings that begin like JSON', `[${many('"[key",')}`],
    ['broken strings that begin like JSON', `[${many(String.raw`"[\"\q",`)}`],
    ['strings in strings', wrapped('"key"', (text) => JSON.stringify(`[${text}`))],
    ['line breaks in a part', `--x\nContent-Disposition: form-data; name="key"\n${many('\n')}`],
    ['boundaries', `Content-Disposition: form-data; name="key"\n${many('--x\n\n')}`],
    ['a disposition', `Content-Disposition: ${many('; nam')}`],
    ['headers', many('Content-Disposition: a; name="key"\n')],
    ['percent signs', many('%')],
    ['words before many colons', `{key${many(`${'a'.repeat(67)}${':'.repeat(33)}`)}`],
    ['broken escapes', many('%ff=1&')],
    ['dots', `${many('.')}key=1`],
    ['values in values', `key${many('a=')}`],
    ['values in values, encoded', wrapped('key=1', (text) => `a=${encodeURIComponent(`${text}&${text}`)}`)],
    ['URLs', many('://a:')],
    ['URLs with passwords', many('a://b:c@d ')],
    ['signs in a password', `key://a:${many('@')}`],
    ['slashes in a password', `key://a:b${many('/')}@`],
    ['beginnings of private keys', many('-----BEGIN ')],
    ['private keys without end', many('-----BEGIN PRIVATE KEY-----')],
    ['hyphens', `${many('-')}key`],
    ['beginnings of tokens', many('eyJ-')],
    ['tokens of one part', many('eyJaaaaaaaa ')],
    ['schemes', many('Bearer ')],
    ['a long token', `Bearer ${many('a-')}`],
    ['signs in a token', `Bearer ${many('-')}1`],
    ['capitals in a token', `Bearer ${many('AaA')}1`],
    ['signs in an encoded password', `Basic ${many('+/')}1`],
    ['access keys', many('AKIAIOSFODNN7EXAMPL ')],
    ['keys in strings', `[${many('"key:1",')}1]`],
    ['keys in broken strings', `[${many('"key:1",')}`],
    ['lines of YAML', many('key: |\n ')],
    ['empty lines of YAML', many('a:\n')],
    ['deeper and deeper lines', deeper('key:')],
    ['commas in a value', `a=1 key=${many(',a')}`],
    ['a quote without end', many("'key:a,")],
    ['arguments', many('f("key","b") ')],
    ['a long name', `{"${many('a')}_token":1}`],
    ['a name of many parts', `${many('a.')}key=1`],
    ['underscores', `{"${many('_')}":1,"key":2}`],
    ['key sets', many('{"d":"a","kty":"b","x":')],
    ['a path of maps', many('{"headers":')],
    ['a path without names', `${many('{"":')}"key"`],
    ['URLs without end', `key://${many(':')}`],
    ['percent signs between brackets', `[${many('"key:1%",')}1]`],
    ['forms in strings', `[${many('"a=%41",')}1]`],
    ['JSON in a form', many('a={"a":1}%20&')],
    ['short encoded pairs', many('%61=%62&')],
    ['secret lines', many('key: x\n')],
    ['different keys', `{${numbered((index) => `"k${index}":"a=b"`)}}`],
    ['different secret keys', `{${numbered((index) => `"k${index}_token":1`)}}`],
    ['different keys in capitals', `{${numbered((index) => `"aBcDeFgH${index}":1`)}}`],
    ['halves of characters', `${many('\ud83d')}key=1`],
    ['a part with forms', many('--x\nContent-Disposition: form-data; name="a"\n\nkey=%41\n')],
  ];
}
