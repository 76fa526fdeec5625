/*
 * Takes the place of `undici` in the bundle, with what this program uses of it: `Agent` and its `request`. The package's own index loads
 * all there is, from `fetch` to mocks, which is a third of a cold start. If these files move, the bundle does not build.
 */
const Agent = require('../node_modules/undici/lib/dispatcher/agent.js');
const request = require('../node_modules/undici/lib/api/api-request.js');

Agent.prototype.request = request;
module.exports = { Agent };
