/* The tests of one major, built with the headers of another: what the other's headers no longer bring along, or not yet. */
#include "postgres.h"
#include "fmgr.h"
#include "utils/array.h"
#ifndef PG_MODULE_MAGIC_EXT
#define PG_MODULE_MAGIC_EXT(...) PG_MODULE_MAGIC
#endif
