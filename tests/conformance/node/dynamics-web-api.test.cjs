// dynamics-web-api against Dataverse: it is given the address and a token, and nothing of it is changed.
'use strict';

const assert = require('node:assert/strict');
const { randomUUID } = require('node:crypto');
const { test } = require('node:test');
const { DynamicsWebApi } = require('dynamics-web-api');
const { ready, token, control } = require('./emulators.cjs');

const origin = ready.dataverse.base_url;
const settings = { serverUrl: origin, dataApi: { version: '9.2' }, onTokenRefresh: token };
const crm = new DynamicsWebApi(settings);
// Unless told otherwise this client takes some refusals of a write for an answer.
const strict = new DynamicsWebApi({ ...settings, propagateErrors: true });
const contact = (last) => ({
  firstname: 'Ada',
  lastname: last,
  emailaddress1: `${last.toLowerCase()}@example.org`,
});

async function refusal(call) {
  const failed = await call.then(
    () => assert.fail('this had to be refused'),
    (error) => error,
  );
  return { status: failed.status, code: failed.code, message: failed.message, headers: failed.headers };
}

test('says who it is', async () => {
  const me = await crm.callFunction({ name: 'WhoAmI' });
  assert.match(me.UserId, /^[0-9a-f-]{36}$/);
  assert.match(me.OrganizationId, /^[0-9a-f-]{36}$/);
});

test('creates, and reads what it created', async () => {
  const id = await crm.create({ collection: 'contacts', data: contact('Lovelace') });
  const read = await crm.retrieve({ collection: 'contacts', key: id, select: ['fullname', 'emailaddress1'] });
  assert.equal(read.fullname, 'Ada Lovelace');
  assert.equal(read.emailaddress1, 'lovelace@example.org');
  assert.match(read['@odata.etag'], /^W\/"\d+"$/);
});

test('creates with the row in the answer', async () => {
  const row = await crm.create({
    collection: 'contacts',
    data: contact('Hopper'),
    returnRepresentation: true,
    select: ['lastname', 'statecode'],
  });
  assert.equal(row.lastname, 'Hopper');
  assert.equal(row.statecode, 0);
});

test('binds a lookup, expands it, and lets go of it', async () => {
  const account = await crm.create({ collection: 'accounts', data: { name: 'Analytical Engines' } });
  const data = { ...contact('Babbage'), 'parentcustomerid_account@odata.bind': `accounts(${account})` };
  const id = await crm.create({ collection: 'contacts', data });
  const expand = [{ property: 'parentcustomerid_account', select: ['name'] }];
  const bound = await crm.retrieve({ collection: 'contacts', key: id, select: ['lastname'], expand });
  assert.equal(bound.parentcustomerid_account.name, 'Analytical Engines');
  await crm.disassociateSingleValued({
    collection: 'contacts',
    primaryKey: id,
    navigationProperty: 'parentcustomerid_account',
  });
  const free = await crm.retrieve({ collection: 'contacts', key: id, select: ['_parentcustomerid_value'] });
  assert.equal(free._parentcustomerid_value, null);
});

test('associates by a reference', async () => {
  const account = await crm.create({ collection: 'accounts', data: { name: 'Difference Engines' } });
  const id = await crm.create({ collection: 'contacts', data: contact('Clement') });
  await crm.associateSingleValued({
    collection: 'contacts',
    primaryKey: id,
    navigationProperty: 'parentcustomerid_account',
    relatedCollection: 'accounts',
    relatedKey: account,
  });
  const bound = await crm.retrieve({ collection: 'contacts', key: id, select: ['_parentcustomerid_value'] });
  assert.equal(bound._parentcustomerid_value, account);
});

