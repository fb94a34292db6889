#pragma once

#include "base/status.h"

namespace lodestone {

// From now on databases reach their files through buffers: neighbouring writes become one, and reads that follow each
// other are read ahead. Nothing is held back past a sync, so that what is safe from a crash stays what it was. In a
// browser each access is a call of JavaScript or even a round trip between threads, and SQLite makes several for each page.
// Stands on what is SQLite's file system at the first call; further calls do nothing. Call before any Database.
Status UseBufferedFiles();

}  // namespace lodestone
