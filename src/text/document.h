#pragma once

#include "base/document.h"  // shared with store, which may not include text
