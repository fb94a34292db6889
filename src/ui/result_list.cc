#include "ui/result_list.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "imgui.h"
#include "ui/format.h"
#include "ui/widgets.h"

namespace lodestone::ui {
namespace {

constexpr float kPad = 16;
constexpr float kGap = 6;
constexpr float kMaxTextWidth = 720;  // about 90 characters of body text
constexpr uint32_t kFirstLines = 4;
constexpr uint32_t kOtherLines = 2;
constexpr size_t kShownPassages = 3;
constexpr float kWhyHeight = 24;
constexpr float kScoreWidth = 44;

WidgetId ItemId(size_t index) { return IdOf("result", static_cast<uint32_t>(index) + 1); }

bool HasWhy(const protocol::DocumentHit& hit) {
  return !hit.matched_words.empty() || hit.passages.size() > kShownPassages ||
         (!hit.passages.empty() && hit.passages.front().has_similarity);
}

std::string SummaryOf(const UiState& state) {
  const protocol::SearchReply& reply = *state.search.reply;
  if (reply.results.empty()) return "Nothing found";
  return FormatCountOf(reply.results.size(), "document", "documents") + " in " + FormatMs(reply.ms);
}

}  // namespace

void ResultList::Rebuild(Frame& frame, float width) {
  const SearchState& search = frame.state.search;
  if (search.questions != questions_) {
    questions_ = search.questions;
    scroll_.JumpTo(0);
  }
  const bool same =
      reply_ == search.reply && width == width_ && generation_ == frame.canvas.fonts().generation();
  if (same) return;
  reply_ = search.reply;
  width_ = width;
  text_width_ = std::min(width - 2 * kPad, kMaxTextWidth);
  generation_ = frame.canvas.fonts().generation();
  // All at once (a few milliseconds): places that scripts and screen readers are told must be true.
  items_.clear();
  for (const protocol::DocumentHit& hit : reply_->results) items_.push_back(LayOut(frame, hit));
}

ResultList::Item ResultList::LayOut(Frame& frame, const protocol::DocumentHit& hit) {
  TextMeasure& measure = frame.canvas.fonts().Measure(kBody);
  Item item;
  float height = kPad + kTitle.line_height + kSmall.line_height + kSpace1;
  const size_t count = std::min(kShownPassages, hit.passages.size());
  for (size_t i = 0; i < count; ++i) {
    const protocol::PassageHit& passage = hit.passages[i];
    item.snippets.push_back(
        MakeSnippet(passage, text_width_, i == 0 ? kFirstLines : kOtherLines, measure));
    height += kSpace2 + static_cast<float>(item.snippets.back().lines.size()) * kBody.line_height;
    if (!HeadingBelowTitle(passage.heading_path, hit.title).empty())
      height += kSmall.line_height + 2;
  }
  height += HasWhy(hit) ? kSpace2 + kWhyHeight + kSpace2 : kSpace3;
  item.height = height;
  return item;
}

void ResultList::KeepSelectionInView(float header) {
  if (!selection_moved_ || selected_ < 0 || selected_ >= static_cast<int>(items_.size())) return;
  selection_moved_ = false;
  double top = header;
  for (int i = 0; i < selected_; ++i) top += items_[i].height + kGap;
  const double bottom = top + items_[selected_].height;
  if (selected_ == 0) top = 0;
  const double viewport = scroll_.viewport();
  if (top < scroll_.goal()) {
    scroll_.GlideTo(top - (selected_ == 0 ? 0 : kSpace2));
  } else if (bottom > scroll_.goal() + viewport) {
    scroll_.GlideTo(std::min(top - kSpace2, bottom - viewport + kSpace4));
  }
}

void ResultList::Draw(Frame& frame, const Rect& rect) {
  const SearchState& search = frame.state.search;
  Rebuild(frame, rect.width);
  if (search.selected != selected_) {
    selected_ = search.selected;
    selection_moved_ = true;
  }
  const float header = Header(frame, rect.x + kPad, rect.y, rect.width - 2 * kPad, false);
  double content = header + kSpace4;
  for (const Item& item : items_) content += item.height + kGap;

  const WidgetId list_id = IdOf("results");
  ScrollArea area(frame, list_id, rect, content, &scroll_);
  KeepSelectionInView(header);
  const auto origin = static_cast<float>(std::round(rect.y - scroll_.position()));
  Header(frame, rect.x + kPad, origin, rect.width - 2 * kPad, true);
  frame.mirror.Open(
      {.id = list_id, .role = Role::kList, .name = "Results", .box = rect.box(), .clips = true});
  float y = origin + header;
  for (size_t i = 0; i < items_.size(); ++i) {
    const Item& item = items_[i];
    const bool visible = y < rect.bottom() && y + item.height > rect.y;
    const Rect box = {rect.x, y, rect.width, item.height};
    const bool near = y < rect.bottom() + rect.height && y + item.height > rect.y - rect.height;
    MirrorItem(frame, i, box, near);
    if (visible) DrawItem(frame, i, box);
    if (frame.input.activated == ItemId(i)) {
      frame.input.activated = 0;
      frame.Do(ActionKind::kOpenResult, static_cast<int32_t>(i), 0);
    }
    y += item.height + kGap;
  }
  frame.mirror.Close();
}

float ResultList::Header(Frame& frame, float x, float y, float width, bool draw) {
  const UiState& state = frame.state;
  const protocol::SearchReply& reply = *state.search.reply;
  Canvas& canvas = frame.canvas;
  const Theme& theme = frame.theme();
  float top = y + kSpace2;
  const std::string summary = SummaryOf(state);
  if (draw) {
    canvas.Text(kSmall, x, top, theme.faint, summary, width);
    MirrorText(frame, IdOf("summary"), {x, top, width, kSmall.line_height}, summary, Role::kStatus);
  }
  top += kSmall.line_height + kSpace2;
  const auto line = [&](const char* id, Icon icon, Color ink, const std::string& text) {
    const float text_width = width - 30;
    const float height = canvas.ParagraphHeight(kControl, text_width, text);
    if (draw) {
      canvas.DrawIcon(icon, x, top + 1, 18, ink);
      canvas.Paragraph(kControl, x + 26, top, text_width, ink, text);
      MirrorText(frame, IdOf(id), {x, top, width, height}, text);
    }
    top += height + kSpace2;
  };
  if (reply.no_good_match) {
    line("no_good_match", Icon::kInfo, theme.warning,
         reply.results.empty() ? "No good match."
                               : "No good match. The nearest passages are listed below.");
  }
  if (!reply.complete)
    line("incomplete", Icon::kRefresh, theme.muted, "Still reading: results may be missing.");
  if (!reply.note.empty()) line("note", Icon::kInfo, theme.muted, reply.note);
  if (reply.results.empty() && !reply.no_good_match) {
    line("nothing", Icon::kInfo, theme.muted,
         "No passage matches. Try other words, or Meaning to search by sense alone.");
  }
  return top - y + kSpace1;
}

void ResultList::DrawItem(Frame& frame, size_t index, const Rect& rect) {
  const protocol::DocumentHit& hit = reply_->results[index];
  const Item& item = items_[index];
  const Theme& theme = frame.theme();
  Canvas& canvas = frame.canvas;
  const bool selected = static_cast<int>(index) == selected_;
  const Hit touch = Interact(frame, IdOf("card", static_cast<uint32_t>(index)), rect);
  if (touch.clicked) frame.Do(ActionKind::kOpenResult, static_cast<int32_t>(index), 0);
  if (selected) {
    canvas.Fill(rect, theme.selected, kRadius);
    canvas.Fill({rect.x, rect.y + kPad, 3, rect.height - 2 * kPad}, theme.accent, 1.5f);
  } else if (touch.hovered) {
    canvas.Fill(rect, Faded(theme.hover, 0.6f), kRadius);
  }
  if (frame.input.focused == ItemId(index)) FocusRing(frame, rect.Inset(3), kRadius);

  const float x = rect.x + kPad;
  const float width = rect.width - 2 * kPad;
  float y = rect.y + kPad - 2;
  canvas.Text(kTitle, x, y, theme.text, hit.title.empty() ? hit.path : hit.title,
              width - kScoreWidth - kSpace4);
  const auto& results = reply_->results;
  const float part = ScorePart(hit.score, results.front().score, results.back().score);
  const Rect track = {rect.right() - kPad - kScoreWidth, y + 10, kScoreWidth, 4};
  canvas.Fill(track, theme.border, 2);
  canvas.Fill({track.x, track.y, std::max(4.0f, track.width * part), 4},
              Mixed(theme.accent, theme.surface, 0.15f), 2);
  y += kTitle.line_height;
  canvas.Text(kSmall, x, y, theme.faint, hit.path, width, true);
  y += kSmall.line_height + kSpace1;

  for (size_t i = 0; i < item.snippets.size(); ++i) {
    const protocol::PassageHit& passage = hit.passages[i];
    y += kSpace2;
    const float top = y;
    const std::string_view heading = HeadingBelowTitle(passage.heading_path, hit.title);
    if (!heading.empty()) {
      canvas.Text(kSmallStrong, x, y, theme.muted, heading, text_width_);
      y += kSmall.line_height + 2;
    }
    y += DrawSnippet(frame, passage, item.snippets[i], x, y);
    // A second or third passage leads to its own place in the document.
    if (i > 0 && touch.clicked &&
        Rect{rect.x, top, rect.width, y - top}.Contains(ImGui::GetIO().MousePos)) {
      frame.Do(ActionKind::kOpenResult, static_cast<int32_t>(index), static_cast<int32_t>(i));
    }
  }
  DrawWhy(frame, hit, x, y + kSpace2, width);
}

float ResultList::DrawSnippet(Frame& frame, const protocol::PassageHit& hit, const Snippet& snippet,
                              float x, float y) {
  Canvas& canvas = frame.canvas;
  const Theme& theme = frame.theme();
  TextMeasure& measure = canvas.fonts().Measure(kBody);
  std::vector<PlacedGlyph>& glyphs = canvas.fonts().scratch().glyphs;
  std::vector<InkSpan>& inks = canvas.fonts().scratch().inks;
  // Matched words within the best sentence keep their own colour, so the sentence is cut around
  // them.
  inks.clear();
  uint32_t at = snippet.best_sentence.start;
  const uint32_t sentence_end = snippet.best_sentence.end;
  for (const protocol::Match& match : snippet.matches) {
    if (at < match.start && at < sentence_end)
      inks.push_back({at, std::min(match.start, sentence_end), theme.text});
    inks.push_back({match.start, match.end, theme.match_text});
    if (match.end > at) at = std::max(at, match.end);
  }
  if (at < sentence_end) inks.push_back({at, sentence_end, theme.text});
  std::sort(inks.begin(), inks.end(),
            [](const InkSpan& a, const InkSpan& b) { return a.start < b.start; });

  const std::string_view text = hit.text;
  float top = y;
  for (size_t i = 0; i < snippet.lines.size(); ++i) {
    const TextLine& line = snippet.lines[i];
    PlaceLine(text, line, measure, true, &glyphs);
    for (const protocol::Match& match : snippet.matches) {
      if (match.end <= line.start || match.start >= line.end) continue;
      for (const Extent& extent : ExtentsOf(glyphs, match.start, match.end)) {
        canvas.Fill(
            {x + extent.left - 2, top + 2, extent.right - extent.left + 4, kBody.line_height - 4},
            theme.match_background, 4);
      }
    }
    canvas.Glyphs(kBody, x, top, theme.muted, glyphs, inks);
    if (i + 1 == snippet.lines.size() && snippet.cut_after) {
      canvas.Text(kBody, x + line.width + 2, top, theme.faint, "\xE2\x80\xA6");
    }
    top += kBody.line_height;
  }
  return top - y;
}

void ResultList::DrawWhy(Frame& frame, const protocol::DocumentHit& hit, float x, float y,
                         float width) {
  Canvas& canvas = frame.canvas;
  const Theme& theme = frame.theme();
  float at = x;
  char similarity[48] = "";
  float similarity_width = 0;
  if (!hit.passages.empty() && hit.passages.front().has_similarity) {
    std::snprintf(similarity, sizeof(similarity), "Similarity %.2f",
                  static_cast<double>(hit.passages.front().similarity));
    similarity_width = canvas.WidthOf(kSmall, similarity) + kSpace3;
  }
  size_t left = hit.matched_words.size();
  for (const std::string& word : hit.matched_words) {
    const float chip = std::min(canvas.WidthOf(kSmall, word), 180.0f) + 14;
    if (at + chip + (left > 1 ? 40 : 0) + similarity_width > x + width) break;
    canvas.Fill({at, y, chip, 22}, theme.accent_soft, 6);
    canvas.Text(kSmall, at + 7, y + 2, theme.match_text, word, chip - 12);
    at += chip + 6;
    --left;
  }
  if (left > 0) {
    const std::string more = "+" + std::to_string(left);
    at += canvas.Text(kSmall, at, y + 2, theme.faint, more) + kSpace3;
  }
  if (similarity[0] != 0)
    canvas.Text(kSmall, at + (at > x ? 4 : 0), y + 2, theme.faint, similarity);
  const size_t hidden = hit.passages.size() - std::min(kShownPassages, hit.passages.size());
  if (hidden > 0) {
    const std::string more = FormatCountOf(hidden, "more passage", "more passages");
    const float more_width = canvas.WidthOf(kSmall, more);
    if (at + similarity_width + more_width + kSpace4 < x + width) {
      canvas.Text(kSmall, x + width - more_width, y + 2, theme.faint, more);
    }
  }
}

void ResultList::MirrorItem(Frame& frame, size_t index, const Rect& rect, bool with_passages) {
  if (!frame.mirror.recording()) return;
  const protocol::DocumentHit& hit = reply_->results[index];
  const auto salt = static_cast<uint32_t>(index);
  frame.mirror.Open({.id = IdOf("result_item", salt),
                     .role = Role::kListItem,
                     .box = rect.box(),
                     .current = static_cast<int>(index) == selected_,
                     .position = salt + 1,
                     .set_size = static_cast<uint32_t>(items_.size())});
  const float width = rect.width - 2 * kPad;
  frame.mirror.Add({.id = ItemId(index),
                    .role = Role::kButton,
                    .text = hit.title.empty() ? hit.path : hit.title,
                    .box = {rect.x + kPad, rect.y + kPad, width, kTitle.line_height},
                    .focusable = true});
  float y = rect.y + kPad + kTitle.line_height;
  MirrorText(frame, IdOf("result_path", salt), {rect.x + kPad, y, width, kSmall.line_height},
             hit.path);
  y += kSmall.line_height + kSpace3;
  const float room = std::max(1.0f, rect.bottom() - kWhyHeight - kPad - y);
  const float each = room / static_cast<float>(std::max<size_t>(1, hit.passages.size()));
  for (size_t i = 0; with_passages && i < hit.passages.size(); ++i) {
    const protocol::PassageHit& passage = hit.passages[i];
    const uint32_t passage_salt = salt * 32 + static_cast<uint32_t>(i);
    if (!passage.heading_path.empty()) {
      MirrorText(frame, IdOf("result_heading", passage_salt), {rect.x + kPad, y, width, 1},
                 passage.heading_path);
    }
    MirrorText(frame, IdOf("result_passage", passage_salt), {rect.x + kPad, y, width, each},
               passage.text);
    y += each;
  }
  MirrorText(frame, IdOf("result_why", salt),
             {rect.x + kPad, rect.bottom() - kPad - kWhyHeight, width, kWhyHeight}, WhyText(hit));
  frame.mirror.Close();
}

}  // namespace lodestone::ui
