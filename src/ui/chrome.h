#pragma once

#include <string>
#include <vector>

#include "ui/frame.h"

namespace lodestone::ui {

// The strip with the mark, the field, the modes and the library button.
float TopBarHeight(const Frame& frame);
void DrawTopBar(Frame& frame, const Rect& rect);

inline constexpr float kStatusHeight = 30;
void DrawStatusLine(Frame& frame, const Rect& rect);

// A line below the top bar when the engine is gone or does not match; its height, 0 if all is well.
float BannerHeight(Frame& frame, float width);
void DrawBanner(Frame& frame, const Rect& rect);

// Messages that lie above everything, at the bottom and to the left of `right`.
void DrawNotices(Frame& frame, float right);

// What the right end of the status line tells, most important first.
std::vector<std::string> StatusFacts(const UiState& state);
// What the left end tells.
std::string StatusText(const UiState& state);

}  // namespace lodestone::ui
