#pragma once

#include "ui/frame.h"

namespace lodestone::ui {

// A card for each task that runs or waits, with its progress and what can be done with it, in a rectangle of
// TasksHeight.
void DrawTasks(Frame& frame, const Rect& rect);
float TasksHeight(const UiState& state);  // 0 without tasks

}  // namespace lodestone::ui
