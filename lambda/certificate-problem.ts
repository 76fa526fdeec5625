/** The other side answers, but its certificate is not to be trusted; asking again changes nothing. */
export function isCertificateProblem(cause: unknown): boolean {
  const { code } = (cause ?? {}) as { readonly code?: unknown };
  return typeof code === 'string' && /CERT|SELF_SIGNED|ISSUER|VERIFY_LEAF|HOSTNAME_MISMATCH|INVALID_CA/.test(code);
}
