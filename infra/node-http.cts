/*
 * Takes the place of `node:http` in the bundle. Node makes an ES module of a built-in one by reading all its members at once, and three
 * of those of `http` (`WebSocket` and its events) load Node's own copy of undici, which nothing here uses.
 */
module.exports = process.getBuiltinModule('node:http');
