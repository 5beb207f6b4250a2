// node-on24 against ON24: it is given the address and the access token, and nothing of it is changed.
'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const On24 = require('node-on24').default;
const { ready, control } = require('./emulators.cjs');

const baseUrl = ready.on24.base_url.replace(/\/v2$/, '');
const credentials = {
  baseUrl,
  clientId: ready.on24.client_id,
  tokenKey: ready.on24.access_token_key,
  tokenSecret: ready.on24.access_token_secret,
};
const on24 = new On24(credentials);
const event = ready.on24.event_id;

async function refusal(call) {
  const failed = await call.then(
    () => assert.fail('this had to be refused'),
    (error) => error,
  );
  return [failed.response.statusCode, failed.message];
}

const person = (name) => ({
  email: `${name}@example.org`,
  firstname: name,
  lastname: 'Conform & Sons',
  company: 'Zürich +1',
});
const listed = async (filter) => (await on24.analytics.listEventRegistrants(event, filter)).registrants ?? [];
const find = (people, name) => people.find((one) => one.email === `${name}@example.org`);

test('registers, and finds the person again', async () => {
  const made = await on24.registration.createRegistrant(event, person('register'));
  assert.equal(made.eventid, event);
  assert.ok(Number.isInteger(made.eventuserid));
  const people = await on24.analytics.listEventRegistrants(event);
  assert.equal(people.eventid, event);
  assert.equal(people.totalregistrants, people.registrants.length);
  const found = find(people.registrants, 'register');
  assert.equal(found.eventuserid, made.eventuserid);
  assert.deepEqual([found.lastname, found.company], ['Conform & Sons', 'Zürich +1']);
});

test('registers twice, and stays one person', async () => {
  const first = await on24.registration.createRegistrant(event, person('twice'));
  const second = await on24.registration.createRegistrant(event, {
    ...person('twice'),
    email: 'TWICE@example.org',
    jobtitle: 'CTO',
  });
  assert.equal(second.eventuserid, first.eventuserid);
  const same = (await listed()).filter((one) => one.eventuserid === first.eventuserid);
  assert.equal(same.length, 1);
  assert.deepEqual([same[0].jobtitle, same[0].company], ['CTO', 'Zürich +1']);
});

test('amends a person in every event', async () => {
  const made = await on24.registration.createRegistrant(event, person('amend'));
  const amended = await on24.registration.updateRegistrant('amend@example.org', { company: 'Other' });
  assert.deepEqual(amended.updatedregistrants, [made.eventuserid]);
  assert.equal(find(await listed(), 'amend').company, 'Other');
});

test('deletes softly, and brings back', async () => {
  const made = await on24.registration.createRegistrant(event, person('delete'));
  await on24.registration.softDeleteRegistrant(event, 'delete@example.org');
  assert.equal(find(await listed({ userStatus: 'any' }), 'delete').userstatus, 'deleted');
  assert.ok(find(await listed({ userStatus: 'deleted' }), 'delete'));
  const back = await on24.registration.createRegistrant(event, {
    email: 'delete@example.org',
    isDeleted: 'N',
  });
  assert.equal(back.eventuserid, made.eventuserid);
  assert.equal(find(await listed({ userStatus: 'any' }), 'delete').userstatus, 'active');
  assert.equal(find(await listed({ userStatus: 'deleted' }), 'delete'), undefined);
});

test('forgets a person for good', async () => {
  await on24.registration.createRegistrant(event, person('forget'));
  const answer = await on24.registration.forgetRegistrant('forget@example.org', event);
  assert.ok(answer.deletedregistrants);
  assert.equal(find(await listed({ userStatus: 'all' }), 'forget'), undefined);
  const [status] = await refusal(on24.registration.forgetRegistrant('forget@example.org'));
  assert.equal(status, 404);
});

test('lists events', async () => {
  const day = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
  const events = await on24.analytics.listEvents({
    startDate: day(-1),
    endDate: day(30),
    dateFilterMode: 'livestart',
  });
  assert.equal(events.totalevents, events.events.length);
  const found = events.events.find((one) => one.eventid === event);
  assert.match(found.livestart, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d-0[78]:00$/);
});

test('pages through events', async () => {
  const day = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
  const page = (pageOffset) =>
    on24.analytics.listEvents({
      startDate: day(-1),
      endDate: day(30),
      dateFilterMode: 'livestart',
      includeSubaccounts: 'Y',
      itemsPerPage: 1,
      pageOffset,
    });
  const first = await page(0);
  assert.deepEqual([first.currentpage, first.pagecount, first.events.length], [0, 1, 1]);
  assert.match((await refusal(page(9)))[1], /^Invalid pageOffset, range must be between 0 and 0\.$/);
});

test('reads the fields of the registration page', async () => {
  const { registrationfields } = await on24.eventManagement.getEventRegistrationFields(event);
  const email = registrationfields.find((field) => field.fieldid === 'email');
  assert.deepEqual([email.required, email.validationtype], ['Y', 'email']);
  assert.ok(registrationfields.some((field) => field.options?.length > 0));
});

test('is refused with the words of ON24', async () => {
  assert.deepEqual(await refusal(on24.registration.createRegistrant(event + 1, person('nowhere'))), [
    404,
    `The event ${event + 1} doesn't exist.`,
  ]);
  const [unknown] = await refusal(on24.registration.softDeleteRegistrant(event, 'stranger@example.org'));
  assert.equal(unknown, 412);
  const [nobody] = await refusal(
    on24.registration.updateRegistrant('stranger@example.org', { company: 'Other' }),
  );
  assert.equal(nobody, 404);
  const stranger = new On24({ ...credentials, tokenSecret: 'wrong' });
  assert.deepEqual(await refusal(stranger.registration.createRegistrant(event, person('stranger'))), [
    401,
    'AccessTokenKey and AccessTokenSecret are wrong or invalid.',
  ]);
  const unnamed = await on24.analytics.listEventRegistrants(event + 1);
  assert.equal(
    unnamed.message,
    `The event ${event + 1} doesn't exist.`,
    'this client takes 404 on reads for an answer',
  );
});

test('is told that the quota of calls is used up', async () => {
  await control(baseUrl, 'POST', 'weather', {
    rules: [{ operation: 'register', effect: 'quota', count: 1 }],
  });
  const [status, message] = await refusal(on24.registration.createRegistrant(event, person('often')));
  assert.equal(status, 403);
  assert.equal(message, 'You have reached the maximum number of calls for this api.');
  const made = await on24.registration.createRegistrant(event, person('often'));
  assert.ok(made.eventuserid);
});