test('associates by a collection, and expands it', async () => {
  const account = await crm.create({ collection: 'accounts', data: { name: 'Looms' } });
  const [relatedKey] = await Promise.all(
    ['Jacquard', 'Vaucanson'].map((last) => crm.create({ collection: 'contacts', data: contact(last) })),
  );
  const pair = {
    collection: 'accounts',
    primaryKey: account,
    relationshipName: 'contact_customer_accounts',
    relatedKey,
  };
  const expand = [{ property: 'contact_customer_accounts', select: ['lastname'] }];
  const people = async () =>
    (await crm.retrieve({ collection: 'accounts', key: account, select: ['name'], expand }))
      .contact_customer_accounts;
  await crm.associate({ ...pair, relatedCollection: 'contacts' });
  assert.deepEqual(
    (await people()).map((row) => row.lastname),
    ['Jacquard'],
  );
  const employer = {
    collection: 'contacts',
    key: relatedKey,
    navigationProperty: 'parentcustomerid_account',
    select: ['name'],
  };
  assert.equal((await crm.retrieve(employer)).name, 'Looms');
  await crm.disassociate(pair);
  assert.deepEqual(await people(), []);
});

test('updates, only while nobody else has', async () => {
  const id = await crm.create({ collection: 'contacts', data: contact('Noether') });
  const before = await crm.retrieve({ collection: 'contacts', key: id, select: ['lastname'] });
  await crm.update({ collection: 'contacts', key: id, data: { jobtitle: 'Professor' } });
  const after = await crm.retrieve({ collection: 'contacts', key: id, select: ['jobtitle'] });
  assert.equal(after.jobtitle, 'Professor');
  assert.notEqual(after['@odata.etag'], before['@odata.etag']);
  const late = {
    collection: 'contacts',
    key: id,
    data: { jobtitle: 'Lecturer' },
    ifmatch: before['@odata.etag'],
  };
  assert.equal(await crm.update(late), false);
  const stale = await refusal(strict.update(late));
  assert.deepEqual([stale.status, stale.code], [412, '0x80060882']);
  const kept = await crm.retrieve({ collection: 'contacts', key: id, select: ['jobtitle'] });
  assert.equal(kept.jobtitle, 'Professor');
});

test('updates a single property', async () => {
  const id = await crm.create({ collection: 'contacts', data: contact('Germain') });
  await crm.updateSingleProperty({
    collection: 'contacts',
    key: id,
    fieldValuePair: { jobtitle: 'Geometer' },
  });
  const read = await crm.retrieve({ collection: 'contacts', key: id, select: ['jobtitle', 'lastname'] });
  assert.deepEqual([read.jobtitle, read.lastname], ['Geometer', 'Germain']);
  await crm.deleteRecord({ collection: 'contacts', key: id, property: 'jobtitle' });
  const emptied = await crm.retrieve({ collection: 'contacts', key: id, select: ['jobtitle', 'lastname'] });
  assert.deepEqual([emptied.jobtitle, emptied.lastname], [null, 'Germain']);
});

test('does not update what is not there', async () => {
  const missing = await refusal(
    strict.update({ collection: 'contacts', key: randomUUID(), data: { jobtitle: 'Nobody' } }),
  );
  assert.deepEqual([missing.status, missing.code], [404, '0x80040217']);
});

test('upserts: creates, updates, and creates only', async () => {
  const key = randomUUID();
  const created = await crm.upsert({
    collection: 'contacts',
    key,
    data: contact('Kovalevskaya'),
    returnRepresentation: true,
  });
  assert.equal(created.contactid, key);
  await crm.upsert({ collection: 'contacts', key, data: { jobtitle: 'Professor' } });
  const again = await crm.upsert({
    collection: 'contacts',
    key,
    data: { jobtitle: 'Writer' },
    ifnonematch: '*',
  });
  assert.equal(again, null, 'a row that is there is left alone');
  const read = await crm.retrieve({ collection: 'contacts', key, select: ['lastname', 'jobtitle'] });
  assert.deepEqual([read.lastname, read.jobtitle], ['Kovalevskaya', 'Professor']);
});

test('reads again only what has changed', async () => {
  const key = await crm.create({ collection: 'contacts', data: contact('Agnesi') });
  const first = await crm.retrieve({ collection: 'contacts', key, select: ['lastname'] });
  const same = await crm.retrieve({
    collection: 'contacts',
    key,
    select: ['lastname'],
    ifnonematch: first['@odata.etag'],
  });
  assert.equal(same, undefined, 'not modified');
  await crm.update({ collection: 'contacts', key, data: { jobtitle: 'Mathematician' } });
  const newer = await crm.retrieve({
    collection: 'contacts',
    key,
    select: ['jobtitle'],
    ifnonematch: first['@odata.etag'],
  });
  assert.equal(newer.jobtitle, 'Mathematician');
});

