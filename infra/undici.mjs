/*
 * Takes the place of `undici` in the bundle, with what this program uses of it: `Agent` and its `request`. The package's own index loads
 * all there is, from `fetch` to mocks: a sixth of the bundle. If these files move, the bundle does not build.
 */
import request from '../node_modules/undici/lib/api/api-request.js';
import Agent from '../node_modules/undici/lib/dispatcher/agent.js';

Agent.prototype.request = request;

export { Agent };
