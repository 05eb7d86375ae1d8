const app = db.getSiblingDB('app');
app.plain.insertMany([
  { _id: 1, double: 1.5, int: NumberInt(1), long: NumberLong('9007199254740993'), decimal: NumberDecimal('1.10') },
  { _id: 'b', nan: NaN, infinite: -Infinity, zero: -0.0, none: null, yes: true, no: false },
  { _id: ObjectId('0123456789abcdef01234567'), when: ISODate('1969-12-31T23:59:59.999Z'), stamp: Timestamp(1, 2) },
  { _id: UUID('00112233-4455-6677-8899-aabbccddeeff'), bytes: BinData(128, '//8='), re: /a\/b/im, min: MinKey(), max: MaxKey() },
  { _id: { z: 1, a: 2 }, 10: 'ten', 2: 'two', '': 'empty', 'a.b': 'dotted', $x: 'dollar', text: 'ä\u0000\u{1F600}' },
  { _id: 6, code: Code('return 1'), scoped: Code('return x', { x: 1 }), ref: DBRef('other', 1, 'app'), list: [1, [2, {}], {}] },
]);
app.plain.insertOne({ _id: 'sixteen MiB', bytes: 'x'.repeat(16 * 1024 * 1024 - 60) });
const indexed = app.indexed;
for (let i = 0; i < 2000; i++) indexed.insertOne({ _id: i, a: i % 7, b: 'text ' + i, c: [i, i + 1], at: new Date(1.7e12 + i * 1000) });
indexed.insertOne({ _id: 'place', place: { type: 'Point', coordinates: [1, 2] }, flat: [1, 2], d: { e: 1, f: 'x' } });
indexed.createIndex({ a: 1, b: -1 }, { name: 'two ways' });
indexed.createIndex({ b: 1 }, { unique: true, sparse: true });
indexed.createIndex({ c: 1 });
indexed.createIndex({ a: 'hashed' });
indexed.createIndex({ b: 'text' }, { weights: { b: 3 }, default_language: 'german' });
indexed.createIndex({ place: '2dsphere' });
indexed.createIndex({ flat: '2d' }, { min: -10, max: 10, bits: 20 });
indexed.createIndex({ at: 1 }, { expireAfterSeconds: 1e9 });
indexed.createIndex({ b: 1, a: 1 }, { partialFilterExpression: { a: { $gt: 3 } } });
indexed.createIndex({ a: 1 }, { collation: { locale: 'de', strength: 2 }, name: 'collated' });
indexed.createIndex({ 'd.$**': 1 });
indexed.createIndex({ at: -1 }, { hidden: true });
app.createCollection('capped', { capped: true, size: 65536, max: 50 });
for (let i = 0; i < 80; i++) app.capped.insertOne({ _id: 80 - i });
app.createCollection('series', { timeseries: { timeField: 't', metaField: 'm', granularity: 'minutes' }, expireAfterSeconds: 1e9 });
for (let i = 0; i < 300; i++) app.series.insertOne({ t: new Date(1.7e12 + i * 60000), m: { s: i % 3 }, v: i });
app.series.createIndex({ 'm.s': 1, t: 1 });
app.createCollection('valid', { validator: { $jsonSchema: { required: ['a'] } }, validationLevel: 'moderate', validationAction: 'error' });
app.valid.insertOne({ a: 1 });
app.runCommand({ insert: 'valid', documents: [{ not: 'valid' }], bypassDocumentValidation: true });
app.createCollection('collated', { collation: { locale: 'fr', strength: 1 } });
app.collated.insertMany([{ _id: 'cote' }, { _id: 'zut' }]);
app.createCollection('clustered', { clusteredIndex: { key: { _id: 1 }, unique: true, name: 'by id' } });
app.clustered.insertMany([{ _id: 2 }, { _id: 1 }]);
app.createCollection('images', { changeStreamPreAndPostImages: { enabled: true } });
app.createCollection('empty');
app.createView('seen', 'indexed', [{ $match: { a: { $lt: 3 } } }], { collation: { locale: 'de' } });
app.createView('seen again', 'seen', [{ $project: { b: 1 } }], { collation: { locale: 'de' } });
app.getCollection('system.js').insertOne({ _id: 'f', value: Code('function (x) { return x }') });
const many = db.getSiblingDB('many');
for (let i = 0; i < 250; i++) many.getCollection('c' + i).insertOne({ _id: i });
const odd = db.getSiblingDB('_od-däöü%*');
for (const name of ['with space', 'a.b.c', '-dash', 'ünï', '100%', 'quo"te\'s', 'new\nline', 'back\\slash', '*', 'x'.repeat(150)]) {
  odd.getCollection(name).insertOne({ _id: name });
}
db.getSiblingDB('only-empty').createCollection('nothing in it');
app.createRole({ role: 'reader', privileges: [{ resource: { db: 'app', collection: 'plain' }, actions: ['find'] }], roles: [] });
db.getSiblingDB('admin').createRole({ role: 'both', privileges: [], roles: [{ role: 'reader', db: 'app' }] });
app.createUser({ user: 'some user', pwd: 'their password', roles: ['reader', 'readWrite'], customData: { a: 1 } });
db.getSiblingDB('admin').createUser({ user: 'another', pwd: 'x', roles: ['both'], mechanisms: ['SCRAM-SHA-256'] });
