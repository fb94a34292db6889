#pragma once

#include "ui/text_layout.h"

namespace lodestone::ui {

// Every glyph is 10 wide, Han characters and emoji 20: widths that a reader can add up.
class FixedMeasure : public TextMeasure {
 public:
  FixedMeasure() : TextMeasure(&table_) {}
  float Advance(char32_t glyph) override {
    return IsIdeographic(glyph) || glyph > 0x1F000 ? 20 : 10;
  }

 private:
  ClusterTable table_;
};

}  // namespace lodestone::ui