test('deletes, and is told what is gone', async () => {
  const key = await crm.create({ collection: 'contacts', data: contact('Turing') });
  await crm.deleteRecord({ collection: 'contacts', key });
  const gone = await refusal(crm.retrieve({ collection: 'contacts', key }));
  assert.deepEqual([gone.status, gone.code], [404, '0x80040217']);
});

test('filters, orders, and takes the first', async () => {
  for (const last of ['Xenakis-C', 'Xenakis-A', 'Xenakis-B'])
    await crm.create({ collection: 'contacts', data: contact(last) });
  const found = await crm.retrieveMultiple({
    collection: 'contacts',
    select: ['lastname'],
    filter: "startswith(lastname,'Xenakis') and emailaddress1 ne null",
    orderBy: ['lastname desc'],
    top: 2,
    count: true,
  });
  assert.deepEqual(
    found.value.map((row) => row.lastname),
    ['Xenakis-C', 'Xenakis-B'],
  );
  assert.equal(found.oDataCount, 3);
});

test('pages to the end, by its own hand and by the next link', async () => {
  const first = await crm.retrieveMultiple({ collection: 'contacts', select: ['lastname'], maxPageSize: 9 });
  assert.equal(first.value.length, 9);
  const second = await crm.retrieveMultiple(
    { collection: 'contacts', select: ['lastname'], maxPageSize: 9 },
    first.oDataNextLink,
  );
  assert.equal(second.value.length, 9);
  const seen = new Set([...first.value, ...second.value].map((row) => row.contactid));
  assert.equal(seen.size, 18);
  const all = await crm.retrieveAll({ collection: 'contacts', select: ['lastname'], maxPageSize: 7 });
  assert.ok(all.value.length >= 45, `${all.value.length} contacts`);
  assert.equal(new Set(all.value.map((row) => row.contactid)).size, all.value.length);
});

test('reads by FetchXML, page after page', async () => {
  for (const last of ['Fetched-C', 'Fetched-A', 'Fetched-B']) {
    await crm.create({ collection: 'contacts', data: contact(last) });
  }
  const fetchXml =
    '<fetch count="2"><entity name="contact"><attribute name="lastname"/><order attribute="lastname"/>' +
    '<filter><condition attribute="lastname" operator="begins-with" value="Fetched-"/></filter></entity></fetch>';
  // Dataverse tells of further pages only those who ask for annotations.
  const asked = { collection: 'contacts', fetchXml, includeAnnotations: '*' };
  const first = await crm.fetch(asked);
  assert.deepEqual(
    first.value.map((row) => row.lastname),
    ['Fetched-A', 'Fetched-B'],
  );
  const { nextPage: pageNumber, cookie: pagingCookie } = first.PagingInfo;
  const second = await crm.fetch({ ...asked, pageNumber, pagingCookie });
  assert.deepEqual(
    second.value.map((row) => row.lastname),
    ['Fetched-C'],
  );
  const all = await crm.fetchAll(asked);
  assert.equal(all.value.length, 3);
});

test('counts', async () => {
  const all = await crm.count({ collection: 'contacts' });
  const state = await control(origin, 'GET', 'state');
  assert.equal(all, state.tables.contacts);
  assert.equal(await crm.count({ collection: 'contacts', filter: "lastname eq 'No-one of this name'" }), 0);
  const some = await crm.countAll({
    collection: 'contacts',
    filter: 'statecode eq 0',
    select: ['contactid'],
  });
  assert.equal(some, all);
});

test('shows formatted values when asked', async () => {
  const page = await crm.retrieveMultiple({
    collection: 'msevtmgt_eventregistrations',
    select: ['_msevtmgt_contactid_value', 'statuscode'],
    includeAnnotations: '*',
    top: 1,
  });
  const row = page.value[0];
  assert.equal(row['_msevtmgt_contactid_value@Microsoft.Dynamics.CRM.lookuplogicalname'], 'contact');
  assert.ok(row['_msevtmgt_contactid_value@OData.Community.Display.V1.FormattedValue']);
  assert.ok(row['statuscode@OData.Community.Display.V1.FormattedValue']);
  assert.equal(
    row._msevtmgt_contactid_value_Formatted,
    row['_msevtmgt_contactid_value@OData.Community.Display.V1.FormattedValue'],
  );
});

