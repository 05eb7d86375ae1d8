for (const what of ["users", "roles"]) admin.getCollection(given[what]).drop();
say({});
