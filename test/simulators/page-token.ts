import { createHmac } from 'node:crypto';

/** Tokens that mean nothing to the caller and cannot be made up or changed. */
export interface PageTokens {
  seal(content: object): string;
  /** What was sealed, or undefined where this service did not make the token. */
  open(token: string): unknown;
}

/** The same `secret` makes the same tokens, so that a seeded simulation repeats itself. */
export function pageTokens(secret: string): PageTokens {
  const sign = (text: string): string =>
    createHmac('sha256', secret).update(text).digest('base64url').slice(0, SIGNATURE_LENGTH);
  return {
    seal: (content) => {
      const text = Buffer.from(JSON.stringify(content)).toString('base64url');
      return sign(text) + text;
    },
    open: (token) => {
      const text = token.slice(SIGNATURE_LENGTH);
      if (sign(text) !== token.slice(0, SIGNATURE_LENGTH)) return undefined;
      return JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as unknown;
    },
  };
}

const SIGNATURE_LENGTH = 16;
