// What the tests know of the emulators: the ready line, a token for Dataverse, and the control endpoints.
'use strict';

if (!process.env.READY) throw new Error('start this by with-emulators.cjs');
const ready = JSON.parse(process.env.READY);

async function token() {
  const { authority, tenant_id, client_id, client_secret, base_url } = ready.dataverse;
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id,
    client_secret,
    scope: `${base_url}/.default`,
  });
  const answer = await fetch(`${authority}/${tenant_id}/oauth2/v2.0/token`, { method: 'POST', body });
  if (!answer.ok) throw new Error(`no token: ${answer.status} ${await answer.text()}`);
  return (await answer.json()).access_token;
}

async function control(origin, method, path, body) {
  const answer = await fetch(`${origin}/_emulator/${path}`, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.status === 204 ? null : answer.json();
}

module.exports = { ready, token, control };
