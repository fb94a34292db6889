#pragma once

#include "base/status.h"
#include "store/database.h"

namespace lodestone {

// Brings a database to this version's schema, in one transaction; a new file gets it whole.
// Errors: kMismatch when it is of a newer version, kBadData when it is not a library at all; both
// leave it untouched.
Status MigrateSchema(Database* database);

}  // namespace lodestone
