#include "ui/text_layout.h"

#include <algorithm>
#include <cmath>

#include "ui/utf8.h"

namespace lodestone::ui {
namespace {

constexpr float kTabSpaces = 4;
constexpr std::string_view kEllipsis = "\xE2\x80\xA6";

bool IsSpace(char32_t value) {
  return value == ' ' || value == '\t' || value == '\n' || value == '\r' || value == 0x2028 ||
         value == 0x2029;
}

bool BreaksAfter(char32_t value) {
  return value == '-' || value == '/' || value == '\\' || value == 0x200B || value == 0x2013 ||
         value == 0x2014 || value == '|' || value == ';' || IsIdeographic(value);
}

// Closing marks that never begin a line.
bool NeverBegins(char32_t value) {
  switch (value) {
    case ')':
    case ']':
    case '}':
    case ',':
    case '.':
    case ':':
    case ';':
    case '!':
    case '?':
    case '/':
    case '-':
    case 0x3001:
    case 0x3002:
    case 0x300D:
    case 0x300F:
    case 0x3011:
    case 0x30FC:
    case 0xFF01:
    case 0xFF09:
    case 0xFF0C:
    case 0xFF0E:
    case 0xFF1A:
    case 0xFF1B:
    case 0xFF1F:
      return true;
    default:
      return false;
  }
}

float AdvanceOf(char32_t glyph, TextMeasure& measure) {
  if (glyph == '\t') return kTabSpaces * measure.Advance(' ');
  if (glyph < 0x20 || glyph == 0x7F || (glyph >= 0x200B && glyph <= 0x200F) || glyph == 0xFEFF ||
      glyph == 0xAD) {
    return 0;
  }
  return measure.Advance(glyph);
}

}  // namespace

std::vector<TextLine> LayOutText(std::string_view text, uint32_t start, uint32_t end,
                                 TextMeasure& measure, const LayoutOptions& options) {
  std::vector<TextLine> lines;
  const auto length = static_cast<uint32_t>(text.size());
  end = std::min(end, length);
  start = std::min(start, end);
  text = text.substr(0, end);

  uint32_t line_start = start;
  float x = 0;
  // The last place to break at: where the line's ink ends, and where the next line begins.
  uint32_t break_ink_end = start;
  uint32_t break_next = start;
  float break_ink_width = 0;
  float break_x = 0;
  bool in_space = false;
  const auto full = [&] { return lines.size() >= options.max_lines; };
  const auto restart = [&](uint32_t at) {
    line_start = break_next = break_ink_end = at;
    x = break_x = break_ink_width = 0;
    in_space = false;
  };

  uint32_t position = start;
  while (position < end && !full()) {
    const Cluster cluster = measure.clusters().Next(text, position);
    const uint32_t next = position + cluster.size_bytes;
    if (IsSpace(cluster.glyph)) {
      const bool hard = cluster.glyph == '\n' && !options.collapse_space;
      if (!in_space) break_ink_end = position, break_ink_width = x;
      if (hard) {
        lines.push_back(
            {line_start, in_space ? break_ink_end : position, in_space ? break_ink_width : x});
        restart(next);
        position = next;
        if (position == end && !full()) lines.push_back({end, end, 0});
        continue;
      }
      if (!options.collapse_space) {
        x += AdvanceOf(cluster.glyph, measure);
      } else if (!in_space && position > line_start) {
        x += measure.Advance(' ');
      } else if (position == line_start) {
        line_start = next;  // no space at the beginning of a collapsed line
      }
      in_space = true;
      break_next = next;
      break_x = x;
      position = next;
      continue;
    }
    const bool ideographic = IsIdeographic(cluster.glyph) && !NeverBegins(cluster.glyph);
    if (!in_space && ideographic && position > line_start) {
      break_ink_end = break_next = position, break_ink_width = break_x = x;
    }
    const float advance = AdvanceOf(cluster.glyph, measure);
    if (x + advance > options.width && position > line_start) {
      if (break_next > line_start && break_ink_end > line_start) {
        lines.push_back({line_start, break_ink_end, break_ink_width});
        const uint32_t resume = break_next;
        const float carried = x - break_x;
        restart(resume);
        x = carried;
        in_space = false;
        if (resume < position) continue;  // measure the same cluster on the new line
      } else {
        lines.push_back({line_start, position, x});
        restart(position);
      }
      continue;
    }
    x += advance;
    in_space = false;
    position = next;
    if (BreaksAfter(cluster.glyph) && position < end &&
        !NeverBegins(measure.clusters().Next(text, position).glyph)) {
      break_ink_end = break_next = position;
      break_ink_width = break_x = x;
    }
  }
  if (!full() && position >= end && (line_start < end || lines.empty())) {
    lines.push_back({line_start, in_space ? std::max(break_ink_end, line_start) : end,
                     in_space ? break_ink_width : x});
  }
  return lines;
}

void PlaceLine(std::string_view text, const TextLine& line, TextMeasure& measure,
               bool collapse_space, std::vector<PlacedGlyph>* out) {
  out->clear();
  text = text.substr(0, std::min<size_t>(line.end, text.size()));
  float x = 0;
  bool any_rtl = false;
  bool in_space = true;
  std::vector<bool> rtl;
  for (uint32_t position = line.start; position < text.size();) {
    const Cluster cluster = measure.clusters().Next(text, position);
    float advance = AdvanceOf(cluster.glyph, measure);
    char32_t glyph = cluster.glyph;
    if (IsSpace(glyph)) {
      if (collapse_space) advance = in_space ? 0 : measure.Advance(' ');
      glyph = ' ';
      in_space = true;
    } else {
      in_space = false;
    }
    out->push_back({glyph, position, position + cluster.size_bytes, x, advance});
    rtl.push_back(cluster.right_to_left);
    any_rtl = any_rtl || cluster.right_to_left;
    x += advance;
    position += cluster.size_bytes;
  }
  if (!any_rtl) return;
  // A run reaches from one right-to-left word to the last one that only spaces and marks part from
  // it.
  const auto is_left_letter = [&](size_t i) {
    const char32_t glyph = (*out)[i].glyph;
    return !rtl[i] && ((glyph >= '0' && glyph <= '9') || (glyph >= 'A' && glyph <= 'Z') ||
                       (glyph >= 'a' && glyph <= 'z') || glyph >= 0xC0);
  };
  for (size_t i = 0; i < out->size(); ++i) {
    if (!rtl[i]) continue;
    size_t last = i;
    for (size_t j = i + 1; j < out->size() && !is_left_letter(j); ++j) {
      if (rtl[j]) last = j;
    }
    float at = (*out)[i].x;
    std::reverse(out->begin() + static_cast<ptrdiff_t>(i),
                 out->begin() + static_cast<ptrdiff_t>(last) + 1);
    for (size_t j = i; j <= last; ++j) {
      (*out)[j].x = at;
      at += (*out)[j].advance;
    }
    i = last;
  }
}

std::vector<Extent> ExtentsOf(const std::vector<PlacedGlyph>& glyphs, uint32_t start,
                              uint32_t end) {
  std::vector<Extent> extents;
  bool open = false;
  for (const PlacedGlyph& glyph : glyphs) {
    const bool inside = glyph.end > start && glyph.start < end;
    if (inside && open) {
      extents.back().right = glyph.x + glyph.advance;
    } else if (inside) {
      extents.push_back({glyph.x, glyph.x + glyph.advance});
    }
    open = inside;
  }
  return extents;
}

uint32_t ByteAt(const std::vector<PlacedGlyph>& glyphs, const TextLine& line, float x) {
  for (const PlacedGlyph& glyph : glyphs) {
    if (x < glyph.x + glyph.advance / 2) return glyph.start;
  }
  return line.end;
}

float MeasureText(std::string_view text, TextMeasure& measure) {
  float width = 0;
  for (size_t position = 0; position < text.size();) {
    const Cluster cluster = measure.clusters().Next(text, position);
    width += AdvanceOf(cluster.glyph, measure);
    position += cluster.size_bytes;
  }
  return width;
}

std::string Elide(std::string_view text, TextMeasure& measure, float width, bool keep_end) {
  // Long enough for any line on any screen; beyond it nobody measures.
  constexpr size_t kLongest = 4096;
  if (text.size() <= kLongest && MeasureText(text, measure) <= width) return std::string(text);
  const float room = width - MeasureText(kEllipsis, measure);
  const float head_room = keep_end ? room * 0.4f : room;
  size_t head = 0;
  float x = 0;
  while (head < text.size()) {
    const Cluster cluster = measure.clusters().Next(text, head);
    const float advance = AdvanceOf(cluster.glyph, measure);
    if (x + advance > head_room) break;
    x += advance;
    head += cluster.size_bytes;
  }
  std::string out(text.substr(0, head));
  out += kEllipsis;
  if (!keep_end) return out;
  size_t tail = text.size();
  while (tail > head) {
    const size_t before = FloorToCodePoint(text, tail - 1);
    const float advance = AdvanceOf(measure.clusters().Next(text, before).glyph, measure);
    if (x + advance > room) break;
    x += advance;
    tail = before;
  }
  out += text.substr(tail);
  return out;
}

}  // namespace lodestone::ui
