#pragma once

#include <cstdint>

namespace lodestone::ui {

// A colour as Dear ImGui packs it: 0xAABBGGRR.
using Color = uint32_t;

constexpr Color Rgb(uint32_t rgb, uint32_t alpha = 255) {
  return (alpha << 24) | ((rgb & 0xFF) << 16) | (rgb & 0xFF00) | ((rgb >> 16) & 0xFF);
}
// `color` with its alpha scaled by `factor` (0 to 1).
constexpr Color Faded(Color color, float factor) {
  const auto alpha = static_cast<uint32_t>(static_cast<float>(color >> 24) * factor + 0.5f);
  return (color & 0x00FFFFFF) | (alpha << 24);
}
// A colour between two, `t` from 0 to 1.
Color Mixed(Color from, Color to, float t);

// The palette: neutral greys and one accent; every text colour has a contrast of at least 4.5 on
// the surfaces that it stands on.
struct Theme {
  bool dark = false;
  Color background;  // the page
  Color surface;     // cards, the field, the preview
  Color raised;      // drawers, toasts
  Color hover;
  Color selected;
  Color border;
  Color border_strong;
  Color text;
  Color muted;
  Color faint;
  Color accent;
  Color on_accent;
  Color accent_soft;
  Color match_background;
  Color match_text;
  Color passage_background;
  Color danger;
  Color danger_soft;
  Color warning;
  Color warning_soft;
  Color shadow;
  Color scrim;
};

const Theme& LightTheme();
const Theme& DarkTheme();

// Spacing in CSS pixels: multiples of four.
inline constexpr float kSpace1 = 4;
inline constexpr float kSpace2 = 8;
inline constexpr float kSpace3 = 12;
inline constexpr float kSpace4 = 16;
inline constexpr float kSpace5 = 24;
inline constexpr float kSpace6 = 32;
inline constexpr float kSpace7 = 48;
inline constexpr float kRadiusSmall = 6;
inline constexpr float kRadius = 10;
inline constexpr float kRadiusLarge = 14;
// Below this width the page has one column.
inline constexpr float kNarrowWidth = 720;

enum class Weight : uint8_t { kRegular, kSemiBold };

// Sizes are CSS pixels of the em; line heights in CSS pixels.
struct TextStyle {
  float size = 16;
  float line_height = 23;
  Weight weight = Weight::kRegular;
};

inline constexpr TextStyle kCaption{12, 16, Weight::kRegular};
inline constexpr TextStyle kSmall{13, 18, Weight::kRegular};
inline constexpr TextStyle kSmallStrong{13, 18, Weight::kSemiBold};
inline constexpr TextStyle kControl{14, 20, Weight::kRegular};
inline constexpr TextStyle kControlStrong{14, 20, Weight::kSemiBold};
inline constexpr TextStyle kBody{16, 23, Weight::kRegular};
inline constexpr TextStyle kBodyStrong{16, 23, Weight::kSemiBold};
inline constexpr TextStyle kReading{16, 25, Weight::kRegular};
inline constexpr TextStyle kTitle{17, 24, Weight::kSemiBold};
inline constexpr TextStyle kHeading{20, 28, Weight::kSemiBold};
inline constexpr TextStyle kDisplay{28, 36, Weight::kSemiBold};

}  // namespace lodestone::ui
