// Runs in mongosh for MongoSession.cs. A line of JSON comes in for every question, and a line that begins with the mark goes out for every
// answer. What is asked is data: no text of others ever becomes part of this program.
(async () => {
  const answer = (value) => process.stdout.write('@opsrunbook ' + EJSON.stringify(value) + '\n');
  let connection = null;

  // The number of a cursor has more digits than a number of JavaScript keeps, and is therefore followed here.
  const list = async (database, command, batchSize) => {
    let { cursor } = await database.runCommand(command);
    const documents = cursor.firstBatch;
    while (String(cursor.id) !== '0') {
      ({ cursor } = await database.runCommand({ getMore: cursor.id, collection: cursor.ns.slice(cursor.ns.indexOf('.') + 1), batchSize }));
      documents.push(...cursor.nextBatch);
    }
    return documents;
  };

  answer({ ready: true });
  for await (const line of require('readline').createInterface({ input: process.stdin })) {
    try {
      const { connect, database, command, batchSize } = EJSON.parse(line);
      if (connect) {
        connection = await new Mongo(connect);
        answer({ result: true });
      } else {
        const db = connection.getDB(database);
        answer({ result: batchSize ? await list(db, command, batchSize) : await db.runCommand(command) });
      }
    } catch (error) {
      answer({ error: { name: String(error.name), code: Number(error.code) || 0, message: String(error.message) } });
    }
  }
})();