test('carries out a batch of reads and writes', async () => {
  const id = await crm.create({ collection: 'contacts', data: contact('Hamilton') });
  crm.startBatch();
  crm.retrieve({ collection: 'contacts', key: id, select: ['lastname'] });
  crm.create({ collection: 'contacts', data: contact('Johnson') });
  crm.update({ collection: 'contacts', key: id, data: { jobtitle: 'Engineer' } });
  crm.retrieveMultiple({ collection: 'contacts', select: ['jobtitle'], filter: `contactid eq ${id}` });
  const [read, created, , listed] = await crm.executeBatch();
  assert.equal(read.lastname, 'Hamilton');
  assert.match(created, /^[0-9a-f-]{36}$/);
  assert.equal(listed.value[0].jobtitle, 'Engineer');
});

test('refers inside of a change set to what it has just created', async () => {
  crm.startBatch();
  crm.create({ collection: 'accounts', data: { name: 'Orbits' }, contentId: '1' });
  crm.create({
    collection: 'contacts',
    data: { ...contact('Vaughan'), 'parentcustomerid_account@odata.bind': '$1' },
  });
  const [account, person] = await crm.executeBatch();
  const read = await crm.retrieve({
    collection: 'contacts',
    key: person,
    select: ['_parentcustomerid_value'],
  });
  assert.equal(read._parentcustomerid_value, account);
});

test('takes back a whole change set when a part of it is refused', async () => {
  const before = await crm.count({ collection: 'contacts' });
  crm.startBatch();
  crm.create({ collection: 'contacts', data: contact('Kept-by-nobody') });
  crm.create({ collection: 'contacts', data: { lastname: 'Wrong', no_such_column: 1 } });
  const failed = await crm.executeBatch().then(
    () => assert.fail('this had to be refused'),
    (errors) => errors,
  );
  assert.equal(failed.length, 1);
  assert.equal(failed[0].status, 400);
  assert.equal(await crm.count({ collection: 'contacts' }), before);
});

test('goes on after a failure when told to', async () => {
  crm.startBatch();
  crm.retrieve({ collection: 'contacts', key: randomUUID() });
  crm.create({ collection: 'contacts', data: contact('Jackson'), inChangeSet: false });
  const [missing, created] = await crm.executeBatch({ continueOnError: true });
  assert.equal(missing.status, 404);
  const read = await crm.retrieve({ collection: 'contacts', key: created, select: ['lastname'] });
  assert.equal(read.lastname, 'Jackson');
});

test('follows the changes of a table', async () => {
  const follow = { collection: 'contacts', select: ['lastname'], trackChanges: true };
  const start = await crm.retrieveAll(follow);
  assert.ok(start.oDataDeltaLink, 'the last page has a delta link');
  const kept = await crm.create({ collection: 'contacts', data: contact('Meitner') });
  const lost = await crm.create({ collection: 'contacts', data: contact('Vanished') });
  await crm.deleteRecord({ collection: 'contacts', key: lost });
  const changes = await crm.retrieveMultiple(follow, start.oDataDeltaLink);
  assert.deepEqual(
    changes.value.filter((row) => !row.reason).map((row) => row.contactid),
    [kept],
  );
  const deleted = changes.value.filter((row) => row.reason === 'deleted');
  assert.deepEqual(
    deleted.map((row) => row.id),
    [lost],
  );
  const nothing = await crm.retrieveMultiple(follow, changes.oDataDeltaLink);
  assert.deepEqual(nothing.value, []);
});

