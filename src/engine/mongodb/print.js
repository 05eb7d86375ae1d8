say({ print: printOf(given.databases) });
