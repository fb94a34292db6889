#pragma once

#include "ui/frame.h"

namespace lodestone::ui {

// A card for each task that runs or waits, with its progress and what can be done with it.
// Returns the height that it took, 0 without tasks.
float DrawTasks(Frame& frame, const Rect& rect);

}  // namespace lodestone::ui