test('looks up tables, columns, choices and relationships', async () => {
  const [table] = (
    await crm.retrieveEntities({
      select: ['LogicalName', 'EntitySetName', 'PrimaryIdAttribute', 'MetadataId'],
      filter: "LogicalName eq 'msevtmgt_eventregistration'",
    })
  ).value;
  assert.equal(table.EntitySetName, 'msevtmgt_eventregistrations');
  const key = "LogicalName='contact'";
  const one = await crm.retrieveEntity({ key, select: ['EntitySetName'] });
  assert.equal(one.EntitySetName, 'contacts');
  const columns = await crm.retrieveAttributes({ entityKey: key, select: ['LogicalName'] });
  assert.ok(columns.value.some((column) => column.LogicalName === 'emailaddress1'));
  const column = await crm.retrieveAttribute({
    entityKey: key,
    attributeKey: "LogicalName='lastname'",
    select: ['LogicalName', 'AttributeType'],
  });
  assert.equal(column.AttributeType, 'String');
  const choices = await crm.retrieveAttributes({
    entityKey: "LogicalName='msevtmgt_event'",
    castType: 'Microsoft.Dynamics.CRM.PicklistAttributeMetadata',
    select: ['LogicalName'],
    expand: [{ property: 'OptionSet', select: ['Options'] }],
  });
  assert.ok(choices.value.every((choice) => choice.OptionSet.Options.length > 0));
  const lookups = await crm.retrieveEntity({
    key: "LogicalName='msevtmgt_eventregistration'",
    select: ['LogicalName'],
    expand: [
      {
        property: 'ManyToOneRelationships',
        select: ['ReferencingAttribute', 'ReferencingEntityNavigationPropertyName'],
      },
    ],
  });
  const names = lookups.ManyToOneRelationships.map((one) => one.ReferencingEntityNavigationPropertyName);
  assert.ok(names.includes('msevtmgt_EventId'), names.join());
});

test('reads relationships and the document of the whole model', async () => {
  const { value } = await crm.retrieveRelationships({
    castType: 'Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata',
    select: ['SchemaName', 'ReferencedEntity'],
    filter: "SchemaName eq 'contact_customer_accounts'",
  });
  assert.deepEqual(
    value.map((one) => one.ReferencedEntity),
    ['account'],
  );
  const csdl = await crm.retrieveCsdlMetadata();
  assert.match(csdl, /<EntityType Name="msevtmgt_eventregistration"/);
});

test('finds a row by an alternate key, and upserts by it', async () => {
  const keys = "/api/data/v9.2/EntityDefinitions(LogicalName='account')/Keys";
  const made = await fetch(origin + keys, {
    method: 'POST',
    headers: { authorization: `Bearer ${await token()}`, 'content-type': 'application/json' },
    body: JSON.stringify({ SchemaName: 'ConformanceNumber', KeyAttributes: ['accountnumber'] }),
  });
  assert.equal(made.status, 204, await made.text());
  const key = "accountnumber='A 1'";
  await crm.upsert({ collection: 'accounts', key, data: { name: 'First' } });
  await crm.upsert({ collection: 'accounts', key, data: { name: 'Renamed' } });
  const read = await crm.retrieve({ collection: 'accounts', key, select: ['name', 'accountnumber'] });
  assert.deepEqual([read.name, read.accountnumber], ['Renamed', 'A 1']);
});

test('creates many at once by an action', async () => {
  const Targets = ['Bulk-A', 'Bulk-B'].map((last) => ({
    '@odata.type': 'Microsoft.Dynamics.CRM.contact',
    ...contact(last),
  }));
  const { Ids } = await crm.callAction({
    collection: 'contacts',
    actionName: 'Microsoft.Dynamics.CRM.CreateMultiple',
    action: { Targets },
  });
  assert.equal(Ids.length, 2);
  const read = await crm.retrieve({ collection: 'contacts', key: Ids[1], select: ['lastname'] });
  assert.equal(read.lastname, 'Bulk-B');
});

test('is told which column is unknown', async () => {
  const unknown = await refusal(crm.retrieveMultiple({ collection: 'contacts', select: ['shoesize'] }));
  assert.deepEqual([unknown.status, unknown.code], [400, '0x80060888']);
  assert.match(unknown.message, /shoesize/);
});

test('is told to wait, and for how long', async () => {
  await control(origin, 'POST', 'weather', { rules: [{ operation: '*', effect: 'quota', count: 1 }] });
  const waiting = await refusal(crm.retrieveMultiple({ collection: 'contacts', top: 1 }));
  assert.equal(waiting.status, 429);
  assert.match(waiting.code, /^0x8007232[126]$/);
  assert.ok(Number(waiting.headers['retry-after']) > 0);
  const served = await crm.retrieveMultiple({ collection: 'contacts', top: 1 });
  assert.equal(served.value.length, 1);
});
