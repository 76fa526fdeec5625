import { fill } from '../simulators/kong-traffic.ts';
import { startKong } from '../simulators/kong.ts';
import type { SourceStage } from './stage.ts';

const RETAINED = 5000;
const DAY = 86_400;

/** What four administrators do while the forwarder sleeps. */
const CHANGES = [
  { method: 'POST', path: '/services', status: 201, rbac_user_name: 'alice', payload: '{"name":"payments-v2","url":"https://payments.internal:8443/v2","retries":5}' },
  { method: 'POST', path: '/services/payments-v2/routes', status: 201, rbac_user_name: 'alice', payload: '{"paths":["/pay/v2"],"methods":["GET","POST"]}' },
  { method: 'POST', path: '/services/payments-v2/plugins', status: 201, rbac_user_name: 'bob', payload: '{"name":"openid-connect","config":{"issuer":"https://idp.internal","client_id":["kong"],"client_secret":["hunter2-and-more"]}}' },
  { method: 'PATCH', path: '/consumers/mobile-app', status: 200, rbac_user_name: 'carol', payload: 'username=mobile-app&custom_id=ios-17&tags[]=mobile' },
  { method: 'DELETE', path: '/routes/legacy-admin', status: 403, rbac_user_name: 'mallory', payload: null },
  { method: 'DELETE', path: '/plugins/4f1c2a?workspace=prod', status: 204, rbac_user_name: 'carol', payload: null },
] as const; // prettier-ignore

/** The Admin API of a Kong, with a month behind it. */
export async function stageKong(): Promise<SourceStage> {
  const kong = await startKong();
  const now = Math.floor(Date.now() / 1000);
  fill(kong.table, { count: RETAINED, from: now - 30 * DAY, to: now - 60 });
  return {
    name: 'Kong audit log',
    service: `Kong ${kong.settings.version}`,
    row: 'entry',
    rows: 'entries',
    env: kong.env,
    backlog: `Kong retains ${RETAINED} entries of 30 days, and nothing was forwarded yet`,
    acts: [
      {
        title: 'Administrators change things in Kong',
        point: 'only what is new',
        perform() {
          CHANGES.forEach((change, index) => kong.table.record(toEntry(change), { at: now - 50 + 7 * index }));
        },
      },
    ],
    verified: '29d',
    telling: { title: 'the client secret is not in it', isIn: (text) => text.includes('openid-connect') },
    remark: ({ duplicates, own }) =>
      `${duplicates} duplicates were dropped (the overlap reads the last hour again), and ${own} of its own requests.`,
    show: ({ eventName, userIdentity, additionalEventData: { status = 0 } }) => ({
      who: userIdentity.details?.userName ?? userIdentity.type,
      what: eventName,
      outcome: String(status),
      isBad: status >= 400,
    }),
    written: () => kong.table.recorded.map(({ key }) => ({ id: key })),
    [Symbol.asyncDispose]: () => kong.close(),
  };
}

function toEntry(change: (typeof CHANGES)[number]): Record<string, unknown> {
  return { ...change, rbac_user_id: crypto.randomUUID(), client_ip: '10.20.0.17', request_source: 'kong-manager' };
}
