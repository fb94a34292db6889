#include "ui/theme.h"

#include <algorithm>

namespace lodestone::ui {

Color Mixed(Color from, Color to, float t) {
  t = std::clamp(t, 0.0f, 1.0f);
  Color out = 0;
  for (int shift = 0; shift < 32; shift += 8) {
    const auto a = static_cast<float>((from >> shift) & 0xFF);
    const auto b = static_cast<float>((to >> shift) & 0xFF);
    out |= static_cast<Color>(a + (b - a) * t + 0.5f) << shift;
  }
  return out;
}

const Theme& LightTheme() {
  static constexpr Theme kTheme = {
      .dark = false,
      .background = Rgb(0xF6F6F3),
      .surface = Rgb(0xFFFFFF),
      .raised = Rgb(0xFFFFFF),
      .hover = Rgb(0xEFEFEA),
      .selected = Rgb(0xEAF4F1),
      .border = Rgb(0xE2E2DC),
      .border_strong = Rgb(0xC9C9C1),
      .text = Rgb(0x1A1C1E),
      .muted = Rgb(0x53585D),
      .faint = Rgb(0x686D72),
      .accent = Rgb(0x0B6E66),
      .on_accent = Rgb(0xFFFFFF),
      .accent_soft = Rgb(0xDCEFEB),
      .match_background = Rgb(0xC3E8E0),
      .match_text = Rgb(0x063F3A),
      .passage_background = Rgb(0xF1F8F6),
      .danger = Rgb(0xA8241C),
      .danger_soft = Rgb(0xFBECEA),
      .warning = Rgb(0x7F5300),
      .warning_soft = Rgb(0xFBF3E0),
      .shadow = Rgb(0x1C2422, 26),
      .scrim = Rgb(0x14181A, 82),
  };
  return kTheme;
}

const Theme& DarkTheme() {
  static constexpr Theme kTheme = {
      .dark = true,
      .background = Rgb(0x131517),
      .surface = Rgb(0x1A1D20),
      .raised = Rgb(0x202428),
      .hover = Rgb(0x262B2F),
      .selected = Rgb(0x1B2B2A),
      .border = Rgb(0x2A2F33),
      .border_strong = Rgb(0x40474D),
      .text = Rgb(0xE9EBED),
      .muted = Rgb(0xAEB5BB),
      .faint = Rgb(0x8F979E),
      .accent = Rgb(0x5CC9BA),
      .on_accent = Rgb(0x06201D),
      .accent_soft = Rgb(0x19352F),
      .match_background = Rgb(0x1F524B),
      .match_text = Rgb(0xD0F7EF),
      .passage_background = Rgb(0x1C2625),
      .danger = Rgb(0xF4938A),
      .danger_soft = Rgb(0x36201E),
      .warning = Rgb(0xE6BC6A),
      .warning_soft = Rgb(0x312812),
      .shadow = Rgb(0x000000, 90),
      .scrim = Rgb(0x000000, 130),
  };
  return kTheme;
}

}  // namespace lodestone::ui
