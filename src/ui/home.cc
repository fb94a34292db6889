#include "ui/home.h"

#include <algorithm>
#include <cmath>

#include "ui/format.h"
#include "ui/library_panel.h"
#include "ui/widgets.h"

namespace lodestone::ui {
namespace {

constexpr std::string_view kPrivacy =
    "Nothing you add leaves this tab. It is read, indexed and searched on your own machine.";
constexpr std::string_view kFormats = "Text, Markdown, HTML, JSON, JSONL, CSV and source code.";

struct Tip {
  std::string_view syntax;
  std::string_view meaning;
};
constexpr Tip kTips[] = {
    {"\"exact phrase\"", "these words, in this order"},
    {"-word", "leave out documents with this word"},
    {"type:md", "only files of this kind"},
    {"path:notes/", "only below this folder"},
    {"after:2024-05-01", "changed since that day; before: likewise"},
};

void DashedOutline(Canvas& canvas, const Rect& rect, Color color) {
  constexpr float kDash = 7;
  constexpr float kSkip = 6;
  const float thickness = 1.5f;
  for (float x = rect.x; x < rect.right(); x += kDash + kSkip) {
    const float width = std::min(kDash, rect.right() - x);
    canvas.Fill({x, rect.y, width, thickness}, color);
    canvas.Fill({x, rect.bottom() - thickness, width, thickness}, color);
  }
  for (float y = rect.y; y < rect.bottom(); y += kDash + kSkip) {
    const float height = std::min(kDash, rect.bottom() - y);
    canvas.Fill({rect.x, y, thickness, height}, color);
    canvas.Fill({rect.right() - thickness, y, thickness, height}, color);
  }
}

// Add folder, Add files, Paste text; returns the height.
float AddButtons(Frame& frame, const Rect& rect, bool primary) {
  struct Choice {
    std::string_view label;
    Icon icon;
    ActionKind action;
  };
  static constexpr Choice kChoices[] = {
      {"Add folder", Icon::kFolder, ActionKind::kPickFolder},
      {"Add files", Icon::kFile, ActionKind::kPickFiles},
      {"Paste text", Icon::kText, ActionKind::kPasteText},
  };
  float total = -kSpace2;
  for (const Choice& choice : kChoices) total += ButtonWidth(frame, choice.label, true) + kSpace2;
  const bool stacked = total > rect.width;
  float x = rect.x + std::floor((rect.width - total) / 2);
  float y = rect.y;
  for (size_t i = 0; i < std::size(kChoices); ++i) {
    const Choice& choice = kChoices[i];
    const float width = stacked ? rect.width : ButtonWidth(frame, choice.label, true);
    const ButtonOptions options = {
        .look = primary && i == 0 ? ButtonLook::kPrimary : ButtonLook::kSecondary,
        .icon = choice.icon};
    if (Button(frame, IdOf(choice.label, 7), {stacked ? rect.x : x, y, width, 40}, choice.label,
               options)) {
      frame.Do(choice.action);
    }
    x += width + kSpace2;
    if (stacked) y += 40 + kSpace2;
  }
  return stacked ? y - rect.y - kSpace2 : 40;
}

void PrivacyLine(Frame& frame, float centre, float y, float width) {
  Canvas& canvas = frame.canvas;
  const float text_width = canvas.WidthOf(kSmall, kPrivacy);
  const Theme& theme = frame.theme();
  if (text_width + 24 <= width) {
    const float x = std::floor(centre - (text_width + 24) / 2);
    canvas.DrawIcon(Icon::kLock, x, y + 1, 16, theme.accent);
    canvas.Text(kSmall, x + 24, y, theme.muted, kPrivacy);
  } else {
    canvas.Paragraph(kSmall, centre - width / 2, y, width, theme.muted, kPrivacy, true);
  }
  MirrorText(frame, IdOf("privacy"), {centre - width / 2, y, width, 36}, std::string(kPrivacy));
}

void Invitation(Frame& frame, const Rect& rect) {
  Canvas& canvas = frame.canvas;
  const Theme& theme = frame.theme();
  const float width = std::min(rect.width - 2 * kSpace5, 620.0f);
  const bool stacked = width < 440;
  const float height = stacked ? 400 : 304;
  const Rect card = {std::floor(rect.x + (rect.width - width) / 2),
                     std::floor(rect.y + std::max(kSpace4, (rect.height - height - 70) * 0.4f)),
                     width, height};
  canvas.Fill(card, theme.surface, kRadiusLarge);
  DashedOutline(canvas, card.Inset(10), theme.border_strong);
  const float centre = card.x + card.width / 2;
  float y = card.y + 48;
  canvas.DrawIcon(Icon::kFolder, centre - 22, y, 44, theme.accent);
  y += 60;
  const std::string_view title = "Drop a folder here";
  canvas.TextCentred(kDisplay, {card.x, y, card.width, kDisplay.line_height}, theme.text, title);
  frame.mirror.Add({.id = IdOf("invitation"),
                    .role = Role::kHeading,
                    .text = std::string(title),
                    .box = {card.x, y, card.width, kDisplay.line_height}});
  y += kDisplay.line_height + kSpace2;
  const float text_width = card.width - 2 * kSpace6;
  const float text =
      canvas.Paragraph(kControl, card.x + kSpace6, y, text_width, theme.muted, kFormats, true);
  MirrorText(frame, IdOf("formats"), {card.x + kSpace6, y, text_width, text},
             std::string(kFormats));
  y += text + kSpace5;
  AddButtons(frame, {card.x + kSpace6, y, card.width - 2 * kSpace6, 40}, true);
  PrivacyLine(frame, centre, card.bottom() + kSpace4, std::min(rect.width - 2 * kSpace4, 620.0f));
}

void Overview(Frame& frame, const Rect& rect) {
  Canvas& canvas = frame.canvas;
  const Theme& theme = frame.theme();
  const UiState& state = frame.state;
  const float width = std::min(rect.width - 2 * kSpace5, 560.0f);
  const float x = std::floor(rect.x + (rect.width - width) / 2);
  float y = std::floor(rect.y + std::max(kSpace5, (rect.height - 420) * 0.36f));
  const std::string title =
      state.engine->documents > 0
          ? "Search " + FormatCountOf(state.engine->documents, "document", "documents")
          : std::string("Reading your documents");
  canvas.TextCentred(kDisplay, {x, y, width, kDisplay.line_height}, theme.text, title);
  frame.mirror.Add({.id = IdOf("overview"),
                    .role = Role::kHeading,
                    .text = title,
                    .box = {x, y, width, kDisplay.line_height}});
  y += kDisplay.line_height + kSpace2;
  const std::string line =
      state.indexing()
          ? ProgressText(state)
          : "Ask in your own words. " +
                FormatCountOf(state.engine->passages, "passage is", "passages are") + " ready.";
  canvas.TextCentred(kBody, {x, y, width, kBody.line_height}, theme.muted, line);
  MirrorText(frame, IdOf("overview_line"), {x, y, width, kBody.line_height}, line);
  y += kBody.line_height + kSpace4;
  if (state.indexing()) {
    ProgressBar(frame, IdOf("overview_progress"), {x + width * 0.2f, y, width * 0.6f, 6},
                "Indexing", ProgressPart(state));
  }
  y += kSpace5;
  y += AddButtons(frame, {x, y, width, 40}, false) + kSpace6;
  float column = 0;
  for (const Tip& tip : kTips)
    column = std::max(column, canvas.WidthOf(kControlStrong, tip.syntax));
  column += 22 + kSpace4;
  for (const Tip& tip : kTips) {
    if (y + 30 > rect.bottom() - kSpace6) break;
    const float chip = canvas.WidthOf(kControlStrong, tip.syntax) + 18;
    canvas.Fill({x, y, chip, 26}, theme.hover, 6);
    canvas.Text(kControlStrong, x + 9, y + 3, theme.text, tip.syntax);
    canvas.Text(kControl, x + column, y + 3, theme.muted, tip.meaning, width - column);
    MirrorText(frame, IdOf(tip.syntax, 8), {x, y, width, 26},
               std::string(tip.syntax) + ": " + std::string(tip.meaning));
    y += 34;
  }
  if (y + 40 < rect.bottom())
    PrivacyLine(frame, x + width / 2, y + kSpace4, std::min(rect.width - 2 * kSpace4, 620.0f));
}

}  // namespace

void DrawHome(Frame& frame, const Rect& rect) {
  if (frame.state.boot.phase == BootPhase::kStarting && !frame.state.engine.has_value()) {
    const std::string line = frame.state.boot.message.empty()
                                 ? "Starting the search engine\xE2\x80\xA6"
                                 : frame.state.boot.message;
    Invitation(frame, rect);
    MirrorText(frame, IdOf("starting"), {rect.x, rect.bottom() - 40, rect.width, 20}, line);
    return;
  }
  if (frame.state.library_empty() && !frame.state.boot.walking.has_value()) {
    Invitation(frame, rect);
  } else if (frame.state.engine.has_value()) {
    Overview(frame, rect);
  }
}

}  // namespace lodestone::ui
