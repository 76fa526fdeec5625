import { Logger } from '@aws-lambda-powertools/logger';

type Fields = Readonly<Record<string, unknown>>;

/** JSON lines for CloudWatch Logs. */
export interface Log {
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
}

/** Powertools' levels. */
export const LOG_LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'CRITICAL', 'SILENT'] as const;

export function createLog(level: (typeof LOG_LEVELS)[number], fields: Fields): Log {
  const logger = new Logger({ serviceName: 'kong-audit-forwarder', logLevel: level, persistentKeys: fields });
  return {
    info: (message, more = {}) => {
      logger.info(message, more);
    },
    warn: (message, more = {}) => {
      logger.warn(message, more);
    },
    error: (message, more = {}) => {
      logger.error(message, more);
    },
  };
}

/** What a log line may say of an error: never the stack of a library, always the code. */
export function describeError(error: unknown): Fields {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { code } = error as { code?: unknown };
  return { name: error.name, ...(typeof code === 'string' && { code }), message: error.message };
}
