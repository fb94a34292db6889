#pragma once

#include "ui/frame.h"

namespace lodestone::ui {

// What is shown while the field is empty: an invitation, or how much there is to search and how.
void DrawHome(Frame& frame, const Rect& rect);

}  // namespace lodestone::ui
