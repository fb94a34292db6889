#include "ui/preview.h"

#include <algorithm>
#include <cmath>

#include "imgui_internal.h"
#include "ui/format.h"
#include "ui/widgets.h"

namespace lodestone::ui {
namespace {

constexpr float kPad = 28;
constexpr float kNarrowPad = 18;
constexpr float kMaxTextWidth = 700;
// A frame spends at most this much of a long text on finding its lines: about 2 ms.
constexpr uint32_t kCutBudgetBytes = 4u << 20;
constexpr size_t kMaxLaidOut = 4096;
constexpr float kBlankHeight = 14;
// How much of what stands before a passage is shown with it: a heading, as a rule.
constexpr float kContextAbove = 76;
constexpr float kTypicalAdvance = 7.8f;

TextStyle StyleOf(uint8_t level) {
  switch (level) {
    case 0:
      return kReading;
    case 1:
      return {22, 30, Weight::kSemiBold};
    case 2:
      return {19, 27, Weight::kSemiBold};
    default:
      return kBodyStrong;
  }
}

}  // namespace

void PreviewPane::Draw(Frame& frame, const Rect& rect) {
  const PreviewState& preview = frame.state.preview;
  Canvas& canvas = frame.canvas;
  const Theme& theme = frame.theme();
  frame.mirror.Open(
      {.id = IdOf("preview"), .role = Role::kRegion, .name = "Preview", .box = rect.box()});
  const float header = DrawHeader(frame, rect);
  const Rect body = {rect.x, rect.y + header, rect.width, rect.height - header};
  const bool stale = preview.document == nullptr || preview.document->message.path != preview.path;
  if (preview.status == PreviewStatus::kFailed) {
    const std::string text = "This document cannot be shown. " + preview.error;
    canvas.Paragraph(kBody, body.x + kPad, body.y + kSpace5, body.width - 2 * kPad, theme.danger,
                     text);
    MirrorText(frame, IdOf("preview_error"),
               {body.x + kPad, body.y + kSpace5, body.width - 2 * kPad, 60}, text);
  } else if (stale) {
    canvas.Text(kBody, body.x + kPad, body.y + kSpace5, theme.faint, "Opening\xE2\x80\xA6");
  } else {
    DrawText(frame, body);
  }
  frame.mirror.Close();
}

float PreviewPane::DrawHeader(Frame& frame, const Rect& rect) {
  const PreviewState& preview = frame.state.preview;
  Canvas& canvas = frame.canvas;
  const Theme& theme = frame.theme();
  const float pad = frame.narrow ? kNarrowPad : kPad;
  const float height = 76;
  float left = rect.x + pad;
  float right = rect.right() - kSpace4;
  const float middle = rect.y + height / 2;
  if (frame.narrow) {
    if (IconButton(frame, IdOf("preview_close"), {rect.x + kSpace2, middle - 18, 36, 36},
                   Icon::kBack, "Close preview")) {
      frame.Do(ActionKind::kClosePreview);
    }
    left = rect.x + kSpace2 + 36 + kSpace2;
  } else {
    right -= 36;
    if (IconButton(frame, IdOf("preview_close"), {right, middle - 18, 36, 36}, Icon::kClose,
                   "Close preview")) {
      frame.Do(ActionKind::kClosePreview);
    }
    right -= kSpace1;
  }
  const auto count = static_cast<int>(preview.passages.size());
  if (count > 1) {
    const int at = static_cast<int>(preview.passage);
    right -= 32;
    if (IconButton(frame, IdOf("passage_next"), {right, middle - 16, 32, 32}, Icon::kDown,
                   "Next passage", at + 1 < count)) {
      frame.Do(ActionKind::kMovePassage, 1);
    }
    right -= 32;
    if (IconButton(frame, IdOf("passage_back"), {right, middle - 16, 32, 32}, Icon::kUp,
                   "Previous passage", at > 0)) {
      frame.Do(ActionKind::kMovePassage, -1);
    }
    const std::string label = std::to_string(at + 1) + " of " + std::to_string(count);
    right -= canvas.WidthOf(kSmall, label) + kSpace2;
    canvas.Text(kSmall, right, middle - kSmall.line_height / 2, theme.faint, label);
    MirrorText(frame, IdOf("passage_at"), {right, middle - 9, 60, 18}, "Passage " + label);
    right -= kSpace3;
  }
  const bool fresh = preview.document != nullptr && preview.document->message.path == preview.path;
  const std::string title = fresh && !preview.document->message.title.empty()
                                ? preview.document->message.title
                                : preview.path;
  canvas.Text(kTitle, left, middle - 22, theme.text, title, right - left);
  canvas.Text(kSmall, left, middle + 3, theme.faint, preview.path, right - left, true);
  frame.mirror.Add({.id = IdOf("preview_title"),
                    .role = Role::kHeading,
                    .text = title,
                    .box = {left, middle - 22, right - left, 24}});
  MirrorText(frame, IdOf("preview_path"), {left, middle + 3, right - left, 18}, preview.path);
  canvas.HorizontalLine(rect.x, rect.right(), rect.y + height - 1, theme.border);
  return height;
}

void PreviewPane::Adopt(Frame& frame, float width) {
  const PreviewState& preview = frame.state.preview;
  const uint32_t generation = frame.canvas.fonts().generation();
  if (document_ != preview.document) {
    document_ = preview.document;
    scroll_.SetExtent(0, 0);
    scroll_.JumpTo(0);
    selection_ = {};
    width_ = 0;
    scroll_wanted_ = true;
  }
  if (scroll_requests_ != preview.scroll_requests) {
    scroll_requests_ = preview.scroll_requests;
    scroll_wanted_ = true;
  }
  if (width_ != width || generation_ != generation) {
    // The byte at the top stays at the top.
    const bool rewrap = width_ > 0 && heights_.size() > 0;
    const uint32_t top = rewrap ? heights_.At(scroll_.position()) : 0;
    width_ = width;
    generation_ = generation;
    heights_.Clear();
    laid_out_.clear();
    GrowHeights();
    if (rewrap && top < heights_.size()) {
      scroll_.SetExtent(heights_.total(), scroll_.viewport());
      scroll_.JumpTo(heights_.TopOf(top));
    }
  }
}

float PreviewPane::Estimate(uint32_t index) const {
  const uint32_t bytes = document_->blocks.end(index) - document_->blocks.start(index);
  if (bytes == 0) return kBlankHeight;
  return std::ceil(static_cast<float>(bytes) * kTypicalAdvance / width_) * kReading.line_height;
}

void PreviewPane::GrowHeights() {
  for (uint32_t i = heights_.size(); i < document_->blocks.size(); ++i)
    heights_.Append(Estimate(i));
}

const protocol::HeadingEntry* PreviewPane::HeadingOf(uint32_t index) const {
  const auto& headings = document_->message.headings;
  const uint32_t start = document_->blocks.start(index);
  const auto found = std::lower_bound(
      headings.begin(), headings.end(), start,
      [](const protocol::HeadingEntry& heading, uint32_t at) { return heading.offset < at; });
  return found != headings.end() && found->offset == start ? &*found : nullptr;
}

const PreviewPane::Block& PreviewPane::LayOut(Frame& frame, uint32_t index) {
  const auto known = laid_out_.find(index);
  if (known != laid_out_.end()) return known->second;
  if (laid_out_.size() >= kMaxLaidOut) laid_out_.clear();
  Block& block = laid_out_[index];
  const protocol::HeadingEntry* heading = HeadingOf(index);
  if (heading != nullptr) block.level = std::max<uint8_t>(1, heading->level);
  const TextStyle style = StyleOf(block.level);
  block.top_margin = block.level > 0 && index > 0 ? kSpace3 : 0;
  const uint32_t start = document_->blocks.start(index);
  const uint32_t end = document_->blocks.end(index);
  block.lines = LayOutText(document_->message.text, start, end, frame.canvas.fonts().Measure(style),
                           {.width = width_});
  float height = kBlankHeight;
  if (end > start)
    height = static_cast<float>(block.lines.size()) * style.line_height + block.top_margin +
             (block.level > 0 ? kSpace1 : 0);
  heights_.Set(index, height);
  return block;
}

void PreviewPane::ScrollToPassage(Frame& frame) {
  const PreviewState& preview = frame.state.preview;
  if (!scroll_wanted_) return;
  if (preview.passage >= preview.passages.size()) {
    scroll_wanted_ = false;
    return;
  }
  const protocol::PassageHit& hit = preview.passages[preview.passage];
  const protocol::Match& best = hit.best_sentence;
  const uint32_t target = best.end > best.start ? best.start : hit.start;
  const BlockList& blocks = document_->blocks;
  if (heights_.size() == 0 || (!blocks.done() && blocks.end(blocks.size() - 1) < hit.end))
    return;  // not cut yet
  scroll_wanted_ = false;
  const double viewport = scroll_.viewport();
  // What will be on screen is laid out first, so that the place is exact.
  const uint32_t index = blocks.BlockOf(target);
  double above = 0;
  for (uint32_t i = index; i > 0 && above < viewport; --i) {
    LayOut(frame, i - 1);
    above += heights_.height(i - 1);
  }
  const Block& block = LayOut(frame, index);
  const uint32_t first = blocks.BlockOf(hit.start);
  size_t line = 0;
  while (line + 1 < block.lines.size() && block.lines[line + 1].start <= target) ++line;
  const double at = heights_.TopOf(index) + block.top_margin +
                    static_cast<double>(line) * StyleOf(block.level).line_height;
  double goal = heights_.TopOf(first) - kContextAbove;
  // A passage longer than the pane: its best sentence comes first.
  if (at - goal > viewport * 0.6) goal = at - viewport * 0.35;
  scroll_.SetExtent(heights_.total() + kPad * 2, viewport);
  if (std::abs(goal - scroll_.position()) < viewport * 1.5) {
    scroll_.GlideTo(goal + kPad * 0.5);
  } else {
    scroll_.JumpTo(goal + kPad * 0.5);
  }
}

void PreviewPane::DrawText(Frame& frame, const Rect& rect) {
  const float pad = frame.narrow ? kNarrowPad : kPad;
  const float width = std::floor(std::min(rect.width - 2 * pad, kMaxTextWidth));
  BlockList& blocks = frame.state.preview.document->blocks;
  if (!blocks.done() && !blocks.Advance(kCutBudgetBytes)) frame.moving = true;
  Adopt(frame, width);
  GrowHeights();
  const float top_pad = kSpace5;
  const float x = rect.x + pad;
  ScrollArea area(frame, IdOf("preview_text"), rect, heights_.total() + kPad * 2, &scroll_);
  ScrollToPassage(frame);
  if (heights_.size() == 0) return;

  double position = scroll_.position() - top_pad;
  uint32_t index = heights_.At(std::max(0.0, position));
  // A block seen for the first time from below keeps its lower edge where it was.
  if (laid_out_.find(index) == laid_out_.end()) {
    const float before = heights_.height(index);
    const double top = heights_.TopOf(index);
    LayOut(frame, index);
    if (position > top && position > 0) {
      const double change =
          std::max(heights_.height(index) - before, static_cast<float>(top - position));
      scroll_.SetExtent(heights_.total() + kPad * 2, rect.height);
      scroll_.Shift(change);
      position = scroll_.position() - top_pad;
      index = heights_.At(std::max(0.0, position));
    }
  }
  HandleSelection(frame, rect, x);
  auto y = static_cast<float>(rect.y + heights_.TopOf(index) - position);
  y = std::round(y);
  uint32_t last_end = blocks.start(index);
  const uint32_t first_start = last_end;
  for (; index < heights_.size() && y < rect.bottom(); ++index) {
    const Block& block = LayOut(frame, index);
    DrawBlock(frame, block, index, x, y, width);
    last_end = blocks.end(index);
    y += heights_.height(index);
  }
  // Screen readers get what is in sight.
  if (frame.mirror.recording()) {
    frame.mirror.Open({.id = IdOf("preview_text"),
                       .role = Role::kGroup,
                       .name = "Text",
                       .box = rect.box(),
                       .clips = true});
    MirrorText(frame, IdOf("preview_shown"), {x, rect.y, width, rect.height},
               document_->message.text.substr(first_start, last_end - first_start));
    frame.mirror.Close();
  }
}

void PreviewPane::DrawBlock(Frame& frame, const Block& block, uint32_t index, float x, float y,
                            float width) {
  const PreviewState& preview = frame.state.preview;
  Canvas& canvas = frame.canvas;
  const Theme& theme = frame.theme();
  const TextStyle style = StyleOf(block.level);
  TextMeasure& measure = canvas.fonts().Measure(style);
  const std::string_view text = document_->message.text;
  const uint32_t block_start = document_->blocks.start(index);
  const uint32_t block_end = document_->blocks.end(index);
  for (size_t p = 0; p < preview.passages.size(); ++p) {
    const protocol::PassageHit& passage = preview.passages[p];
    if (passage.end <= block_start || passage.start > block_end) continue;
    const bool shown = p == preview.passage;
    const float height = heights_.height(index);
    if (shown) canvas.Fill({x - 12, y, width + 24, height}, theme.passage_background);
    canvas.Fill({x - 15, y, 3, height}, shown ? theme.accent : theme.border_strong);
  }
  std::vector<PlacedGlyph>& glyphs = canvas.fonts().scratch().glyphs;
  std::vector<InkSpan>& inks = canvas.fonts().scratch().inks;
  const uint32_t selected_from = std::min(selection_.anchor, selection_.head);
  const uint32_t selected_to = std::max(selection_.anchor, selection_.head);
  float top = y + block.top_margin;
  for (const TextLine& line : block.lines) {
    if (line.end > line.start) {
      PlaceLine(text, line, measure, false, &glyphs);
      inks.clear();
      for (const protocol::PassageHit& passage : preview.passages) {
        if (passage.end <= line.start || passage.start >= line.end) continue;
        for (const protocol::Match& match : passage.matches) {
          if (match.end <= line.start || match.start >= line.end) continue;
          for (const Extent& extent : ExtentsOf(glyphs, match.start, match.end)) {
            canvas.Fill({x + extent.left - 2, top + 2, extent.right - extent.left + 4,
                         style.line_height - 4},
                        theme.match_background, 4);
          }
          inks.push_back({match.start, match.end, theme.match_text});
        }
      }
      std::sort(inks.begin(), inks.end(),
                [](const InkSpan& a, const InkSpan& b) { return a.start < b.start; });
      if (selected_to > selected_from) {
        for (const Extent& extent : ExtentsOf(glyphs, selected_from, selected_to)) {
          canvas.Fill({x + extent.left, top, extent.right - extent.left, style.line_height},
                      Faded(theme.accent, 0.28f));
        }
      }
      canvas.Glyphs(style, x, top, theme.text, glyphs, inks);
    }
    top += style.line_height;
  }
}

uint32_t PreviewPane::OffsetAt(Frame& frame, const Rect& rect, float x, ImVec2 point) {
  const double y =
      std::max(0.0, static_cast<double>(point.y) - rect.y + scroll_.position() - kSpace5);
  const uint32_t index = heights_.At(y);
  const Block& block = LayOut(frame, index);
  const TextStyle style = StyleOf(block.level);
  const double within = y - heights_.TopOf(index) - block.top_margin;
  const auto line_index = static_cast<size_t>(
      std::clamp(within / style.line_height, 0.0, static_cast<double>(block.lines.size()) - 1));
  const TextLine& line = block.lines[line_index];
  std::vector<PlacedGlyph> glyphs;
  PlaceLine(document_->message.text, line, frame.canvas.fonts().Measure(style), false, &glyphs);
  return ByteAt(glyphs, line, point.x - x);
}

void PreviewPane::HandleSelection(Frame& frame, const Rect& rect, float x) {
  const Rect area = {rect.x, rect.y, rect.width - 14, rect.height};
  const WidgetId id = IdOf("preview_selection");
  const ImRect bounds(area.min(), area.max());
  if (!ImGui::ItemAdd(bounds, id)) return;
  bool hovered = false;
  bool held = false;
  ImGui::ButtonBehavior(bounds, id, &hovered, &held, ImGuiButtonFlags_PressedOnClick);
  if (hovered) frame.cursor = Cursor::kText;
  const ImVec2 mouse = ImGui::GetIO().MousePos;
  if (held && !selection_.dragging) {
    selection_.dragging = true;
    selection_.anchor = selection_.head = OffsetAt(frame, rect, x, mouse);
  } else if (held) {
    selection_.head = OffsetAt(frame, rect, x, mouse);
    const float beyond = mouse.y < area.y          ? mouse.y - area.y
                         : mouse.y > area.bottom() ? mouse.y - area.bottom()
                                                   : 0;
    if (beyond != 0) {
      scroll_.Wheel(beyond * 0.3f, true);
      frame.moving = true;
    }
  } else {
    selection_.dragging = false;
  }
}

std::string PreviewPane::SelectedText() const {
  if (document_ == nullptr) return {};
  const uint32_t from = std::min(selection_.anchor, selection_.head);
  const uint32_t to = std::max(selection_.anchor, selection_.head);
  return document_->message.text.substr(from, to - from);
}

}  // namespace lodestone::ui
